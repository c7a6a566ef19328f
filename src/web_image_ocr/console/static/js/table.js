// Show records as responsive tables or definition lists, with buttons for actions.

import { el } from "./dom.js";
import { t } from "./i18n.js";

/**
 * Create a table.
 *
 * @param {object} caption a Message for screen readers.
 * @param {Array} columns Messages.
 * @param {Array} rows cells of each row; the first is the row header.
 */
export function table(caption, columns, rows) {
  if (rows.length === 0) return el("p", { class: "empty" }, t("table.empty"));
  return el(
    "table",
    { class: "records" },
    el("caption", { class: "visually-hidden" }, caption),
    el("thead", {}, el("tr", {}, columns.map((column) => el("th", { scope: "col" }, column)))),
    el(
      "tbody",
      {},
      rows.map((cells) =>
        el(
          "tr",
          {},
          cells.map((cell, at) =>
            at === 0
              ? el("th", { scope: "row", "data-label": columns[at] }, cell)
              : el("td", { "data-label": columns[at] }, cell),
          ),
        ),
      ),
    ),
  );
}

/** Create a definition list from pairs of message key and value. */
export const definitionList = (rows) =>
  el("dl", { class: "definitions" }, rows.map(([key, value]) => [el("dt", {}, t(key)), el("dd", {}, value)]));

/** Create the tag "enabled" or "disabled". */
export function statusTag(enabled) {
  const name = enabled ? "on" : "off";
  return el("span", { class: `tag ${name}` }, t(name));
}

/**
 * Create a button for an asynchronous action; it is disabled while the action runs.
 *
 * @param {object} label a Message.
 * @param {object} ariaLabel a Message with the record's name, for screen readers.
 * @param {Function} act the action.
 * @param {Function} onError receives the error.
 */
export function actionButton(label, ariaLabel, act, onError, kind = "small") {
  const button = el(
    "button",
    {
      type: "button",
      class: kind,
      "aria-label": ariaLabel,
      on: {
        click: () =>
          keepFocus(button, async () => {
            button.disabled = true;
            try {
              await act();
            } catch (error) {
              onError(error);
            } finally {
              button.disabled = false;
            }
          }),
      },
    },
    label,
  );
  return button;
}

/**
 * Run an action that disables a control or redraws its list, then restore the keyboard focus to the
 * control or to the one in its place.
 */
export async function keepFocus(control, act) {
  const list = control.closest(".async-section");
  const controls = () => [...(list?.querySelectorAll("button") ?? [])];
  const at = controls().indexOf(control);
  await act();
  if (document.activeElement !== document.body) return; // the user has moved on
  const target = control.isConnected ? control : controls()[Math.min(at, controls().length - 1)];
  target?.focus({ preventScroll: true });
}
