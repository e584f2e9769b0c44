// Moving cards. A move shows at once and is sent; the answer is the board as the server has it, so that all who
// move at the same time see the same in the end. Moves of one person are sent one after the other.
import { addressOf, board, cardsOf, numberOf, refresh, titleOf } from "./board-view.js";

const news = document.getElementById("move-news");
const help = document.getElementById("move-help");
let dragging = false;
let stale = false; // an answer came while a card was in the air
let waitingMoves = 0;
let line = Promise.resolve();
let lifted = null; // {item, home} of a card that is moved by keys

export function watchMoves() {
  if (!news) return;
  document.addEventListener("keydown", onKey);
  document.addEventListener("focusout", (event) => {
    if (lifted && !lifted.moving && lifted.item.contains(event.target)) putBack();
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id !== "board") return;
    if (dragging || lifted || waitingMoves > 1) {
      stale = dragging || Boolean(lifted);
      event.detail.shouldSwap = false;
    }
  });
  document.addEventListener("htmx:afterSettle", prepare);
  prepare();
}

function prepare() {
  if (!board()?.hasAttribute("data-may-move")) return;
  for (const list of board().querySelectorAll(".cx-cards:not([data-sortable])")) {
    list.dataset.sortable = "";
    const { kind } = list.dataset;
    new Sortable(list, {
      group: { name: "board", put: kind !== "waiting" },
      sort: kind === "todo" || kind === "doing", // the others have an order of their own
      draggable: "li:not(.cx-more)",
      delay: 250,
      delayOnTouchOnly: true,
      touchStartThreshold: 5,
      forceFallback: true,
      fallbackOnBody: true,
      fallbackTolerance: 5,
      animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 150,
      ghostClass: "cx-ghost",
      dragClass: "cx-dragged",
      scrollSensitivity: 60,
      onStart: () => { dragging = true; },
      onEnd: onDrop,
    });
  }
  for (const card of board().querySelectorAll(".cx-card:not([aria-describedby])")) {
    card.setAttribute("aria-describedby", help.id);
    card.draggable = false; // the card is moved, not its link
  }
}

function onDrop({ item, from, to, oldDraggableIndex, newDraggableIndex }) {
  dragging = false;
  if (from === to && oldDraggableIndex === newDraggableIndex) {
    if (stale) refresh();
    stale = false;
    return;
  }
  const others = cardsOf(from).filter((other) => other !== item);
  send(item, { list: from, before: others[oldDraggableIndex] ?? from.querySelector(":scope > .cx-more") });
}

/** Sends where `item` stands now. `home` is where it goes back to when that fails. */
function send(item, home) {
  const list = item.closest(".cx-cards");
  const before = cardsOf(list)[cardsOf(list).indexOf(item) - 1];
  const path = `${new URL(item.querySelector(".cx-card").href).pathname}move/`;
  const values = { column: list.dataset.column, place: before ? numberOf(before) : "top" };
  if (home.list.dataset.kind === "waiting") values.ends_waiting = "on";
  stale = false;
  waitingMoves += 1;
  line = line
    .then(() => htmx.ajax("POST", addressOf(path), { target: "#board", swap: "outerHTML", values }))
    .catch(() => {})
    .then(() => {
      waitingMoves -= 1;
      // Still here: no fresh board came, because the server refused or was not reached.
      if (item.isConnected && !waitingMoves && !dragging && !lifted) home.list.insertBefore(item, home.before);
    });
}

// --- By keys ---

function onKey(event) {
  const card = event.target.closest?.(".cx-card");
  if (!card || !board().contains(card) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (!lifted) {
    if (event.key !== " ") return;
    event.preventDefault();
    lift(card.closest("li"));
    return;
  }
  const steps = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
  if (event.key in steps) step(...steps[event.key]);
  else if (event.key === "Enter" || event.key === " ") putDown();
  else if (event.key === "Escape") putBack();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function lift(item) {
  lifted = { item, home: { list: item.parentElement, before: item.nextElementSibling } };
  item.classList.add("cx-lifted");
  say("lifted", item);
}

function step(sideways, down) {
  const { item } = lifted;
  const list = item.closest(".cx-cards");
  if (sideways) {
    const lists = [...board().querySelectorAll(".cx-cards")];
    let next = lists.indexOf(list) + sideways;
    while (lists[next]?.dataset.kind === "waiting" && lists[next] !== lifted.home.list) next += sideways;
    if (lists[next]) place(item, lists[next], cardsOf(lists[next])[0] ?? lists[next].firstElementChild);
  } else if (list.dataset.kind === "todo" || list.dataset.kind === "doing") {
    const cards = cardsOf(list);
    const here = cards.indexOf(item);
    if (down < 0 && here > 0) place(item, list, cards[here - 1]);
    if (down > 0 && here < cards.length - 1) place(item, list, cards[here + 1].nextElementSibling);
  }
  say("moved", item);
}

function place(item, list, before) {
  lifted.moving = true; // the focus leaves for a moment, and comes back
  list.insertBefore(item, before);
  item.querySelector(".cx-card").focus();
  item.scrollIntoView({ block: "nearest", inline: "nearest" });
  lifted.moving = false;
}

function putDown() {
  const { item, home } = lifted;
  item.classList.remove("cx-lifted");
  lifted = null;
  say("dropped", item);
  if (item.parentElement !== home.list || item.nextElementSibling !== home.before) send(item, home);
  else if (stale) refresh();
}

function putBack() {
  const { item, home } = lifted;
  const hadFocus = item.contains(document.activeElement);
  lifted.moving = true;
  home.list.insertBefore(item, home.before);
  item.classList.remove("cx-lifted");
  lifted = null;
  if (hadFocus) item.querySelector(".cx-card").focus();
  say("back", item);
  if (stale) refresh();
  stale = false;
}

function say(what, item) {
  const list = item.closest(".cx-cards");
  const facts = {
    title: titleOf(item),
    column: document.getElementById(`name-${list.dataset.column}`).textContent,
    place: cardsOf(list).indexOf(item) + 1,
    total: cardsOf(list).length,
  };
  news.textContent = news.dataset[what].replace(/\{(\w+)\}/g, (_all, name) => facts[name]);
}
