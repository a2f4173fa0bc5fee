"use strict";
// Which case the address names behind the #, and the lecturer's pack that this tab holds. Used by the steps and by the quiz.

(() => {
  const PACK = "myologic.pack";

  // {name: what names it in an address, fields: what is sent to ask for it, step} or null where no case is named.
  function named() {
    const said = new URLSearchParams(location.hash.slice(1));
    const step = /^\d{1,4}$/.test(said.get("step") ?? "") ? Number(said.get("step")) : 0;
    if (said.has("lesson")) return { name: `lesson=${said.get("lesson")}`, fields: { lesson: said.get("lesson"), case: "" }, step };
    if (said.has("case")) return { name: `case=${said.get("case")}`, fields: { shared: said.get("case"), case: "" }, step };
    if (said.has("pack")) {
      const fields = { pack: sessionStorage.getItem(PACK) ?? "", number: said.get("pack"), case: "" };
      return { name: `pack=${said.get("pack")}`, fields, step };
    }
    return said.has("own") ? { name: "own", fields: {}, step, own: true } : null;
  }

  // A part of a page, asked for and put in its place: what came, or what is wrong. Answers whether it came.
  async function put(path, fields, target, style = "innerHTML") {
    const answer = await window.myologic.post(path, fields);
    const text = await answer.text();
    if (!answer.ok && answer.status !== 422) {
      const trouble = document.getElementById("trouble");
      trouble.textContent = answer.status === 503 ? "The server is busy; try again in a moment." : `The server answered ${answer.status}.`;
      trouble.hidden = false;
      return false;
    }
    window.htmx.swap(answer.ok ? target.place : target.faults, text, { swapStyle: answer.ok ? style : "innerHTML", swapDelay: 0, settleDelay: 0 });
    return answer.ok;
  }

  // Put the case of a lesson into the tab, where the other pages find it; undo brings back what was there.
  function take() {
    const held = document.getElementById("lesson-case");
    if (held && !named()?.own) window.myologic.setCase(JSON.parse(held.textContent), "the lesson's case");
  }
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("a[data-why]")) take();
  });

  window.myologicLesson = Object.freeze({ PACK, named, put, take });
})();
