// Keyboard, tabs, copying and the clock's seconds; all else is htmx.
"use strict";

document.addEventListener("keydown", (event) => {
  const button = event.target.closest("[role=button]");
  if (button && (event.key === "Enter" || event.key === " ")) {
    event.preventDefault();
    button.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
    return;
  }
  const tab = event.target.closest("[role=tab]");
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (tab && step) {
    const tabs = [...tab.closest("[role=tablist]").querySelectorAll("[role=tab]")];
    const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
    next.focus();
    next.click();
  }
});

document.addEventListener("click", async (event) => {
  const tab = event.target.closest("[role=tab]");
  if (tab) {
    for (const other of tab.closest("[data-tabs]").querySelectorAll("[role=tab]")) {
      const chosen = other === tab;
      other.setAttribute("aria-selected", String(chosen));
      other.tabIndex = chosen ? 0 : -1;
      document.getElementById(other.getAttribute("aria-controls")).hidden = !chosen;
    }
  }
  const copy = event.target.closest("[data-copy]");
  if (copy) {
    const code = copy.closest("[data-tabs]").querySelector("pre:not([hidden])");
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(code.textContent);
      copy.textContent = "Copied";
      setTimeout(() => { copy.textContent = "Copy"; }, 1500);
    } else {
      getSelection().selectAllChildren(code);
    }
  }
});

// A part that is shown anew keeps what was open in it, what was closed, and the languages that were chosen.
let opened = new Map();
let chosen = [];
document.addEventListener("htmx:beforeSwap", (event) => {
  const target = event.detail.target;
  opened = new Map([...target.querySelectorAll("details[id]")].map((one) => [one.id, one.open]));
  chosen = [...target.querySelectorAll("[role=tab][aria-selected=true]")].map((one) => one.id);
});
document.addEventListener("htmx:afterSwap", (event) => {
  const here = (id) => [document.getElementById(id)].filter((one) => one && event.detail.target.contains(one));
  for (const [id, isOpen] of opened) {
    for (const one of here(id)) { one.open = isOpen; }
  }
  for (const id of chosen) {
    for (const one of here(id)) { one.click(); }
  }
});

setInterval(() => {
  const clock = document.querySelector("[data-now]");
  if (!clock || clock.hasAttribute("data-frozen")) { return; }
  clock.shownAt ??= performance.now();
  const now = new Date(Date.parse(clock.dataset.now) + performance.now() - clock.shownAt);
  clock.textContent = now.toISOString().slice(0, 19).replace("T", " ");
}, 1000);
