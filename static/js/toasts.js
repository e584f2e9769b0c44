// Toasts stay until they are closed or 8 seconds passed unread by pointer or keyboard; errors stay until closed.

const SECONDS = 8;
const region = () => document.getElementById("toasts");

function watch(toast) {
  if (toast.dataset.watched) return;
  toast.dataset.watched = "yes";
  if (toast.dataset.undoSeconds) countDown(toast, Number(toast.dataset.undoSeconds));
  if (toast.classList.contains("cx-toast-error") || toast.querySelector("form")) return;
  leaveSoon(toast);
}

function leaveSoon(toast) {
  const leave = () => {
    if (toast.matches(":hover, :focus-within")) setTimeout(leave, 2000);
    else toast.remove();
  };
  setTimeout(leave, SECONDS * 1000);
}

/** An Undo that works for some seconds only says how many are left, and goes when they are over. */
function countDown(toast, seconds) {
  const left = toast.querySelector("[data-seconds-left]");
  const end = Date.now() + seconds * 1000;
  const tick = () => {
    const rest = Math.ceil((end - Date.now()) / 1000);
    if (rest > 0) {
      left.textContent = `(${rest})`;
      setTimeout(tick, 250);
      return;
    }
    toast.querySelector("form").remove();
    leaveSoon(toast);
  };
  tick();
}

// An Undo that htmx sent is done with: what came of it says a toast of its own.
document.addEventListener("htmx:afterRequest", (event) => event.target.closest?.("[data-toast]")?.remove());

/** Shows the text the page brought along as data-text-KIND ("error" or "offline"). */
export function toast(kind) {
  const box = document.createElement("div");
  box.className = "cx-toast cx-toast-error";
  box.setAttribute("role", "alert");
  box.dataset.toast = "";
  const text = document.createElement("div");
  text.className = "cx-toast-text";
  text.textContent = region().dataset[kind === "offline" ? "textOffline" : "textError"];
  const close = document.createElement("button");
  close.type = "button";
  close.className = "cx-toast-button cx-toast-close";
  close.dataset.toastClose = "";
  close.setAttribute("aria-label", region().dataset.textClose);
  close.textContent = "×";
  box.append(text, close);
  region().querySelectorAll("[data-from-script]").forEach((old) => old.remove());
  box.dataset.fromScript = "";
  region().append(box);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-toast-close]");
  if (button) button.closest("[data-toast]").remove();
});

if (region()) {
  region().querySelectorAll("[data-toast]").forEach(watch);
  new MutationObserver(() => region().querySelectorAll("[data-toast]").forEach(watch)).observe(region(), {
    childList: true,
  });
}
