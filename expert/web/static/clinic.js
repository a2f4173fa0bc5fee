"use strict";
// The entry side of the clinic page: the box, the list of entries, grids, red flags, measurements, person. Every edit is made by the
// server from the case of this tab; here keys and pressed buttons become edits, one after another, and the focus stays where it was.

(() => {
  const byId = (id) => document.getElementById(id);
  const wire = byId("wire");
  const said = byId("said");

  // A field that is being typed into keeps what is typed; any other element that has the focus is brought up to date.
  document.addEventListener("htmx:beforeSwap", () => {
    Idiomorph.defaults.ignoreActiveValue = document.activeElement.matches("input, textarea, select");
  });

  const say = (text) => {
    said.textContent = text;
  };

  // --- edits, one after another -------------------------------------------------------------------------------------------------------

  let waiting = Promise.resolve();
  let control = null; // what sent the last edit: a fault is shown beside it

  function send(path, values, target = wire) {
    waiting = waiting.then(() => htmx.ajax("POST", path, { source: wire, target, swap: "innerHTML", values })).catch(() => {});
    return waiting;
  }

  function edit(values, from = null) {
    return send("/clinic/edit", values).then(() => settle(from));
  }

  function settle(from) {
    const faults = wire.querySelector(".faults");
    const outcome = wire.querySelector("[data-outcome]");
    control = from;
    if (faults) refuse(faults, from);
    else if (from) accept(from);
    if (outcome) say(outcome.dataset.say);
    wire.replaceChildren();
  }

  function refuse(faults, from) {
    const words = [...faults.querySelectorAll("li")].map((li) => li.textContent.trim()).join(" ");
    say(words);
    if (!from?.id) return;
    accept(from);
    const note = myologic.make("span", { class: "fault", id: `${from.id}-fault` }, words);
    from.setAttribute("aria-invalid", "true");
    from.setAttribute("aria-describedby", note.id);
    (from.closest("label") ?? from).append(note);
    if (!note.isConnected || note.parentElement === from) from.after(note);
  }

  function accept(from) {
    from.removeAttribute("aria-invalid");
    byId(`${from.id}-fault`)?.remove();
  }

  // --- what a control says --------------------------------------------------------------------------------------------------------------

  const makers = {
    set: (c) => ({ ...place(c), field: c.dataset.field, value: c.dataset.value ?? c.value }),
    remove: (c) => place(c),
    tick: (c) => ({ finding: c.dataset.finding, task: c.dataset.task, value: c.value }),
    rest: (c) => ({ battery: c.dataset.battery, view: c.dataset.view }),
    thing: (c) => ({ finding: c.dataset.finding, value: c.dataset.value, side: c.dataset.side ?? "" }),
    flag: (c) => ({ flag: c.dataset.flag, value: c.dataset.value }),
    flags: (c) => ({ group: c.dataset.group }),
    tell: (c) => ({ section: c.dataset.in, field: c.dataset.field, value: c.value }),
    operation: (c) => ({ value: c.value }),
    write: (c) => ({ field: c.dataset.field, value: c.value }),
  };

  function place(c) {
    const entry = c.closest("[data-section]");
    return { section: entry.dataset.section, number: entry.dataset.number };
  }

  function act(c) {
    if (c.dataset.do === "measure") return measure(c);
    if (c.dataset.do === "operation" && !c.value.trim()) return;
    const next = c.dataset.do === "remove" ? after(c) : null;
    edit({ do: c.dataset.do, ...makers[c.dataset.do](c) }, c).then(() => {
      if (c.dataset.do === "operation") c.value = "";
      if (next) focusSoon(next);
    });
  }

  // One value of a measure; its unit and its pain stand beside it. A change of the unit sends the row's values again, in the new unit.
  function measure(c) {
    const row = c.closest("[data-measure]");
    const unit = row.querySelector('[data-part="unit"]').value;
    const cells = c.dataset.part === "unit" ? [...row.querySelectorAll("td[data-side]")] : [c.closest("td")];
    for (const cell of cells) {
      const value = cell.querySelector('[data-part="value"]').value;
      const pain = cell.querySelector('[data-part="pain"]').checked ? 1 : "";
      if (value || c.dataset.part === "value") edit({ do: "measure", measure: row.dataset.measure, side: cell.dataset.side, value, unit, pain }, c);
    }
    open.add(row.dataset.measure);
  }

  document.addEventListener("click", (event) => {
    const c = event.target.closest("button[data-do]");
    if (c && c.closest(".work")) act(c);
  });
  document.addEventListener("change", (event) => {
    const c = event.target.closest("input[data-do], select[data-do], textarea[data-do]");
    if (c && c.closest(".work")) act(c);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches?.(".work input[data-do]")) event.target.blur();
  });

  // --- tabs and parts -------------------------------------------------------------------------------------------------------------------

  const tabs = [...document.querySelectorAll('.work [role="tab"]')];
  const panelOf = (tab) => byId(tab.getAttribute("aria-controls"));
  const open = new Set(); // measures that were opened to be filled in
  let battery = "";

  const shown = () => tabs.find((tab) => tab.getAttribute("aria-selected") === "true");

  function show(tab, focus = true) {
    for (const other of tabs) {
      const is = other === tab;
      other.setAttribute("aria-selected", String(is));
      other.tabIndex = is ? 0 : -1;
      panelOf(other).hidden = !is;
    }
    if (focus) tab.focus();
    refresh();
  }

  // The map comes with the results; what every part brings along (sums, alarm) then comes with the entries.
  function refresh() {
    const panel = panelOf(shown());
    htmx.trigger(panel.hasAttribute("hx-post") ? panel : byId("panel-entries"), "refresh");
  }

  for (const tab of tabs) {
    tab.addEventListener("click", () => show(tab));
    tab.addEventListener("keydown", (event) => {
      const at = tabs.indexOf(tab);
      const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      show(tabs[(to + tabs.length) % tabs.length]);
    });
  }

  document.addEventListener("htmx:configRequest", (event) => {
    if (event.target.id === "panel-grids") event.detail.parameters.battery = battery;
    if (event.target.id === "panel-measures") event.detail.parameters.opened = [...open].join(",");
  });

  document.addEventListener("click", (event) => {
    const to = (name) => event.target.closest(`[${name}]`);
    const chosen = to("data-battery");
    const unfold = to("data-unfold");
    if (chosen && !chosen.dataset.do) {
      battery = chosen.dataset.battery;
      refresh();
    } else if (unfold) {
      const things = byId(unfold.dataset.unfold);
      things.hidden = !things.hidden;
      unfold.setAttribute("aria-expanded", String(!things.hidden));
      if (!things.hidden) things.querySelector("button")?.focus();
    } else if (to("data-tab")) show(byId(`tab-${to("data-tab").dataset.tab}`));
    else if (to("data-open-measure")) openMeasure(to("data-open-measure").dataset.openMeasure);
  });
  document.addEventListener("change", (event) => {
    if (event.target.id === "open-measure" && event.target.value) openMeasure(event.target.value);
  });

  function openMeasure(id) {
    open.add(id);
    show(byId("tab-measures"), false);
    whenThere(`#measure-${id} input`, (field) => field.focus());
  }

  // After the next swap in which something is there.
  function whenThere(selector, then) {
    const look = () => {
      const found = document.querySelector(selector);
      if (!found) return;
      document.removeEventListener("htmx:afterSettle", look);
      then(found);
    };
    document.addEventListener("htmx:afterSettle", look);
  }

  document.addEventListener("myologic:case", (event) => {
    const { how, label } = event.detail ?? {};
    if ((how === "undo" || how === "redo") && label) say(`${said.dataset[how]} ${label}`);
    byId("undo").disabled = !myologic.canUndo();
    byId("redo").disabled = !myologic.canRedo();
    refresh();
  });

  // --- the box --------------------------------------------------------------------------------------------------------------------------

  const TYPING = ".typing";
  const boxOf = (element) => element.closest(TYPING);
  const inputOf = (box) => box.querySelector('[role="combobox"]');
  const offerOf = (box) => box.querySelector(".offer");
  const asksOf = (box) => box.querySelector(".asks");
  const options = (box) => [...offerOf(box).querySelectorAll('[role="option"]')];
  const active = (box) => offerOf(box).querySelector('[role="option"][aria-selected="true"]');
  const words = (box) => ({ text: inputOf(box).value, kinds: box.dataset.kinds, box: inputOf(box).id });
  const timers = new WeakMap();
  const turns = new WeakMap(); // a suggestion that was asked for before the last Enter comes too late

  function suggest(box) {
    clearTimeout(timers.get(box));
    timers.set(box, setTimeout(() => {
      if (!inputOf(box).value.trim()) return clear(box, false);
      const values = { ...words(box), turn: turns.get(box) ?? 0 };
      htmx.ajax("POST", "/clinic/suggest", { source: offerOf(box), target: offerOf(box), swap: "innerHTML", values }).catch(() => {});
    }, 120));
  }

  // What was typed leaves the box at once, so that one can type on; it comes back where it has to be chosen from.
  function add(box, more = {}, text = inputOf(box).value, aside = false) {
    clearTimeout(timers.get(box));
    turns.set(box, (turns.get(box) ?? 0) + 1);
    if (!text.trim()) return;
    if (text === inputOf(box).value) clear(box);
    const offer = offerOf(box);
    send("/clinic/add", { ...words(box), text, ...more }, offer).then(() => answered(box, offer, text, aside));
  }

  // `aside`: one of several entries that were typed at once.
  function answered(box, offer, text, aside) {
    const outcome = offer.querySelector("[data-outcome]");
    const typedOn = inputOf(box).value !== "";
    if (!outcome) return typedOn || putBack(box, text); // refused: the faults are shown where the list was
    if (outcome.dataset.say) say(outcome.dataset.say);
    outcome.dataset.text = text;
    const kind = outcome.dataset.outcome;
    if (kind === "several") {
      offer.replaceChildren();
      for (const part of outcome.children) add(box, {}, part.textContent, true);
    } else if (kind === "added") offer.replaceChildren();
    else if (kind === "ask" || typedOn || aside) wait(box, outcome);
    else putBack(box, text);
    expand(box);
    if (!typedOn && outcome.isConnected && !asksOf(box).contains(document.activeElement)) firstControl(outcome)?.focus();
  }

  // What has to be chosen or said waits above the list until it is answered.
  function wait(box, outcome) {
    for (const part of outcome.querySelectorAll('[role="listbox"], [role="option"]')) part.removeAttribute("id");
    for (const option of outcome.querySelectorAll('[role="option"]')) option.tabIndex = 0;
    asksOf(box).append(outcome);
  }
  function firstControl(outcome) {
    if (!outcome.closest(".asks")) return null;
    return outcome.querySelector('[autofocus]') ?? outcome.querySelector('[role="option"], form :is(input:not([type=hidden]), select)') ?? outcome.querySelector("button");
  }

  function putBack(box, text) {
    inputOf(box).value = text;
    expand(box);
  }

  function clear(box, text = true) {
    if (text) inputOf(box).value = "";
    offerOf(box).replaceChildren();
    expand(box);
  }

  function expand(box) {
    const list = offerOf(box).querySelector('[role="listbox"]');
    const visible = Boolean(list && !list.hidden && options(box).length);
    inputOf(box).setAttribute("aria-expanded", String(visible));
    if (!visible) inputOf(box).removeAttribute("aria-activedescendant");
  }

  function light(box, option) {
    for (const other of options(box)) other.setAttribute("aria-selected", String(other === option));
    if (option) {
      inputOf(box).setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else inputOf(box).removeAttribute("aria-activedescendant");
  }

  const choosing = (box) => offerOf(box).querySelector('[data-outcome="choose"]');

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { path, parameters } = event.detail.requestConfig;
    const box = path === "/clinic/suggest" ? boxOf(event.target) : null;
    if (box && (Number(parameters.turn) !== (turns.get(box) ?? 0) || parameters.text !== inputOf(box).value)) event.detail.shouldSwap = false;
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.matches?.(".offer")) expand(boxOf(event.target));
  });

  document.addEventListener("input", (event) => {
    if (event.target.matches?.('[role="combobox"]')) suggest(boxOf(event.target));
  });

  document.addEventListener("keydown", (event) => {
    if (!event.target.matches?.('[role="combobox"]') || event.ctrlKey || event.metaKey || event.altKey) return;
    const box = boxOf(event.target);
    const list = options(box);
    if (event.key === "Enter") {
      event.preventDefault();
      add(box, active(box) ? { choice: active(box).dataset.choice } : {});
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      if (list.length) light(box, list[(list.indexOf(active(box)) + step + list.length + (active(box) || step > 0 ? 0 : 1)) % list.length]);
      else if (step > 0 && !event.target.value) document.querySelector(".entries > .entry")?.focus();
    } else if (event.key === "Escape") {
      say("");
      if (offerOf(box).childElementCount) clear(box, false);
      else event.target.value = "";
    } else if (choosing(box) && /^[1-9]$/.test(event.key) && list[Number(event.key) - 1]) {
      event.preventDefault();
      add(box, { choice: list[Number(event.key) - 1].dataset.choice });
    }
  });

  document.addEventListener("click", (event) => {
    const box = boxOf(event.target);
    if (!box) return;
    const waits = event.target.closest(".asks > [data-outcome]");
    const option = event.target.closest('[role="option"]');
    const answer = event.target.closest('[data-answer="side"]');
    if (option) reply(box, waits, { choice: option.dataset.choice });
    else if (answer) reply(box, waits, { choice: waits.dataset.choice, side: answer.dataset.value });
    else if (event.target.closest("[data-drop]")) drop(box, waits);
    else if (event.target.closest("[data-enter]")) add(box);
  });

  function reply(box, waits, more) {
    if (waits) drop(box, waits);
    add(box, more, waits ? waits.dataset.text : inputOf(box).value);
  }

  function drop(box, waits) {
    waits.remove();
    say("");
    (asksOf(box).firstElementChild ? firstControl(asksOf(box).firstElementChild) : inputOf(box)).focus();
  }

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-answers]")) return;
    event.preventDefault();
    const waits = event.target.closest("[data-outcome]");
    reply(boxOf(event.target), waits, { choice: waits.dataset.choice, ...Object.fromEntries(new FormData(event.target)) });
  });

  // A key that presses a button types nothing, wherever the focus goes.
  function press(event, button) {
    if (!button) return;
    event.preventDefault();
    button.click();
  }

  const SIDES = { l: "left", r: "right", b: "bilateral" };
  document.addEventListener("keydown", (event) => {
    const asking = event.target.closest?.(".asks > [data-outcome]");
    if (!asking || event.ctrlKey || event.metaKey || event.altKey) return;
    const choices = [...asking.querySelectorAll('[role="option"]')];
    if (event.key === "Escape") drop(boxOf(asking), asking);
    else if (choices.length && /^[1-9]$/.test(event.key)) press(event, choices[Number(event.key) - 1]);
    else if (choices.includes(event.target) && (event.key === "Enter" || event.key === " ")) press(event, event.target);
    else if (choices.includes(event.target) && /^Arrow(Up|Down)$/.test(event.key)) {
      event.preventDefault();
      choices[choices.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1)]?.focus();
    }
    else if (event.target.matches("button")) press(event, asking.querySelector(`[data-answer="side"][data-value="${SIDES[event.key.toLowerCase()]}"]`));
  });

  // --- the list of entries ----------------------------------------------------------------------------------------------------------------

  const KEYS = {
    p: ["present", "present"], a: ["present", "absent"], u: ["present", "unknown"], l: ["side", "left"], r: ["side", "right"],
    b: ["side", "bilateral"], 1: ["severity", "mild"], 2: ["severity", "moderate"], 3: ["severity", "severe"],
  };

  document.addEventListener("keydown", (event) => {
    const row = event.target.closest?.(".entries > .entry");
    if (!row || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea, summary")) return;
    const rows = [...row.parentElement.children];
    const to = { ArrowDown: rows[rows.indexOf(row) + 1], ArrowUp: rows[rows.indexOf(row) - 1], Home: rows[0], End: rows.at(-1) };
    const set = KEYS[event.key.toLowerCase()];
    if (event.key in to) {
      event.preventDefault();
      (to[event.key] ?? (event.key === "ArrowUp" ? inputOf(document.querySelector(TYPING)) : row)).focus();
    } else if (event.key === "Delete") press(event, row.querySelector('[data-do="remove"]'));
    else if (event.key === "Escape") inputOf(document.querySelector(TYPING)).focus();
    else if (set) press(event, row.querySelector(`[data-field="${set[0]}"][data-value="${set[1]}"]`));
  });

  // Where the focus goes when an entry is gone: to the one that takes its place, else to the one before, else to the box.
  function after(c) {
    const row = c.closest(".entry");
    return row ? { list: row.parentElement, at: [...row.parentElement.children].indexOf(row) } : null;
  }

  function focusSoon({ list, at }) {
    const once = () => {
      document.removeEventListener("htmx:afterSettle", once);
      const rows = list.isConnected ? list.children : [];
      (rows[Math.min(at, rows.length - 1)] ?? inputOf(document.querySelector(TYPING))).focus();
    };
    document.addEventListener("htmx:afterSettle", once);
  }

  // --- the case as a whole ------------------------------------------------------------------------------------------------------------------

  const menu = byId("case-menu");
  byId("undo").addEventListener("click", () => myologic.undo());
  byId("redo").addEventListener("click", () => myologic.redo());
  byId("new-case").addEventListener("click", () => {
    myologic.setCase({ findings: [] }, byId("new-case").textContent);
    menu.open = false;
    byId("type").focus();
  });
  byId("example").addEventListener("change", (event) => {
    if (!event.target.value) return;
    send("/clinic/example", { example: event.target.value }).then(() => settle(null));
    event.target.value = "";
    menu.open = false;
  });
  byId("open-file").addEventListener("change", async (event) => {
    const [file] = event.target.files;
    if (!file) return;
    const text = await file.text();
    send("/clinic/open", { text }).then(() => {
      const wrong = wire.querySelector(".faults");
      if (wrong) byId("case-faults").replaceChildren(wrong.cloneNode(true));
      settle(null);
    });
    event.target.value = "";
    menu.open = false;
  });
  byId("save-file").addEventListener("click", () => {
    const held = myologic.getCase();
    myologic.download(`${held.case_id || "case"}.json`, `${JSON.stringify(held, null, 2)}\n`);
    menu.open = false;
  });

  const help = byId("keys-help");
  byId("keys").addEventListener("click", () => help.showModal());
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches?.("input, select, textarea")) return;
    if (event.key === "/") {
      event.preventDefault();
      byId("type").focus();
    } else if (event.key === "?" && !help.open) help.showModal();
  });

  byId("undo").disabled = !myologic.canUndo();
  byId("redo").disabled = !myologic.canRedo();
  byId("type").focus();
})();
