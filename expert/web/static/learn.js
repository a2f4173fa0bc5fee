"use strict";
// A lesson step by step. Everything came in one answer; here one step of it is shown at a time.

(() => {
  const { PACK, named, put, take } = window.myologicLesson;
  const make = window.myologic.make;
  const PACE = 2500; // milliseconds a step while it runs
  const STRONGEST = 6;
  const lesson = document.getElementById("lesson");
  const start = document.getElementById("start");
  let shown = null; // {name, data, last, at}
  let running = 0;

  // --- which page: the start, or a lesson

  async function route() {
    const asked = named();
    lesson.hidden = !asked;
    start.hidden = Boolean(asked);
    if (!asked) {
      pause();
      shown = null;
      return;
    }
    if (shown?.name === asked.name) {
      go(asked.step);
      return;
    }
    pause();
    shown = null;
    const came = await put("/learn/steps", asked.fields, { place: lesson, faults: lesson });
    if (named()?.name !== asked.name) return; // somewhere else by now
    if (!came) {
      lesson.prepend(make("p", { class: "crumbs" }, make("a", { href: "/learn" }, "All lessons")), make("h1", {}, "This lesson cannot be shown"));
      return;
    }
    const data = JSON.parse(document.getElementById("lesson-steps").textContent);
    shown = { name: asked.name, data, last: data.nodes.length - 1, at: -1 };
    lesson.querySelector("[data-quiz]").href = `/learn/quiz#${asked.name}`;
    document.title = `Myologic: ${lesson.querySelector("h1").textContent}`;
    lesson.querySelector("h1").focus({ preventScroll: true });
    go(asked.step);
  }

  // --- one step

  function go(wanted) {
    const at = Math.max(0, Math.min(shown.last, wanted));
    if (at === shown.last) pause();
    shown.at = at;
    const lit = new Set(shown.data.nodes[at]);
    for (const panel of lesson.querySelectorAll("[data-step]")) panel.hidden = Number(panel.dataset.step) !== at;
    say(at);
    showFacts(at, lit);
    showGraph(at, lit);
    showStrongest(at);
    history.replaceState(null, "", `#${shown.name}&step=${at}`);
    const link = document.getElementById("link");
    if (link) link.value = `${location.origin}/learn#${link.dataset.link}&step=${at}`;
  }

  function say(at) {
    const sentence = document.getElementById("sentence");
    sentence.querySelector(".where").textContent = `${at} of ${shown.last}`;
    sentence.querySelector(".said").textContent = lesson.querySelector(`[data-to="${at}"]`).textContent;
    tellStage(at);
    const slider = document.getElementById("slider");
    slider.value = at;
    slider.setAttribute("aria-valuetext", `step ${at} of ${shown.last}`);
    for (const here of lesson.querySelectorAll("[data-to]")) mark(here, Number(here.dataset.to) === at);
  }

  function mark(here, isCurrent) {
    if (isCurrent) here.setAttribute("aria-current", "step");
    else here.removeAttribute("aria-current");
  }

  const stages = () => [...lesson.querySelectorAll("[data-stage]")];

  function tellStage(at) {
    const current = stages().findLast((button) => Number(button.dataset.stage) <= at);
    for (const button of stages()) mark(button, button === current);
    document.getElementById("stage").textContent = current.textContent;
  }

  function showFacts(at, lit) {
    let known = 0;
    let first = null;
    for (const fact of lesson.querySelectorAll(".facts > li")) {
      const since = Number(fact.dataset.since);
      fact.hidden = since > at || Number(fact.dataset.until) <= at;
      fact.classList.toggle("new", since === at);
      fact.classList.toggle("lit", since < at && lit.has(fact.dataset.key));
      if (fact.hidden) continue;
      known += 1;
      if (!first && (since === at || lit.has(fact.dataset.key))) first = fact;
    }
    document.getElementById("facts-count").textContent = `${known} known`;
    const pane = lesson.querySelector(".scrolls");
    if (first) pane.scrollTop = Math.max(0, first.offsetTop - pane.offsetTop - 40);
  }

  // How every sheet stands after a step: the last word of the steps up to it.
  function sheets(at) {
    const stands = new Map();
    for (const moved of shown.data.points.slice(0, at + 1)) for (const [key, points, status] of moved) stands.set(key, { points, status });
    return stands;
  }

  function showGraph(at, lit) {
    const stands = sheets(at);
    for (const node of lesson.querySelectorAll(".reasoning .node")) {
      node.classList.toggle("later", Number(node.dataset.since) > at);
      node.classList.toggle("lit", lit.has(node.dataset.key));
      const says = [...node.querySelectorAll("[data-says]")]; // the box for states without one of their own
      for (const text of says) text.classList.toggle("silent", Number(text.dataset.says) !== at);
      if (says.length) {
        const speaks = says.some((text) => Number(text.dataset.says) === at);
        node.classList.toggle("lit", speaks);
        node.classList.toggle("later", !speaks);
      }
      const points = node.querySelector(".points");
      if (points) points.textContent = stands.has(node.dataset.key) ? signed(stands.get(node.dataset.key).points) : "";
    }
    for (const line of lesson.querySelectorAll(".reasoning .edges path")) {
      const steps = line.dataset.steps.split(" ").map(Number);
      line.classList.toggle("lit", steps.includes(at));
      line.classList.toggle("later", steps[0] > at);
    }
    intoView();
  }

  // Where the graph is wider than the page, what a step leads to is brought into its middle; where it leads nowhere, what it rests on.
  function intoView() {
    const pane = lesson.querySelector(".graph .scroll");
    if (!pane || pane.scrollWidth <= pane.clientWidth) return;
    const lit = [...lesson.querySelectorAll(".reasoning .node.lit:not(.later)")];
    const led = lit.filter((node) => !node.classList.contains("item"));
    const boxes = (led.length ? led : lit).map((node) => node.querySelector(".box").getBoundingClientRect());
    if (!boxes.length) return;
    const middle = (Math.min(...boxes.map((box) => box.left)) + Math.max(...boxes.map((box) => box.right))) / 2;
    const frame = pane.getBoundingClientRect();
    pane.scrollLeft += middle - (frame.left + frame.width / 2);
  }

  const signed = (points) => `${points < 0 ? "\u2212" : "+"}${Math.abs(points).toFixed(1)}`;

  function showStrongest(at) {
    const ranked = [...sheets(at)].filter(([, stand]) => stand.points > 0);
    ranked.sort(([a, x], [b, y]) => y.points - x.points || a.localeCompare(b));
    const rows = ranked.slice(0, STRONGEST).map(([key, stand]) => {
      const [name, side, state] = shown.data.names[key];
      const badge = make("span", { class: `badge ${side}` }, side);
      const word = make("span", { class: `state ${state}` }, state);
      return make("li", {}, make("b", {}, signed(stand.points)), " ", name, " ", badge, " ", word, " ", make("span", { class: "soft" }, stand.status));
    });
    document.getElementById("strongest").replaceChildren(...(rows.length ? rows : [make("li", { class: "soft" }, "Nothing has points yet.")]));
  }

  // --- going through them

  function pause() {
    clearInterval(running);
    running = 0;
    told();
  }

  function told() {
    const button = lesson.querySelector('[data-go="run"]');
    if (!button) return;
    button.textContent = running ? "Pause" : "Run";
  }

  function run() {
    if (running) {
      pause();
      return;
    }
    if (shown.at === shown.last) go(0);
    running = setInterval(() => go(shown.at + 1), PACE);
    told();
  }

  const ways = {
    reset: () => { pause(); go(0); },
    back: () => { pause(); go(shown.at - 1); },
    step: () => { pause(); go(shown.at + 1); },
    end: () => { pause(); go(shown.last); },
    stage: () => { pause(); go(stages().map((button) => Number(button.dataset.stage)).find((first) => first > shown.at) ?? shown.last); },
    earlier: () => { pause(); go(stages().map((button) => Number(button.dataset.stage)).findLast((first) => first < shown.at) ?? 0); },
    run,
  };
  const keys = { ArrowRight: "step", ArrowLeft: "back", Home: "reset", End: "end", " ": "run" };
  const shifted = { ArrowRight: "stage", ArrowLeft: "earlier" };

  document.addEventListener("keydown", (event) => {
    const way = (event.shiftKey ? shifted : keys)[event.key];
    if (!shown || !way || event.ctrlKey || event.metaKey || event.altKey) return;
    const on = event.target;
    if (on.closest('input:not([type="range"]), textarea, select, [role="group"][tabindex]')) return; // they have their own use of these keys
    if (on.type === "range" && event.key !== " " && !event.shiftKey) return;
    if (event.key === " " && on.closest("button, a, summary")) return;
    event.preventDefault();
    ways[way]();
  });

  lesson.addEventListener("input", (event) => {
    if (event.target.id !== "slider") return;
    pause();
    go(Number(event.target.value));
  });

  lesson.addEventListener("click", async (event) => {
    const on = event.target.closest("[data-go], [data-to], [data-stage], [data-take], [data-copy]");
    if (!on || !shown) return;
    if (on.dataset.go) ways[on.dataset.go]();
    if (on.dataset.to) {
      event.preventDefault();
      pause();
      go(Number(on.dataset.to));
    }
    if (on.dataset.stage) {
      pause();
      go(Number(on.dataset.stage));
    }
    if ("take" in on.dataset) {
      take();
      document.getElementById("taken").textContent = "It is in this tab now.";
    }
    if ("copy" in on.dataset) await copy();
  });

  async function copy() {
    const link = document.getElementById("link");
    link.select();
    let said = "Copied.";
    try {
      await navigator.clipboard.writeText(link.value);
    } catch {
      said = "It is marked: press Ctrl+C.";
    }
    document.getElementById("copied").textContent = said;
  }

  // --- the start page: the tab's own case, a lecturer's own pack

  function tellOwn() {
    const held = window.myologic.getCase();
    const entries = ["findings", "history", "symptoms", "measurements"].reduce((sum, part) => sum + (held[part]?.length ?? 0), 0);
    document.getElementById("own-case-ways").hidden = entries === 0;
    if (entries) document.getElementById("own-case-told").textContent = `The case that this tab holds: ${entries} ${entries === 1 ? "entry" : "entries"}.`;
  }

  const read = document.getElementById("own-pack-read");

  async function readPack(files) {
    const texts = await Promise.all(files.map(async (file) => [file.name, await file.text()]));
    await offer(JSON.stringify(Object.fromEntries(texts)));
  }

  async function offer(pack) {
    if (await put("/learn/pack", { pack, case: "" }, { place: read, faults: read })) sessionStorage.setItem(PACK, pack);
    else sessionStorage.removeItem(PACK);
  }

  document.getElementById("pack-files").addEventListener("change", (event) => {
    if (event.target.files.length) readPack([...event.target.files]);
  });
  read.addEventListener("click", (event) => {
    if (!event.target.closest("[data-forget-pack]")) return;
    sessionStorage.removeItem(PACK);
    read.replaceChildren();
    document.getElementById("pack-files").value = "";
  });

  window.addEventListener("hashchange", route);
  tellOwn();
  const kept = sessionStorage.getItem(PACK);
  if (kept) offer(kept);
  route();
})();
