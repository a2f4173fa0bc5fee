"use strict";
// The page's three tabs, what it is about (the fragment of its address, ids only), and what is supposed.
(() => {
  const ASKED = /^[a-z0-9:.-]{1,200}$/;
  const byId = (id) => document.getElementById(id);
  const tell = (name) => document.dispatchEvent(new CustomEvent(name, { bubbles: true }));
  const about = byId("about");
  const suppose = byId("suppose");
  const narrow = matchMedia("(max-width: 899px)"); // where the list of conclusions stands above the answer
  byId("all").open = !narrow.matches;

  // --- what it is about
  function asked() {
    let words = "";
    try {
      words = decodeURIComponent(location.hash.slice(1));
    } catch {
      // no fragment of ours
    }
    return ASKED.test(words) ? words : "";
  }

  function choose(words) {
    about.value = words;
    suppose.value = "";
    mark();
    prefill();
    tell("why:about");
    if (!byId("panel-if").hidden) tell("why:switches");
  }

  function mark() {
    for (const link of document.querySelectorAll("#conclusions [data-about]")) {
      if (link.dataset.about === about.value) {
        link.setAttribute("aria-current", "true");
        link.closest(".shelf").open = true;
      } else link.removeAttribute("aria-current");
    }
  }

  function prefill() {
    const [name, side] = about.value.split(":");
    const select = byId("not-name");
    if (name && [...select.options].some((option) => option.value === name)) {
      select.value = name;
      for (const radio of document.getElementsByName("side")) radio.checked = radio.value === (side || "");
    }
  }

  about.value = asked();
  prefill();
  addEventListener("hashchange", () => choose(asked()));
  document.addEventListener("click", (event) => {
    const link = event.target.closest("#conclusions [data-about]");
    if (!link) return;
    show("tab-why");
    if (narrow.matches) byId("all").open = false;
  });

  // --- tabs: arrows move, Home and End go to the ends
  const tabs = [...document.querySelectorAll("[role=tab]")];

  function show(id, focus = false) {
    for (const tab of tabs) {
      const chosen = tab.id === id;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      byId(tab.getAttribute("aria-controls")).hidden = !chosen;
      if (chosen && focus) tab.focus();
    }
    if (id === "tab-if") tell("why:switches");
    if (id === "tab-not") tell("why:not");
  }

  for (const tab of tabs) {
    tab.addEventListener("click", () => show(tab.id));
    tab.addEventListener("keydown", (event) => {
      const now = tabs.indexOf(tab);
      const next = { ArrowRight: now + 1, ArrowLeft: now - 1, Home: 0, End: tabs.length - 1 }[event.key];
      if (next === undefined) return;
      event.preventDefault();
      show(tabs.at(next % tabs.length).id, true);
    });
  }

  document.addEventListener("myologic:case", () => {
    if (!byId("panel-if").hidden) tell("why:switches");
  });

  // --- what came in
  document.addEventListener("htmx:afterSwap", (event) => {
    const where = event.detail.target.id;
    if (where === "answer") {
      const told = byId("answer").querySelector("[data-about]");
      if (told && !about.value) {
        about.value = told.dataset.about;
        prefill();
      }
      mark();
      byId("said").textContent = byId("answer").querySelector(".conclusion")?.textContent.replace(/\s+/g, " ").trim() ?? "";
    }
    if (where === "conclusions") mark();
  });

  // --- buttons within the answers
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const data = button.dataset;
    if (data.open) {
      for (const part of button.closest("article").querySelectorAll(".proof details")) part.open = data.open === "all";
    } else if (data.suppose) {
      suppose.value = [...new Set([...suppose.value.split("\n").filter(Boolean), data.suppose])].join("\n");
      show("tab-if", true);
    } else if (data.without) {
      const gone = data.without.split("|");
      for (const box of document.querySelectorAll("#switching [data-edit]")) box.checked = !gone.includes(box.dataset.edit);
      again();
      byId("changed").scrollIntoView({ block: "nearest" });
    } else if (data.switch === "back") {
      suppose.value = "";
      tell("why:switches");
    } else if ("take" in data) {
      const edited = JSON.parse(document.querySelector("[data-edited]").textContent);
      suppose.value = "";
      myologic.setCase(edited, "what if");
    }
  });

  // On paper nothing can be opened: the proof is printed whole.
  window.addEventListener("beforeprint", () => {
    for (const part of document.querySelectorAll(".proof details")) part.open = true;
  });

  function again() {
    byId("switching").dispatchEvent(new Event("change", { bubbles: true }));
  }
})();
