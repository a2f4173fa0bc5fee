"use strict";
// The quiz: what is called is kept here until it is committed; only then is the answer asked for.

(() => {
  const { named, put } = window.myologicLesson;
  const make = window.myologic.make;
  const quiz = document.getElementById("quiz");
  const marked = document.getElementById("marked");
  const byId = (id) => document.getElementById(id);

  async function route() {
    const asked = named();
    marked.replaceChildren();
    if (asked && await put("/learn/quiz/case", asked.fields, { place: quiz, faults: quiz })) quiz.querySelector("h1").focus({ preventScroll: true });
  }

  const called = (list) => [...list.children].map((entry) => entry.dataset.call);

  async function addMuscle() {
    const words = { muscle: byId("muscle").value, side: byId("side").value, state: byId("state").value, case: "" };
    byId("call-fault").replaceChildren();
    if (!words.muscle.trim()) return true;
    const open = !words.side ? "side" : !words.state ? "state" : "";
    if (open) {
      byId("call-fault").replaceChildren(make("p", {}, open === "side" ? "On which side, the patient's left or right?" : "In which state?"));
      byId(open).focus();
      return false;
    }
    if (!(await put("/learn/quiz/call", words, { place: byId("calls"), faults: byId("call-fault") }, "beforeend"))) return false;
    const seen = new Set();
    for (const entry of [...byId("calls").children]) {
      if (seen.has(entry.dataset.call)) entry.remove();
      seen.add(entry.dataset.call);
    }
    byId("none").checked = false;
    byId("muscle").value = "";
    byId("muscle").focus();
    return true;
  }

  function addPattern() {
    const chosen = byId("pattern").selectedOptions[0];
    if (!chosen.value || called(byId("wholes")).includes(chosen.value)) return;
    const remove = make("button", { type: "button", class: "quiet", "data-remove": true }, "Remove", make("span", { class: "visually-hidden" }, ` ${chosen.text}`));
    byId("wholes").append(make("li", { "data-call": chosen.value }, chosen.text, " ", remove));
  }

  async function commit(form) {
    if (!(await addMuscle())) return; // what is typed and not yet added is meant as well
    addPattern();
    const flagged = new FormData(form).get("flagged");
    const muscles = called(byId("calls")).join(",");
    const none = byId("none").checked;
    byId("unready").textContent = !flagged ? "Say first whether a red flag is raised." : !muscles && !none ? "Name a muscle, or say that you suspect none." : "";
    if (byId("unready").textContent) return;
    const fields = { ...named().fields, flagged, muscles, none: none ? "yes" : "", patterns: called(byId("wholes")).join(",") };
    if (!(await put("/learn/quiz/mark", fields, { place: marked, faults: marked }))) return;
    for (const part of form.querySelectorAll("fieldset")) part.disabled = true; // what was committed stays
    byId("unready").parentElement.hidden = true;
    marked.querySelector("[data-steps]").href = `/learn#${named().name}`;
    byId("marked-title").focus();
  }

  quiz.addEventListener("click", (event) => {
    const on = event.target.closest("[data-add], [data-remove]");
    if (!on) return;
    if (on.dataset.add === "muscle") addMuscle();
    if (on.dataset.add === "pattern") addPattern();
    if ("remove" in on.dataset) {
      on.closest("li").remove();
      byId("muscle").focus();
    }
  });
  quiz.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.closest(".caller") || event.target.closest("button")) return;
    event.preventDefault();
    event.target.closest(".caller").querySelector("[data-add]").click();
  });
  quiz.addEventListener("change", (event) => {
    if (event.target.id === "none" && event.target.checked) byId("calls").replaceChildren();
  });
  quiz.addEventListener("submit", (event) => {
    event.preventDefault();
    commit(event.target);
  });
  marked.addEventListener("click", (event) => {
    if (event.target.closest("[data-again]")) route();
  });

  window.addEventListener("hashchange", route);
  route();
})();
