// What went wrong, in words a person can act on; and quiet news for screen readers.

import { ApiError, kindOf } from "./api.js";
import { el, fill } from "./dom.js";
import { knows, say } from "./i18n.js";

const news = el("div", { role: "status", class: "unseen" });
const notices = el("div", { class: "notices" });

/** Puts the places of messages into the page. */
export const placeMessages = (body) => body.append(news, notices);

/** Tells a screen reader, without showing anything. */
export function announce(said) {
  fill(news, said);
}

/** Shows a short message that goes by itself. */
export function notice(said) {
  announce(said);
  // The status above speaks; what is seen need not be read a second time.
  const shown = el("p", { class: "notice", "aria-hidden": "true" }, said);
  notices.append(shown);
  setTimeout(() => shown.remove(), 4000);
}

/** What happened: a Said. */
export const whatHappened = (error) => wordsOf(error, "what");

/** What to do about it: a Said. */
export const whatToDo = (error) => wordsOf(error, "do");

/**
 * The box of an error: what happened, what to do, and for the operator the code, the server's
 * words and the request's id.
 *
 * @param {Error} error
 * @param {Function|null} retry shown as a button.
 */
export function problem(error, retry = null) {
  const known = error instanceof ApiError;
  if (!known) console.error(error);
  const facts = [known && error.code, known && error.text, known && error.requestId];
  return el(
    "div",
    { class: "problem", role: "alert" },
    el("p", { class: "problem-what" }, whatHappened(error)),
    el("p", {}, whatToDo(error)),
    known && error.status > 0 && el("p", { class: "fine" }, facts.filter(Boolean).join(" · ")),
    retry && el("button", { type: "button", on: { click: retry } }, say("again")),
  );
}

function wordsOf(error, part) {
  if (!(error instanceof ApiError)) return say(`error.internal_here.${part}`);
  const { status, values, retryAfter } = error;
  const kind = kindOf(error);
  const exact = [`${kind}.${status}`, kind].find((name) => knows(`error.${name}.${part}`));
  return say(`error.${exact ?? (status >= 500 ? "5xx" : "other")}.${part}`, {
    ...values,
    status: String(status),
    seconds: retryAfter === null ? "" : Math.ceil(retryAfter),
  });
}
