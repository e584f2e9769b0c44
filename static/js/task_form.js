// The form of a task: asks for a reason only once a date differs from the one the client has read, and puts one of
// two versions, or both, into a field that two people changed. Without this everything is there, only longer.

const dates = document.querySelector("[data-dates]");
const reason = document.querySelector("[data-date-reason]");

if (dates && reason) {
  const read = dates.dataset.dates;
  const fields = [...dates.querySelectorAll("input")];
  const was = read.split("|");
  const show = () => {
    const moved = fields.some((field, index) => was[index] && field.value !== was[index]);
    const filled = reason.querySelector("input").value !== "";
    reason.hidden = !moved && !filled && !reason.querySelector(".is-invalid");
  };
  dates.addEventListener("input", show);
  show();
}

for (const conflict of document.querySelectorAll("[data-conflict]")) {
  const field = document.getElementById(conflict.dataset.conflict);
  const text = (side) => conflict.querySelector(`[data-${side}]`).textContent;
  conflict.addEventListener("click", (event) => {
    const take = event.target.closest("[data-take]")?.dataset.take;
    if (!take || !field) return;
    field.value = take === "both" ? `${text("mine")}\n\n${text("theirs")}` : text(take);
    field.focus();
  });
}

document.querySelector("[data-focus]")?.focus();
