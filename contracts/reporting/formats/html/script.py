"""The script of HTML reports: it filters findings and copies commands. Without it a report is whole, and has no filter."""

SCRIPT = """
"use strict";
(() => {
  const form = document.querySelector("form");
  const found = [...document.querySelectorAll("article")];
  const sections = [...document.querySelectorAll("section")];
  const status = form && form.querySelector("output");
  const filter = () => {
    const operation = form.elements.operation.value, severity = form.elements.severity.value;
    const words = form.elements.text.value.toLowerCase().split(/\\s+/).filter(Boolean);
    let shown = 0;
    for (const one of found) {
      const text = (one.closest("section").querySelector("h3").textContent + " " + one.textContent).toLowerCase();
      one.hidden = (operation && one.dataset.operation !== operation) || (severity && one.dataset.severity !== severity)
        || !words.every((word) => text.includes(word));
      shown += !one.hidden;
    }
    const isFiltered = Boolean(operation || severity || words.length);
    for (const section of sections) {
      section.hidden = !section.querySelector("article:not([hidden])");
      const more = section.querySelector("details.more");
      if (more && isFiltered) { more.open = true; }
    }
    for (const link of document.querySelectorAll("nav a[href]")) {
      const aim = document.getElementById(link.getAttribute("href").slice(1));
      if (aim && aim.tagName === "SECTION") { link.parentElement.hidden = aim.hidden; }
    }
    status.textContent = shown + " of " + found.length + " findings shown";
  };
  if (form && found.length) {
    form.addEventListener("input", filter);
    form.addEventListener("reset", () => setTimeout(filter));
    form.addEventListener("submit", (event) => event.preventDefault());
    form.hidden = false;
    filter();
  }
  const say = (button, text) => {
    button.textContent = text;
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  };
  const copy = (button, block) => {
    const range = document.createRange();
    range.selectNodeContents(block);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    const byCommand = () => say(button, document.execCommand("copy") ? "Copied" : "Selected: copy it with the keyboard");
    if (!navigator.clipboard) { byCommand(); return; }
    navigator.clipboard.writeText(block.textContent).then(() => say(button, "Copied"), byCommand);
  };
  for (const bar of document.querySelectorAll(".bar[data-copies]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.setAttribute("aria-label", "Copy: " + bar.textContent);
    button.setAttribute("aria-live", "polite");
    button.addEventListener("click", () => copy(button, bar.nextElementSibling));
    bar.append(button);
  }
  addEventListener("beforeprint", () => {
    for (const one of document.querySelectorAll("details")) { one.open = true; }
  });
})();
"""
