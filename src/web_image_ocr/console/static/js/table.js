// Records: as tables that stay readable on a phone, where each row becomes a block, each cell with
// its label; as facts; and what is done to one of them.

import { el } from "./dom.js";
import { say } from "./i18n.js";

/**
 * A table.
 *
 * @param {object} caption a Said, for screen readers.
 * @param {Array} columns a Said each.
 * @param {Array} rows the cells of each row; the first is the row's name.
 */
export function table(caption, columns, rows) {
  if (rows.length === 0) return el("p", { class: "nothing" }, say("table.empty"));
  return el(
    "table",
    { class: "records" },
    el("caption", { class: "unseen" }, caption),
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

/** Facts below one another: of each a key of the words, and its value. */
export const facts = (rows) =>
  el("dl", { class: "facts" }, rows.map(([key, value]) => [el("dt", {}, say(key)), el("dd", {}, value)]));

/** Whether something is enabled, as a small sign. */
export function stateTag(enabled) {
  const name = enabled ? "on" : "off";
  return el("span", { class: `tag ${name}` }, say(name));
}

/**
 * A button that does something to a record: it is off while that is under way.
 *
 * @param {object} label a Said.
 * @param {object} spoken the same with the record's name, for screen readers.
 * @param {Function} act asynchronous.
 * @param {Function} failed told the error.
 */
export function actionButton(label, spoken, act, failed, kind = "small") {
  const button = el(
    "button",
    {
      type: "button",
      class: kind,
      "aria-label": spoken,
      on: {
        click: () =>
          keepingFocus(button, async () => {
            button.disabled = true;
            try {
              await act();
            } catch (error) {
              failed(error);
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
 * Does something that switches a control off for a while, or draws its list anew: whoever works by
 * keyboard is then where he was, or at what stands there now.
 */
export async function keepingFocus(control, act) {
  const list = control.closest(".live");
  const controls = () => [...(list?.querySelectorAll("button") ?? [])];
  const at = controls().indexOf(control);
  await act();
  if (document.activeElement !== document.body) return; // he has gone elsewhere
  const there = control.isConnected ? control : controls()[Math.min(at, controls().length - 1)];
  there?.focus({ preventScroll: true });
}
