// A card opens as a panel beside the board, under the task's own address. Back, Escape or the cross close it.
import { board, refresh } from "./board-view.js";

const panel = document.getElementById("task-aside");
const content = document.getElementById("task-panel");
const boardTitle = document.title;
let opener = ""; // the id of the card that has the focus again when the panel closes
let changed = false; // something was saved in the panel: the board wants to be fetched again

const isBoard = () => location.pathname === new URL(board().dataset.url, location.href).pathname;

function show(address) {
  panel.hidden = false;
  panel.parentElement.classList.add("has-panel");
  content.replaceChildren(document.getElementById("task-panel-waits").content.cloneNode(true));
  return htmx.ajax("GET", address, { target: content }).then(() => {
    document.getElementById(opener)?.classList.add("cx-card-open");
    panel.focus({ preventScroll: true });
  });
}

function hide() {
  if (panel.hidden) return;
  panel.hidden = true;
  panel.parentElement.classList.remove("has-panel");
  content.replaceChildren();
  document.title = boardTitle;
  document.querySelectorAll(".cx-card-open").forEach((card) => card.classList.remove("cx-card-open"));
  document.getElementById(opener)?.focus();
  if (changed) refresh();
  changed = false;
}

function close() {
  if (history.state?.panel) history.back();
  else hide();
}

document.addEventListener("click", (event) => {
  const card = event.target.closest(".cx-card");
  if (!card || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  opener = card.id;
  document.querySelectorAll(".cx-card-open").forEach((other) => other.classList.remove("cx-card-open"));
  const state = { panel: card.href, opener };
  if (history.state?.panel) history.replaceState(state, "", card.href);
  else history.pushState(state, "", card.href);
  show(card.href);
});

panel.querySelector("[data-panel-close]").addEventListener("click", (event) => {
  event.preventDefault();
  close();
});
document.addEventListener("keydown", (event) => {
  // Escape first closes an open menu, and puts a lifted card back.
  if (event.key !== "Escape" || event.defaultPrevented || document.querySelector(".cx-lifted")) return;
  if (!panel.hidden) close();
});
window.addEventListener("popstate", (event) => {
  if (event.state?.panel) {
    opener = event.state.opener;
    show(event.state.panel);
  } else if (isBoard()) {
    hide();
  }
});

panel.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.requestConfig.verb !== "get" && event.detail.successful) changed = true;
});
// The address follows the filter without a step in the history for each letter.
document.addEventListener("htmx:replacedInHistory", () => history.replaceState({}, "", location.href));
