// Improves what works without it: says when a request failed, shows that a slow form is on its way, and what a password is.
"use strict";

const NO_CONNECTION = "Не получилось: проверьте связь и попробуйте ещё раз.";
const OUR_FAULT = "Не получилось: ошибка на нашей стороне. Подождите минуту и попробуйте ещё раз.";
const COPY_FIRST =
  "Пример сейчас не показать: вы вышли, или страница открыта слишком давно. " +
  "Скопируйте то, что набрали, и обновите страницу.";
const TRY_AGAIN = "Не получилось. Обновите страницу и попробуйте ещё раз.";

function tell(text) {
  const message = document.getElementById("page-message");
  // Written again, the same words would be read aloud again.
  if (message.textContent !== text) message.textContent = text;
}

addEventListener("htmx:sendError", () => tell(NO_CONNECTION));
addEventListener("htmx:timeout", () => tell(NO_CONNECTION));
addEventListener("htmx:responseError", ({ detail }) => {
  if (detail.xhr.status >= 500) tell(OUR_FAULT);
  // What is shown beside a text while somebody types it must not cover or send away the text.
  else if ("aside" in detail.target.dataset) detail.target.textContent = COPY_FIRST;
  else tell(TRY_AGAIN);
});
addEventListener("htmx:afterOnLoad", ({ detail }) => {
  if (detail.xhr.status < 400) tell("");
});

// A request without an event is one of the progress bar's own.
addEventListener("htmx:beforeRequest", ({ detail }) => {
  if (detail.requestConfig.triggeringEvent) detail.target.setAttribute("aria-busy", "true");
});
addEventListener("htmx:afterRequest", ({ detail }) => detail.target.removeAttribute("aria-busy"));

// Browsers that leave `autofocus` alone still show the first field that has to be mended, with what is said under it.
const refused = document.querySelector("main [aria-invalid=true]");
if (refused) {
  refused.focus({ preventScroll: true });
  refused.parentElement.scrollIntoView({ block: "center" });
}

const sent = new Map();

addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (sent.has(form)) {
    event.preventDefault();
    return;
  }
  const button = event.submitter?.dataset.busy ? event.submitter : null;
  sent.set(form, { button, words: button?.lastChild.nodeValue });
  form.setAttribute("aria-busy", "true");
  button?.classList.add("is-busy");
  if (button) button.lastChild.nodeValue = button.dataset.busy;
});

// "Back" may bring the page as it was left.
addEventListener("pageshow", () => {
  for (const [form, { button, words }] of sent) {
    form.removeAttribute("aria-busy");
    button?.classList.remove("is-busy");
    if (button) button.lastChild.nodeValue = words;
  }
  sent.clear();
});

const SHOW = "Показать пароль";
const HIDE = "Скрыть пароль";

// Only what somebody types from memory: keys of services are pasted.
for (const field of document.querySelectorAll("input[type=password][autocomplete$='-password']")) {
  const button = document.createElement("button");
  const state = document.createElement("span");
  const label = field.labels[0];
  label.id ||= `${field.id}-label`;
  button.type = "button";
  button.className = "password-toggle";
  button.textContent = SHOW;
  button.setAttribute("aria-controls", field.id);
  // Which of several: the words of the button stay the same for eyes and ears.
  button.setAttribute("aria-describedby", label.id);
  state.className = "visually-hidden";
  state.setAttribute("role", "status");
  const show = (isShown) => {
    field.type = isShown ? "text" : "password";
    button.textContent = isShown ? HIDE : SHOW;
  };
  button.addEventListener("click", () => {
    const isShown = field.type === "password";
    show(isShown);
    state.textContent = isShown ? "Пароль виден" : "Пароль скрыт";
  });
  // Browsers remember what stands in a field of text.
  field.form.addEventListener("submit", () => show(false));
  addEventListener("pagehide", () => show(false));
  field.after(button, state);
}
