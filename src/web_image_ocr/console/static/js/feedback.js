// Show loading, errors with advice, notifications, and announcements for screen readers.

import { ApiError, kindOf } from "./api.js";
import { el, fill } from "./dom.js";
import { hasMessage, t } from "./i18n.js";

const liveRegion = el("div", { role: "status", class: "visually-hidden" });
const toasts = el("div", { class: "toasts" });

/** Add the containers of notifications to the page. */
export const mountMessages = (body) => body.append(liveRegion, toasts);

/** Announce a message to screen readers only. */
export function announce(message) {
  fill(liveRegion, message);
}

/** Show a notification for four seconds. */
export function toast(message) {
  announce(message);
  // Hidden from screen readers, which have just announced it.
  const shown = el("p", { class: "toast", "aria-hidden": "true" }, message);
  toasts.append(shown);
  setTimeout(() => shown.remove(), 4000);
}

/** Return the Message that says what happened. */
export const errorTitle = (error) => errorText(error, "title");

/** Return the Message that says what to do about it. */
export const errorAdvice = (error) => errorText(error, "advice");

/**
 * Create the box of an error: title, advice, and for the operator code, server message, request ID.
 *
 * @param {Error} error
 * @param {Function|null} retry action of a button.
 */
export function errorBox(error, retry = null) {
  const isApiError = error instanceof ApiError;
  if (!isApiError) console.error(error);
  const facts = [isApiError && error.code, isApiError && error.text, isApiError && error.requestId];
  return el(
    "div",
    { class: "error-box", role: "alert" },
    el("p", { class: "error-title" }, errorTitle(error)),
    el("p", {}, errorAdvice(error)),
    isApiError && error.status > 0 && el("p", { class: "fine-print" }, facts.filter(Boolean).join(" · ")),
    retry && el("button", { type: "button", on: { click: retry } }, t("again")),
  );
}

/**
 * Create a section that shows what the server answers.
 *
 * @param {Function} load fetches the data.
 * @param {Function} render returns the nodes for the data.
 * @returns `{root, refresh}`; `refresh` loads again and shows the result, or the error with a retry.
 */
export function asyncSection(load, render) {
  const root = el("div", { class: "async-section" });
  let latest = 0;
  async function refresh() {
    const current = ++latest;
    root.setAttribute("aria-busy", "true");
    let content;
    try {
      content = render(await load());
    } catch (error) {
      content = errorBox(error, refresh);
    }
    if (current !== latest) return; // a newer request is pending
    root.removeAttribute("aria-busy");
    fill(root, content);
  }
  return { root, refresh };
}

/** Create the message for a module that cannot be fetched: after an upgrade its URL is another. */
export const reloadPrompt = () =>
  el(
    "div",
    { class: "async-section", role: "alert" },
    el("p", {}, t("reload.text")),
    el(
      "button",
      { type: "button", class: "primary", on: { click: () => location.reload() } },
      t("reload.button"),
    ),
  );

function errorText(error, part) {
  if (!(error instanceof ApiError)) return t(`error.internal_here.${part}`);
  const { status, values, retryAfter } = error;
  const kind = kindOf(error);
  const exact = [`${kind}.${status}`, kind].find((name) => hasMessage(`error.${name}.${part}`));
  return t(`error.${exact ?? (status >= 500 ? "5xx" : "other")}.${part}`, {
    ...values,
    status: String(status),
    seconds: retryAfter === null ? "" : Math.ceil(retryAfter),
  });
}
