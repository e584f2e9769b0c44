// Forms marked data-once are sent once: a second press while the first is on its way does nothing. The server has
// its own guard (the form's key); this one spares people the wait and the doubt.
// Fields marked data-draft="KEY" keep what was typed until the form was accepted, also over a lost connection.

const busy = new WeakSet();

function release(form) {
  busy.delete(form);
  form.querySelectorAll("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-once]")) return;
  if (busy.has(form)) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  busy.add(form);
  if (event.submitter) event.submitter.setAttribute("aria-busy", "true");
}, true);

document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target.closest?.("form[data-once]");
  if (form) release(form);
});
// Back to a page the browser kept: its forms may be sent again.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) document.querySelectorAll("form[data-once]").forEach(release);
});

// --- Passwords: a button that shows what is typed ---

function offerToShow(root) {
  root.querySelectorAll("[data-show-password][hidden]").forEach((button) => {
    button.hidden = false;
  });
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-show-password]");
  if (!button) return;
  const field = button.parentElement.querySelector("input");
  const shown = field.type === "text";
  field.type = shown ? "password" : "text";
  button.setAttribute("aria-pressed", String(!shown));
});
document.addEventListener("submit", (event) => {
  event.target.querySelectorAll('[data-show-password][aria-pressed="true"]').forEach((button) => button.click());
}, true);
offerToShow(document);

// --- Drafts ---

const PREFIX = "draft:";
const keyOf = (field) => `${PREFIX}${field.dataset.draft}`;

function store(field) {
  try {
    if (field.value && field.value !== field.defaultValue) sessionStorage.setItem(keyOf(field), field.value);
    else sessionStorage.removeItem(keyOf(field));
  } catch {
    // A browser without storage keeps no drafts.
  }
}

/** Puts a kept text back into a field that came empty. A text the server sent along is the newer one. */
function restore(root) {
  for (const field of root.querySelectorAll("[data-draft]")) {
    let kept = null;
    try {
      kept = sessionStorage.getItem(keyOf(field));
    } catch {
      continue;
    }
    if (kept && !field.value) {
      field.value = kept;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }
}

function forget(form) {
  form.querySelectorAll("[data-draft]").forEach((field) => sessionStorage.removeItem(keyOf(field)));
}

document.addEventListener("input", (event) => {
  if (event.target.matches?.("[data-draft]")) store(event.target);
});
// The page that follows an accepted form says which drafts are no longer needed.
document.querySelectorAll("[data-forget-draft]").forEach((sign) => {
  sessionStorage.removeItem(PREFIX + sign.dataset.forgetDraft);
});
// Before the answer takes the form's place; sent away to sign in means that nothing was accepted.
document.addEventListener("htmx:beforeOnLoad", (event) => {
  const { xhr, elt } = event.detail;
  const form = elt.closest("form");
  const accepted = xhr.status >= 200 && xhr.status < 300 && !xhr.getResponseHeader("HX-Redirect");
  if (form && accepted) forget(form);
});
document.addEventListener("htmx:load", (event) => {
  restore(event.target);
  offerToShow(event.target);
});
restore(document);
