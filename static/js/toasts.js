// Toasts stay until they are closed or 8 seconds passed unread by pointer or keyboard; errors stay until closed.

const SECONDS = 8;
const region = () => document.getElementById("toasts");

function watch(toast) {
  if (toast.dataset.watched) return;
  toast.dataset.watched = "yes";
  if (toast.classList.contains("cx-toast-error") || toast.querySelector("form")) return;
  const leave = () => {
    if (toast.matches(":hover, :focus-within")) setTimeout(leave, 2000);
    else toast.remove();
  };
  setTimeout(leave, SECONDS * 1000);
}

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
