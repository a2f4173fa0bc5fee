"use strict";
// The live results: one button states one thing; what was open stays open; what changed is spoken in one sentence.

(() => {
  // What the button states, with the task and the severity that were chosen beside it.
  function told(button) {
    const { state: name, side = "", task = "", present = "", tasks = "" } = button.dataset;
    const chooser = button.closest(".choices");
    if (!chooser) return { name, side, task, present };
    const during = chooser.querySelector("#during").value;
    const severity = chooser.querySelector("#how-much").value;
    return { name, side, task: tasks.split(" ").includes(during) ? during : "", present, severity: severity === "moderate" ? "" : severity };
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-state]");
    if (!button || button.ariaBusy) return;
    button.ariaBusy = "true"; // one click, one answer; a disabled button would lose the focus
    try {
      const answer = await myologic.post("/clinic/state", told(button));
      if (answer.ok) myologic.setCase(await answer.json(), button.dataset.said);
      else refused(button);
    } catch {
      refused(button);
    } finally {
      button.ariaBusy = null;
    }
  });
  function refused(button) {
    const trouble = document.getElementById("trouble");
    trouble.textContent = `This could not be stated: ${button.dataset.said}. What you entered is still here.`;
    trouble.hidden = false;
  }

  // The report of what the tab holds, in a tab of its own.
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-report]")) document.getElementById("report-of-tab").requestSubmit();
  });

  // While the next question is worked out its place is kept, so that nothing below moves twice.
  const room = () => document.querySelector("#results-panel .next-room"); // it has no id: by one htmx would copy its style, which the policy forbids
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.target.id === "results-panel" && room()) event.target.dataset.room = room().offsetHeight;
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (!room()) return;
    if (event.target.id === "results-panel") room().style.minHeight = `${event.target.dataset.room ?? 0}px`;
    else if (event.target.id === "next-test") room().style.minHeight = "";
  });

  // What is open or shut is the reader's, and is kept when a part is shown anew; so is the button that had the focus.
  const shut = new Map();
  document.addEventListener("toggle", (event) => {
    if (event.target.id && event.target.isConnected) shut.set(event.target.id, !event.target.open);
  }, true);
  document.addEventListener("htmx:afterSwap", (event) => {
    for (const details of event.target.querySelectorAll?.("details[id]") ?? []) {
      if (shut.has(details.id)) details.open = !shut.get(details.id);
    }
    const panel = document.querySelector("#results-panel [data-said]");
    const said = document.getElementById("results-said");
    if (!panel || !said || said.textContent === panel.dataset.said) return;
    said.textContent = panel.dataset.said;
    jump.textContent = panel.dataset.said;
    jump.classList.toggle("flagged", "flag" in panel.dataset);
  });

  // Where the results stand below what is entered, one line of them stays in sight and leads there.
  const jump = document.getElementById("results-jump");
  const results = document.getElementById("results");
  if (jump && results) new IntersectionObserver(([seen]) => { jump.hidden = seen.isIntersecting; }).observe(results);

  // An answer takes its button away: the focus goes on to the question that follows.
  let answered = false;
  document.addEventListener("click", (event) => {
    answered = Boolean(event.target.closest("#next-test button[data-state]"));
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (!answered || event.target.id !== "next-test" || !event.target.querySelector(".next")) return;
    answered = false;
    const heading = event.target.querySelector("h3");
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  });
})();
