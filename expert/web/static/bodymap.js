"use strict";
// The body map by pointer and by keyboard: one region at a time is in the order of the Tab key, arrows go to the nearest one.

(() => {
  const figure = document.getElementById("bodymap-figure");
  const form = document.getElementById("region-form");
  const choices = document.getElementById("region-choices");
  if (!figure || !form) return;
  let current = ""; // the id of the region that the Tab key reaches
  let pointedAt = ""; // the id of the region whose findings are shown
  let moveThere = false; // whether the focus goes to them

  const regions = () => [...figure.querySelectorAll(".region")];
  const isSeen = (region) => region.getClientRects().length > 0 && region.closest("figure").getClientRects().length > 0;

  // The middle of what is seen of a region, on the screen; of an outline across the midline that is one half.
  function middle(region) {
    const box = region.querySelector(".area").getBoundingClientRect();
    const x = box.left + box.width / 2;
    if (!("half" in region.dataset)) return { x, y: box.top + box.height / 2 };
    const front = region.closest("svg").id === "body-front";
    const right = (region.dataset.side === "left") === front;
    return { x: x + (right ? box.width : -box.width) / 4, y: box.top + box.height / 2 };
  }

  const ahead = {
    ArrowLeft: (dx, dy) => [-dx, dy], ArrowRight: (dx, dy) => [dx, dy], ArrowUp: (dx, dy) => [-dy, dx], ArrowDown: (dx, dy) => [dy, dx],
  };

  // The nearest region in a direction: what lies straight ahead counts before what lies to the side.
  function nearest(from, key) {
    const here = middle(from);
    let best = null;
    let least = Infinity;
    for (const region of regions()) {
      if (region === from || !isSeen(region)) continue;
      const there = middle(region);
      const [forward, aside] = ahead[key](there.x - here.x, there.y - here.y);
      const far = forward + 2.5 * Math.abs(aside);
      if (forward > 1 && far < least) [best, least] = [region, far];
    }
    return best;
  }

  function reach(region, focus = true) {
    if (!region) return;
    for (const other of regions()) other.setAttribute("tabindex", other === region ? "0" : "-1");
    current = region.id;
    if (focus) region.focus();
  }

  // Ask for the findings of a region.
  function point(region) {
    form.elements.region.value = region.dataset.region;
    form.elements.side.value = region.dataset.side;
    reach(region, false);
    form.requestSubmit();
  }

  function mark() {
    for (const region of regions()) {
      if (region.id === pointedAt) region.setAttribute("aria-current", "true");
      else region.removeAttribute("aria-current");
    }
  }

  figure.addEventListener("click", (event) => {
    const region = event.target.closest(".region");
    if (region) point(region);
  });

  figure.addEventListener("keydown", (event) => {
    const region = event.target.closest(".region");
    if (!region) return;
    if (event.key === "Enter" || event.key === " ") point(region);
    else if (event.key in ahead) reach(nearest(region, event.key));
    else if (event.key === "Home") reach(regions().find(isSeen));
    else if (event.key === "End") reach(regions().filter(isSeen).at(-1));
    else return;
    event.preventDefault();
  });

  // The name of the place under the pointer.
  figure.addEventListener("pointerover", (event) => {
    const region = event.target.closest(".region");
    if (region) document.getElementById("map-over").textContent = `${region.dataset.name}, ${region.dataset.side}`;
  });

  form.addEventListener("submit", () => {
    moveThere = true;
    pointedAt = `region-${form.elements.region.value}-${form.elements.side.value}`;
    mark();
  });

  function close() {
    choices.replaceChildren();
    const region = document.getElementById(pointedAt);
    pointedAt = "";
    mark();
    reach(region && isSeen(region) ? region : regions().find(isSeen));
  }
  choices.addEventListener("click", (event) => {
    if (event.target.closest("[data-close]")) close();
  });
  choices.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });

  // The picture and the choices are shown anew as the case changes; the place in them is kept.
  const chosen = () => [choices.querySelector("#during")?.value, choices.querySelector("#how-much")?.value];
  document.addEventListener("myologic:case", () => {
    if (!pointedAt || !choices.firstElementChild) return;
    htmx.ajax("POST", "/clinic/region", { source: form, target: choices, swap: "morph:innerHTML" });
  });
  let kept = [];
  choices.addEventListener("htmx:beforeSwap", () => { kept = chosen(); });
  choices.addEventListener("htmx:afterSwap", () => {
    for (const [id, value] of [["during", kept[0]], ["how-much", kept[1]]]) {
      const select = choices.querySelector(`#${id}`);
      if (value && select && !moveThere) select.value = value;
    }
    if (!moveThere) return;
    moveThere = false;
    const title = document.getElementById("choices-title");
    title?.focus({ preventScroll: true });
    title?.scrollIntoView({ block: "nearest" });
  });
  // How many places each view shows something on: on a narrow screen only one of them is seen.
  function count() {
    for (const button of document.querySelectorAll(".map-side [data-view]")) {
      const found = figure.querySelectorAll(`#body-${button.dataset.view} .region.found`).length;
      button.querySelector("span").textContent = found ? ` (${found})` : "";
    }
  }
  document.addEventListener("htmx:oobAfterSwap", (event) => {
    if (event.detail.target !== figure) return;
    count();
    const region = document.getElementById(current);
    if (region) reach(region, false);
    mark();
  });

  // Which axis is shown; on a narrow screen also which side of the body.
  for (const radio of document.querySelectorAll('input[name="map-axis"]')) {
    radio.addEventListener("change", () => { figure.dataset.axis = radio.value; });
  }
  for (const button of document.querySelectorAll(".map-side [data-view]")) {
    button.addEventListener("click", () => {
      figure.dataset.view = button.dataset.view;
      for (const other of document.querySelectorAll(".map-side [data-view]")) other.setAttribute("aria-pressed", String(other === button));
      const region = document.getElementById(current);
      if (!region || !isSeen(region)) reach(regions().find(isSeen), false);
    });
  }
})();
