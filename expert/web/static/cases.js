"use strict";
// Saved cases: what goes from the tab to the file and back. Whose visit the tab holds is remembered by a random id only.

(() => {
  const PERSON = "myologic.person";
  const STATED = ["findings", "history", "symptoms", "surgery", "measurements"];
  const all = (selector) => [...document.querySelectorAll(selector)];
  const number = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;
  const amount = (part) => (myologic.getCase()[part] ?? []).length;
  const stated = () => JSON.stringify(myologic.getCase());
  const isEmpty = () => STATED.every((part) => amount(part) === 0);

  // What the tab holds, in words; nothing can be printed of nothing.
  function holds() {
    const told = [["findings", "finding"], ["measurements", "measured value"], ["symptoms", "symptom"]]
      .filter(([part]) => amount(part)).map(([part, word]) => number(amount(part), word));
    if (amount("history") + amount("surgery")) told.push("history");
    for (const place of all("[data-holds]")) {
      place.textContent = isEmpty() ? "This tab holds no case yet: enter one on the clinic page, or open a saved visit." : `${told.join(", ")}.`;
    }
    for (const button of all("form[data-reporting] button")) button.disabled = isEmpty();
    // What was saved just now is not saved twice by a second press.
    for (const form of all("form[data-saving]")) form.querySelector("button").disabled = isEmpty() || form.dataset.done === stated();
  }

  // --- the form with which a visit is saved
  function whose(form) {
    const fresh = form.elements.whose.value === "";
    form.querySelector("[data-new]").hidden = !fresh;
    form.elements.label.required = fresh;
  }

  function prepare() {
    for (const form of all("form[data-saving]:not([data-ready])")) {
      form.dataset.ready = "";
      const person = sessionStorage.getItem(PERSON);
      if ([...form.elements.whose.options].some((option) => option.value === person)) form.elements.whose.value = person;
      const day = myologic.getCase().visit?.date ?? "";
      if (day.length === 10) form.elements.date.value = day;
      form.elements.whose.addEventListener("change", () => whose(form));
      form.addEventListener("input", () => {
        delete form.dataset.done;
        holds();
      });
      whose(form);
    }
    holds();
  }

  // A saved person can be chosen for the next visit at once.
  function kept(link) {
    const { kept: person, label } = link.dataset;
    sessionStorage.setItem(PERSON, person);
    const form = link.closest("form");
    const select = form?.elements.whose;
    if (!select) return;
    [...select.options].find((option) => option.value === person)?.remove();
    select.append(new Option(label, person, false, true));
    form.elements.label.value = "";
    form.dataset.done = stated();
    whose(form);
  }

  // --- a saved visit into the tab
  async function caseOf(visit) {
    const answer = await fetch(`/cases/visits/${visit}/case`);
    if (answer.ok) return answer.json();
    said(answer.status === 503 ? "The server is busy: try again in a moment." : "This visit cannot be read; perhaps it was deleted.");
    return null;
  }

  async function open(visit, person) {
    const brought = await caseOf(visit);
    if (brought) enter(brought, person, "opening a saved visit");
  }

  async function begin(person, like) {
    const last = like ? await caseOf(like) : {};
    if (!last) return;
    const patient = Object.fromEntries(["age", "sex"].filter((key) => last.patient?.[key] !== undefined).map((key) => [key, last.patient[key]]));
    enter({ ...(last.case_id ? { case_id: last.case_id } : {}), patient, findings: [] }, person, "beginning a new visit");
  }

  function enter(brought, person, label) {
    myologic.setCase(brought, label);
    sessionStorage.setItem(PERSON, person); // after the case: an emptied tab belongs to nobody
    location.assign("/");
  }

  // --- small things
  function said(text) {
    const place = document.getElementById("cases-said");
    if (place) place.textContent = text;
  }

  function narrow(field) {
    const words = field.value.trim().toLowerCase();
    const people = all("[data-person]:is(li)");
    for (const person of people) person.hidden = !person.textContent.toLowerCase().includes(words);
    for (const place of all("[data-none]")) place.hidden = people.some((person) => !person.hidden);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-open], [data-fresh]");
    if (button?.dataset.open) open(button.dataset.open, button.dataset.person);
    else if (button) begin(button.dataset.fresh, button.dataset.like);
  });
  document.addEventListener("input", (event) => {
    if (event.target.matches?.("[data-filter]")) narrow(event.target);
  });
  document.addEventListener("submit", (event) => {
    if (event.target.matches?.("form[data-reporting]")) event.target.elements.case.value = stated();
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    for (const link of event.target.querySelectorAll?.("[data-kept]") ?? []) kept(link);
    if (event.target.id === "person") event.target.querySelector("[data-focus]")?.focus();
    if (event.target.id === "compared") event.target.focus();
    prepare();
  });
  document.addEventListener("myologic:case", () => {
    if (isEmpty()) sessionStorage.removeItem(PERSON);
    holds();
  });

  document.addEventListener("DOMContentLoaded", () => {
    prepare();
    if (location.hash === "#deleted") {
      said("The person is deleted for good.");
      history.replaceState(null, "", location.pathname);
    }
  });
})();
