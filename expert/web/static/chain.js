"use strict";
// The chain page: the graph as a picture that is played hop by hop. What it says stands in the list of words beside it, which is made on
// the server; the picture takes its words from there. An address holds ids of the knowledge only, in its fragment.

(() => {
  const PACE = 3200; // milliseconds a hop stays while it plays
  const WIDE = 206; // of a place, in the picture's own units
  const TALL = 19; // of a line of its words
  const FAMILY = 'Arial, "Liberation Sans", sans-serif';
  const root = document.getElementById("chain");
  const ask = document.getElementById("chain-ask");
  const back = document.getElementById("chain-back");
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  let shown = null; // what is drawn now
  let focused = false; // whether the focus stood in what was replaced

  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

  // --- what is asked ---------------------------------------------------------------------------------------------------------------

  function fromAddress() {
    const [name, value = ""] = location.hash.slice(1).split("=");
    if (!["around", "taught"].includes(name) || !/^[a-z0-9-]+(:[a-z]*){0,2}$/.test(value)) return false;
    ask.reset();
    if (name === "taught") [ask.taught.value, ask.side.value] = [value.split(":")[0], value.split(":")[1] ?? ""];
    else ask.around.value = value;
    return true;
  }

  function toAddress(data) {
    let hash = "";
    if (data.taught) hash = `#taught=${data.taught.id}:${data.taught.side}`;
    else if (data.around.length) {
      const keys = data.around.map((key) => key.split(":"));
      const same = (n) => (keys.every((parts) => parts[n] !== undefined && parts[n] === keys[0][n]) ? `:${keys[0][n]}` : "");
      hash = `#around=${keys[0][0]}${same(1)}${same(1) && same(2)}`;
    }
    history.replaceState(null, "", hash || location.pathname);
    back.hidden = !hash;
  }

  function draw(fields) {
    ask.reset();
    for (const [name, value] of Object.entries(fields)) ask[name].value = value;
    root.dispatchEvent(new CustomEvent("chain:ask"));
  }

  ask.addEventListener("submit", (event) => {
    event.preventDefault();
    root.dispatchEvent(new CustomEvent("chain:ask"));
  });
  ask.taught.addEventListener("change", () => draw({ taught: ask.taught.value, side: ask.side.value }));
  ask.side.addEventListener("change", () => (ask.taught.value || ask.around.value) && root.dispatchEvent(new CustomEvent("chain:ask")));
  ask.around.addEventListener("input", () => (ask.taught.value = ""));
  back.addEventListener("click", () => draw({}));
  addEventListener("hashchange", () => fromAddress() && root.dispatchEvent(new CustomEvent("chain:ask")));
  fromAddress();

  // --- the picture -------------------------------------------------------------------------------------------------------------------

  const measuring = document.createElement("canvas").getContext("2d");

  // How many lines the words take: the picture breaks them at the same width.
  function lines(text) {
    measuring.font = `15px ${FAMILY}`;
    let count = 0;
    for (const part of text.split("\n")) {
      let line = "";
      count += 1;
      for (const word of part.split(" ")) {
        const longer = line ? `${line} ${word}` : word;
        if (line && measuring.measureText(longer).width > WIDE - 38) {
          count += 1;
          line = word;
        } else line = longer;
      }
    }
    return count;
  }

  const PATTERNS = {
    overactive: "",
    underactive: '<pattern id="p" width="6" height="6" patternUnits="userSpaceOnUse"><circle cx="3" cy="3" r="1.9"/></pattern>',
    shortened: '<pattern id="p" width="5" height="5" patternUnits="userSpaceOnUse"><path d="M0 0h2.5v5H0z"/></pattern>',
    lengthened: '<pattern id="p" width="9" height="6" patternUnits="userSpaceOnUse"><path d="M0 1h9v2.4H0z"/></pattern>',
    weak: '<pattern id="p" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M0 0h2v7H0z"/></pattern>',
    strong: '<pattern id="p" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M0 0h2v6H0zM0 0h6v2H0z"/></pattern>',
  };

  // A strip in the colour and pattern of a muscle's state, for the upper edge of its place.
  function strip(state) {
    const pattern = PATTERNS[state];
    if (pattern === undefined) return "none";
    const ink = colour(state);
    const fill = pattern ? "url(#p)" : ink;
    const drawn = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDE}" height="12"><g fill="${ink}">${pattern}</g><rect width="${WIDE}" height="12" fill="${fill}"/></svg>`;
    return `data:image/svg+xml;utf8,${encodeURIComponent(drawn)}`;
  }

  // Pointed at the left end for the left side, at the right end for the right side, at both for both.
  const SHAPES = {
    both: "-1 0 -0.86 -1 0.86 -1 1 0 0.86 1 -0.86 1",
    left: "-1 0 -0.86 -1 1 -1 1 1 -0.86 1",
    right: "-1 -1 0.86 -1 1 0 0.86 1 -1 1",
    other: "-1 -1 1 -1 1 1 -1 1",
  };
  const BORDERS = { seen: ["solid", 3], supported: ["solid", 3], held: ["solid", 3], absent: ["dotted", 2], unknown: ["dotted", 2] };
  
  function border(node) {
    if (node.standing) return ["double", 7];
    if (node.status === "refuted") return ["dotted", 2];
    if (node.status === "confirmed") return ["solid", 3];
    return BORDERS[node.known] ?? ["dashed", 2];
  }

  function wordsOf(node) {
    const entry = one(`[data-node="${CSS.escape(node.key)}"]`, root);
    const told = all(":scope > .known", entry).flatMap((known) => known.dataset.short || []);
    return [`${node.number}. ${one(".label", entry).textContent}`, ...told].join("\n");
  }

  function elements(data) {
    const named = one('#chain-filters [name="named"]', root).checked;
    const nodes = data.nodes.map((node) => {
      const words = wordsOf(node);
      const [style, wide] = border(node);
      return {
        group: "nodes",
        data: {
          id: node.key, words, high: lines(words) * TALL + 30, strip: strip(node.state), shape: SHAPES[node.side] ?? SHAPES.other,
          border: style, wide, ink: colour(node.state) || colour("soft"), wash: ["seen", "supported"].includes(node.known) ? colour("tint") : colour("paper"),
        },
        classes: [
          node.known, node.status, node.kind, node.standing && "first", !node.hop && "begins", data.around.includes(node.key) && "asked",
        ].filter(Boolean).join(" "),
      };
    });
    const links = data.links.map((link) => {
      const dash = one(`line[data-kind="${CSS.escape(link.kind)}"]`, root)?.getAttribute("stroke-dasharray");
      return {
        group: "edges",
        data: {
          id: link.key, source: link.start, target: link.to, words: `${link.loops.length ? "↻ " : ""}${link.kind_name} ${link.strength.toFixed(2)}`,
          wide: 1 + 6 * link.strength, style: dash ? "dashed" : "solid", dash: (dash ?? "1 0").split(" ").map(Number),
          arrow: link.kind === "antagonist" ? "tee" : "triangle", named, along: [0.5], beside: [0],
        },
        classes: [link.loops.length ? "loop" : "", named ? "named" : ""].join(" "),
      };
    });
    return [...nodes, ...links];
  }

  const style = () => [
    {
      selector: "node",
      style: {
        shape: "polygon", "shape-polygon-points": "data(shape)", width: WIDE, height: "data(high)", label: "data(words)", color: colour("ink"),
        "font-size": 15, "font-family": FAMILY, "text-wrap": "wrap", "text-max-width": WIDE - 34, "text-valign": "center",
        "text-halign": "center", "text-margin-y": 5, "line-height": 1.25, "background-color": "data(wash)", "background-image": "data(strip)",
        "background-width": "100%", "background-height": 12, "background-position-y": 0, "background-fit": "none", "border-width": "data(wide)",
        "border-style": "data(border)", "border-color": "data(ink)",
      },
    },
    { selector: "node.refuted, node.absent", style: { "text-opacity": 0.75, "background-color": colour("wash") } },
    {
      selector: "edge",
      style: {
        width: "data(wide)", "line-style": "data(style)", "line-dash-pattern": "data(dash)", "line-color": "#5f7482", "target-arrow-color": "#5f7482",
        "target-arrow-shape": "data(arrow)", "arrow-scale": 1.1, "curve-style": "round-segments", "segment-weights": "data(along)",
        "segment-distances": "data(beside)", "edge-distances": "node-position", "font-size": 13, color: colour("soft"),
        "text-wrap": "wrap", "text-max-width": 110, "text-background-color": "#fff", "text-background-opacity": 0.92,
        "text-background-padding": 2, "min-zoomed-font-size": 5,
      },
    },
    { selector: "edge.named, edge.new, edge.chosen", style: { label: "data(words)" } },
    { selector: "edge.loop", style: { "line-color": colour("amber"), "target-arrow-color": colour("amber"), color: colour("amber") } },
    { selector: ".away", style: { visibility: "hidden" } },
    { selector: "node.new", style: { "underlay-color": colour("accent"), "underlay-opacity": 0.28, "underlay-padding": 9 } },
    { selector: "edge.new", style: { "line-color": colour("accent"), "target-arrow-color": colour("accent") } },
    { selector: "node.chosen", style: { "underlay-color": "#0b57d0", "underlay-opacity": 0.5, "underlay-padding": 8 } },
    { selector: "edge.chosen", style: { "line-color": "#0b57d0", "target-arrow-color": "#0b57d0", color: "#0b57d0", "z-index": 9 } },
  ];

  function picture(data) {
    const cy = cytoscape({
      container: one("#chain-picture", root), elements: elements(data), style: style(), minZoom: 0.1, maxZoom: 2.5, userZoomingEnabled: false,
      boxSelectionEnabled: false, autoungrabify: true,
    });
    cy.on("tap", "node, edge", (event) => choose(event.target.id(), true));
    const holder = cy.container();
    holder.addEventListener("wheel", (event) => cy.userZoomingEnabled(event.ctrlKey || event.metaKey), { capture: true, passive: true });
    holder.addEventListener("touchstart", (event) => cy.userZoomingEnabled(event.touches.length > 1), { capture: true, passive: true });
    return cy;
  }

  // Downwards or to the right, whichever can be shown larger. Links are led round places, and their words have room.
  function arrange(cy, eles) {
    const ways = ["TB", "LR"].map((direction) => laid(eles, direction)).map((plan) => ({ plan, fit: fitting(cy, { w: plan.graph().width, h: plan.graph().height }) }));
    const { plan } = ways[0].fit >= ways[1].fit ? ways[0] : ways[1];
    cy.batch(() => {
      for (const node of eles.nodes()) node.position({ x: plan.node(node.id()).x, y: plan.node(node.id()).y });
      for (const link of eles.edges()) link.data(led(plan.edge(link.source().id(), link.target().id(), link.id()).points, link));
    });
  }

  function laid(eles, rankdir) {
    const plan = new dagre.graphlib.Graph({ multigraph: true });
    plan.setGraph({ rankdir, nodesep: 18, edgesep: 12, ranksep: rankdir === "TB" ? 26 : 34 });
    for (const node of eles.nodes()) plan.setNode(node.id(), { width: WIDE, height: node.data("high") });
    for (const link of eles.edges()) {
      const words = link.data("named") ? { width: 112, height: 34, labelpos: "c" } : { width: 0, height: 0 };
      plan.setEdge(link.source().id(), link.target().id(), words, link.id());
    }
    dagre.layout(plan);
    return plan;
  }

  // The bends of a link as cytoscape wants them: how far along the straight line, and how far beside it.
  function led(points, link) {
    const [from, to] = [link.source().position(), link.target().position()];
    const [dx, dy] = [to.x - from.x, to.y - from.y];
    const long = Math.hypot(dx, dy) || 1;
    const inner = points.slice(1, -1);
    const beside = inner.map((at) => ((at.y - from.y) * dx - (at.x - from.x) * dy) / long);
    if (Math.max(0, ...beside.map(Math.abs)) > long + 100) return { along: [0.5], beside: [40] }; // a way round the whole picture
    return { along: inner.map((at) => ((at.x - from.x) * dx + (at.y - from.y) * dy) / long ** 2), beside };
  }

  const fitting = (cy, box) => Math.min((cy.width() - 30) / box.w, (cy.height() - 30) / box.h, 1.1);

  // Bring places into view; where all of them would be too small to read, only as many as can be read.
  function frame(eles) {
    const { cy } = shown;
    if (eles.empty()) return;
    const box = eles.boundingBox();
    const fit = fitting(cy, box);
    const least = cy.width() < 500 ? 0.6 : 0.45;
    const told = cy.nodes(".new").not(".away");
    const first = told.nonempty() ? told : eles.nodes(shown.data.around.length ? ".asked" : ".first").union(eles.nodes(".begins")).first();
    const middle = fit >= least || first.empty() ? box : first.boundingBox();
    const zoom = Math.max(fit, least);
    const pan = { x: within(cy.width(), zoom, box.x1, box.x2, (middle.x1 + middle.x2) / 2), y: within(cy.height(), zoom, box.y1, box.y2, (middle.y1 + middle.y2) / 2) };
    if (calm.matches) cy.viewport({ zoom, pan });
    else cy.stop().animate({ zoom, pan }, { duration: 350 });
  }

  // Where the picture stands so that `middle` is in the middle, unless that would leave room empty that could be filled.
  function within(size, zoom, from, to, middle) {
    if ((to - from) * zoom <= size - 30) return size / 2 - (zoom * (from + to)) / 2;
    return Math.min(15 - zoom * from, Math.max(size - 15 - zoom * to, size / 2 - zoom * middle));
  }

  // --- what is shown of it -------------------------------------------------------------------------------------------------------------

  const ticked = (name) => new Set(all(`#chain-filters [name="${name}"]:checked`, root).map((box) => box.value));
  const narrowed = () => all("#chain-filters fieldset [type='checkbox']", root).some((box) => !box.checked);

  // What the filters leave of the graph, at whatever hop it appears.
  function left() {
    const { data } = shown;
    const [kinds, joints, [side]] = [ticked("kind"), ticked("joint"), [...ticked("side")]];
    const beside = { left: "right", right: "left" }[side];
    const places = data.nodes.filter((node) => node.side !== beside);
    const keys = new Set(places.map((node) => node.key));
    const about = (link) => (link.joints.length ? link.joints.some((joint) => joints.has(joint)) : joints.has("") || !joints.size);
    const asked = ticked("near").size ? new Set(data.around) : null;
    const near = (link) => !asked || asked.has(link.start) || asked.has(link.to);
    const links = data.links.filter((link) => keys.has(link.start) && keys.has(link.to) && kinds.has(link.kind) && about(link) && near(link));
    const touched = new Set(links.flatMap((link) => [link.start, link.to]));
    const nodes = asked || narrowed() ? places.filter((node) => touched.has(node.key)) : places;
    return [...nodes, ...links];
  }

  // The filters have changed: what they leave is laid out anew.
  function narrow() {
    const { cy } = shown;
    const keys = new Set((shown.left = left()).map((entry) => entry.key));
    arrange(cy, cy.elements().filter((entry) => keys.has(entry.id())));
    show();
  }

  function show() {
    const { data, cy, hop, hops } = shown;
    const seen = new Set(shown.left.filter((entry) => entry.hop <= hop).map((entry) => entry.key));
    for (const entry of all("[data-node]", root)) entry.hidden = !seen.has(entry.dataset.node);
    for (const entry of all("[data-link]", root)) entry.hidden = !seen.has(entry.dataset.link);
    for (const part of all("[data-hop]", root)) part.hidden = !one("[data-node]:not([hidden])", part);
    const fresh = new Set(shown.stepped ? [...data.hops[hop].nodes, ...data.hops[hop].links] : []);
    cy.batch(() => {
      for (const entry of cy.elements()) {
        entry.toggleClass("away", !seen.has(entry.id()));
        entry.toggleClass("new", fresh.has(entry.id()));
      }
    });
    one("#chain-hop", root).value = hop;
    one("#chain-hop-shown", root).textContent = `${hop} of ${hops}`;
    const now = one("#chain-now", root);
    if (now.textContent !== data.hops[hop].sentence) now.textContent = data.hops[hop].sentence;
    const count = (list) => list.filter((entry) => seen.has(entry.key)).length;
    one("#chain-shown", root).textContent = `${count(data.nodes)} of ${data.nodes.length} places, ${count(data.links)} of ${data.links.length} links`;
    one('[data-do="back"]', root).setAttribute("aria-disabled", hop === 0); // not disabled: that would take the focus away
    one('[data-do="step"]', root).setAttribute("aria-disabled", hop === hops);
    frame(cy.elements().not(".away"));
  }

  function go(hop) {
    shown.stepped = true;
    shown.hop = Math.max(0, Math.min(shown.hops, hop));
    if (shown.hop === shown.hops) pause();
    show();
  }

  function pause() {
    clearInterval(shown?.playing);
    if (!shown) return;
    shown.playing = null;
    one('[data-do="play"]', root).textContent = "Play";
  }

  function play() {
    if (shown.playing) return pause();
    if (!shown.hops) return undefined;
    shown.playing = setInterval(() => go(shown.hop + 1), PACE);
    one('[data-do="play"]', root).textContent = "Pause";
    return go(shown.hop === shown.hops ? 0 : shown.hop);
  }

  function zoom(by) {
    const { cy } = shown;
    cy.zoom({ level: cy.zoom() * by, renderedPosition: { x: cy.width() / 2, y: cy.height() / 2 } });
  }

  // --- what is chosen ------------------------------------------------------------------------------------------------------------------

  function choose(key, jump = false) {
    const told = all("template", root).find((template) => template.dataset.for === key);
    if (!told) return;
    const chosen = one("#chain-chosen", root);
    chosen.replaceChildren(told.content.cloneNode(true));
    chosen.scrollTop = 0;
    const { cy } = shown;
    cy.elements(".chosen").removeClass("chosen");
    const entry = cy.getElementById(key).addClass("chosen");
    for (const button of all("[aria-current]", root)) button.removeAttribute("aria-current");
    for (const button of all(".chain-words [data-choose]", root)) if (button.dataset.choose === key) button.setAttribute("aria-current", "true");
    if (!jump && !inView(entry)) cy.center(entry);
  }

  function inView(entry) {
    const [box, { cy }] = [entry.renderedBoundingBox(), shown];
    return box.x1 >= 0 && box.y1 >= 0 && box.x2 <= cy.width() && box.y2 <= cy.height();
  }

  const DO = {
    play, back: () => (pause(), go(shown.hop - 1)), step: () => (pause(), go(shown.hop + 1)), in: () => zoom(1.3), out: () => zoom(1 / 1.3),
    wide: () => widen(),
    fit: () => shown.cy.fit(shown.cy.elements().not(".away"), 20),
    all: () => tickAll(true), none: () => tickAll(false),
  };

  function tickAll(on) {
    for (const box of all("#chain-filters fieldset [type='checkbox']", root)) box.checked = on;
    narrow();
  }

  function widen() {
    const wide = one(".chain-view", root).classList.toggle("wide");
    one('[data-do="wide"]', root).setAttribute("aria-pressed", wide);
    shown.cy.resize();
    narrow();
  }

  root.addEventListener("click", (event) => {
    const pressed = event.target.closest("[data-do], [data-choose], [data-around], [data-taught]");
    if (!pressed) return;
    if (pressed.dataset.taught) draw({ taught: pressed.dataset.taught });
    else if (pressed.dataset.around) draw({ around: pressed.dataset.around });
    else if (pressed.dataset.choose) {
      const inside = pressed.closest("#chain-chosen");
      choose(pressed.dataset.choose);
      inside?.focus(); // what was pressed is gone
    }
    else DO[pressed.dataset.do]();
  });
  root.addEventListener("focusin", (event) => {
    const key = event.target.closest(".chain-words [data-choose]")?.dataset.choose;
    if (key && shown) choose(key);
  });
  root.addEventListener("input", (event) => {
    if (!shown) return;
    if (event.target.id === "chain-hop") {
      pause();
      go(Number(event.target.value));
    } else if (event.target.name === "named") redraw();
    else if (event.target.closest("#chain-filters")) narrow();
  });
  root.addEventListener("submit", (event) => event.preventDefault());

  // Space and arrows play, wherever the focus is that does not need them itself.
  document.addEventListener("keydown", (event) => {
    if (!shown || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
    const pressing = event.target.closest("button, a, summary");
    const told = { " ": pressing ? null : "play", ArrowRight: "step", ArrowLeft: "back" }[event.key];
    if (!told) return;
    event.preventDefault();
    DO[told]();
  });

  // --- a new graph ---------------------------------------------------------------------------------------------------------------------

  function redraw() {
    shown.cy.destroy();
    shown.cy = picture(shown.data);
    narrow();
  }

  // Taken away before a part is swapped: htmx would carry the picture's own style over to the new one, and a strict page forbids that.
  function clear() {
    pause();
    focused = root.contains(document.activeElement);
    shown?.cy.destroy();
    shown = null;
    one("#chain-picture", root)?.remove();
  }

  function build() {
    const told = document.getElementById("chain-data");
    const data = told ? JSON.parse(told.textContent) : { around: [], taught: null };
    if (told) {
      shown = { data, hop: data.hops.length - 1, hops: data.hops.length - 1, playing: null, stepped: false, cy: null };
      one("#chain-filters", root).open = !matchMedia("(max-width: 1040px)").matches;
      shown.cy = picture(data);
      narrow();
      if (data.around.length) choose(data.around[0]);
      if (focused) one("#chain-chosen", root).focus();
    }
    if (told || !ask.around.value) toAddress(data);
  }

  document.addEventListener("htmx:beforeSwap", (event) => event.target === root && event.detail.shouldSwap && clear());
  document.addEventListener("htmx:afterSwap", (event) => event.target === root && build());
  addEventListener("resize", () => shown && frame(shown.cy.elements().not(".away")));
})();
