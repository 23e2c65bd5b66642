// Tells the window that embeds the page how the session stands, and does what that window says.
"use strict";

const { messages, abandon } = document.body.dataset;

function filled(value) {
  if (value === "{height}") { return document.documentElement.scrollHeight; }
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, filled(one)]));
  }
  return value;
}

if (window.parent !== window) {
  // The vendor's page knows which site may embed it; here that may be any.
  for (const message of JSON.parse(messages)) { window.parent.postMessage(filled(message), "*"); }
  window.addEventListener("message", (event) => {
    if (event.source === window.parent && abandon && event.data && event.data.type === abandon) {
      document.getElementById("abandon")?.click();
    }
  });
}
