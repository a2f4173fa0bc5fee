"use strict";
// The case of this tab, and what every page does with it. The case lives in sessionStorage: it is gone when the tab is closed.
// Nothing of it ever stands in an address.

(() => {
  const KEY = "myologic.case";
  const PAST = "myologic.past";
  const MOST = 100; // steps that can be undone
  const EMPTY = '{"findings":[]}';

  // What is stored, or the other where it is not what this page writes: a page must open whatever the storage holds.
  function stored(key, otherwise, fits) {
    try {
      const text = sessionStorage.getItem(key) ?? otherwise;
      if (fits(JSON.parse(text))) return text;
    } catch {
      // it is no JSON
    }
    return otherwise;
  }
  const held = () => stored(KEY, EMPTY, (told) => Array.isArray(told?.findings));
  const history = () => JSON.parse(stored(PAST, '{"undo":[],"redo":[]}', (told) => Array.isArray(told?.undo) && Array.isArray(told?.redo)));

  // The case comes first; of the steps that can be undone the last ones are kept, as many as there is room for. Whether the case is kept.
  function kept(text, past) {
    const before = sessionStorage.getItem(PAST);
    sessionStorage.removeItem(PAST);
    try {
      sessionStorage.setItem(KEY, text);
    } catch {
      if (before !== null) sessionStorage.setItem(PAST, before);
      return false;
    }
    for (let most = Math.max(past.undo.length, 1); ; most = Math.floor(most / 2)) { // steps to redo go with the last one
      try {
        sessionStorage.setItem(PAST, JSON.stringify({ undo: most ? past.undo.slice(-most) : [], redo: most ? past.redo : [] }));
        return true;
      } catch {
        if (!most) return true;
      }
    }
  }

  function put(text, past, label, how = "set") {
    if (!kept(text, past)) {
      say("This tab has no room for a case this large. The last change was not made; the case before it is still here.");
      return;
    }
    document.dispatchEvent(new CustomEvent("myologic:case", { detail: { label, how }, bubbles: true }));
  }

  function setCase(next, label = "") {
    const text = JSON.stringify(next);
    const now = held();
    if (text === now) return;
    const past = history();
    past.undo.push({ text: now, label });
    put(text, { undo: past.undo.slice(-MOST), redo: [] }, label);
  }

  function step(from, to) {
    const past = history();
    const last = past[from].pop();
    if (!last) return "";
    past[to].push({ text: held(), label: last.label });
    put(last.text, past, last.label, from);
    return last.label || "the last change";
  }

  const myologic = {
    getCase: () => JSON.parse(held()),
    setCase,
    undo: () => step("undo", "redo"),
    redo: () => step("redo", "undo"),
    canUndo: () => history().undo.length > 0,
    canRedo: () => history().redo.length > 0,
    // An element by tag, attributes and children (strings become text, never markup).
    make(tag, attributes = {}, ...children) {
      const element = document.createElement(tag);
      for (const [name, value] of Object.entries(attributes)) {
        if (value === true) element.setAttribute(name, "");
        else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
      }
      element.append(...children);
      return element;
    },
    // POST fields to a path of ours; answers the Response. The case goes along unless fields.case is given.
    post(path, fields = {}) {
      const body = new URLSearchParams({ case: held(), ...fields });
      return fetch(path, { method: "POST", body, headers: { "HX-Request": "true" } });
    },
    // Hand a text to the person as a file.
    download(name, text, type = "application/json") {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([text], { type }));
      link.download = name;
      document.body.append(link);
      link.click();
      link.remove();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    },
  };
  window.myologic = Object.freeze(myologic);

  // The case goes with every request of an element (or of one inside an element) that says data-with-case; never into an address.
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.verb !== "get" && event.target.closest?.("[data-with-case]")) event.detail.parameters.case = held();
  });

  // A part may bring a new case. It is taken once, and taken out of the page.
  document.addEventListener("htmx:afterSwap", () => {
    for (const script of document.querySelectorAll('script[type="application/json"][data-case]')) {
      const brought = script.textContent;
      script.remove();
      setCase(JSON.parse(brought), script.dataset.case || "");
    }
  });

  // Trouble is said, not swallowed.
  function say(text) {
    const place = document.getElementById("trouble");
    place.textContent = text;
    place.hidden = !text;
  }
  const kinds = { 413: "That is more than this server takes at once.", 503: "The server is busy; it will be tried again in a moment." };
  document.addEventListener("htmx:responseError", (event) => {
    const status = event.detail.xhr.status;
    say(kinds[status] ?? `The server answered ${status}. What you entered is still here.`);
    if (status === 503) setTimeout(() => document.dispatchEvent(new CustomEvent("myologic:case", { detail: {}, bubbles: true })), 2000);
  });
  document.addEventListener("htmx:sendError", () => say("The server does not answer. What you entered is still here; is it running?"));
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) say("");
  });

  // A request that ends because the page is left is no trouble; htmx would write it to the console as an error.
  let leaving = false;
  window.addEventListener("pagehide", () => { leaving = true; });
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  document.addEventListener("htmx:beforeRequest", (event) => {
    const { xhr } = event.detail;
    const aborted = xhr.onabort;
    xhr.onabort = (event) => { if (!leaving) aborted?.call(xhr, event); };
  });

  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    if (event.target.closest?.('textarea, [contenteditable], input:not([data-undo-case])') && event.target.value) return; // the field's own undo
    const key = event.key.toLowerCase();
    if (key === "z" || key === "y") {
      event.preventDefault();
      if (key === "y" || event.shiftKey) myologic.redo();
      else myologic.undo();
    }
  });
})();
