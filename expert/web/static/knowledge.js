"use strict";
// A long list is narrowed as one types. What is typed stays in the page.
(() => {
  const box = document.querySelector("[data-filters]");
  if (!box) return;
  const lines = [...document.getElementById(box.dataset.filters).children];
  const count = document.getElementById("count");
  const whole = count.textContent;
  box.addEventListener("input", () => {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const line of lines) {
      const fits = words.every((word) => line.textContent.toLowerCase().includes(word));
      line.hidden = !fits;
      shown += fits;
    }
    count.textContent = words.length ? `${shown} of ${lines.length}` : whole;
  });
})();
