// A board: cards open beside it, and staff move them by mouse, finger or keys.
import "./board-panel.js";
import { watchMoves } from "./board-moves.js";

watchMoves();

// Cards that come as one scrolls may hold one that is here already, because somebody moved a card meanwhile.
document.addEventListener("htmx:afterSettle", () => {
  const seen = new Set();
  for (const card of document.querySelectorAll(".cx-card[id]")) {
    if (seen.has(card.id)) card.closest("li").remove();
    seen.add(card.id);
  }
});
