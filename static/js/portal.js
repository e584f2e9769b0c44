// The frame of every page: menus, toasts, forms that are sent once, texts that are not lost.
// Everything here only helps: pages work without it.

import "./forms.js";
import "./lengths.js";
import { toast } from "./toasts.js";

document.documentElement.classList.add("cx-js-on");

// A menu is a <details>: it closes when one clicks elsewhere or presses Escape.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details[data-menu][open]");
  if (!menu) return;
  event.preventDefault();
  menu.open = false;
  menu.querySelector("summary").focus();
});

document.addEventListener("htmx:responseError", () => toast("error"));
document.addEventListener("htmx:sendError", () => toast("offline"));
document.addEventListener("htmx:timeout", () => toast("offline"));
