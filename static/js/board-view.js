// What the other parts of a board need to know of it. The board is replaced as a whole by each answer of the server.

export const board = () => document.getElementById("board");
export const numberOf = (item) => item.querySelector(".cx-card").id.replace("task-", "");
export const cardsOf = (list) => [...list.querySelectorAll(":scope > li:not(.cx-more)")];
export const titleOf = (item) => item.querySelector(".cx-card-title").textContent;

/** The board's own address with its filter, and how many cards of its long columns are on the page. */
export function addressOf(path = "") {
  const address = new URL(board().dataset.url, location.href);
  if (path) address.pathname = path;
  const shown = [...board().querySelectorAll(".cx-cards")]
    .map((list) => [list.dataset.column, cardsOf(list).length])
    .filter(([, count]) => count > Number(board().dataset.page))
    .map(([key, count]) => `${key}:${count}`);
  if (shown.length) address.searchParams.set("shown", shown.join(","));
  return address.pathname + address.search;
}

/** Asks the server for the board as it is now. */
export function refresh() {
  return htmx.ajax("GET", addressOf(), { target: "#board", swap: "outerHTML" });
}

// What the eye rests on stays where it is when a fresh board comes: how far columns are scrolled, and the focus.
let kept = null;

function keep() {
  kept = {
    left: document.querySelector(".cx-board")?.scrollLeft ?? 0,
    tops: [...document.querySelectorAll(".cx-cards")].map((list) => [list.dataset.column, list.scrollTop]),
    focus: board().contains(document.activeElement) ? document.activeElement.id : "",
  };
}

function restore() {
  if (!kept) return;
  document.querySelector(".cx-board").scrollLeft = kept.left;
  for (const [key, top] of kept.tops) {
    const list = document.querySelector(`.cx-cards[data-column="${key}"]`);
    if (list) list.scrollTop = top;
  }
  if (kept.focus) document.getElementById(kept.focus)?.focus({ preventScroll: true });
  kept = null;
}

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id === "board" && event.detail.shouldSwap) keep();
});
document.addEventListener("htmx:afterSettle", () => restore());
