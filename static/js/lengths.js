// A browser cuts off what is longer than a field takes, without a word: near the end the field says how much is left.

const NEAR = 0.1; // of the length, and at least so many characters:
const FEW = 20;

function tell(field) {
  const most = field.maxLength;
  const left = most - field.value.length;
  const near = left <= Math.max(FEW, most * NEAR) && most > 2 * FEW;
  let hint = field.nextElementSibling?.matches("[data-left]") ? field.nextElementSibling : null;
  if (!near) {
    hint?.remove();
    return;
  }
  if (!hint) {
    hint = document.createElement("p");
    hint.className = "form-hint cx-tabular";
    hint.dataset.left = "";
    hint.setAttribute("role", "status");
    field.after(hint);
  }
  hint.textContent = document.body.dataset.charactersLeft.replace("{n}", left);
}

document.addEventListener("input", (event) => {
  if (event.target.matches?.("textarea[maxlength]")) tell(event.target);
});
