// The lines of an answer as a list: read, copied, and tied to the boxes on the picture.

import { copyButton } from "../dialogs.js";
import { el, fill, freshId } from "../dom.js";
import { percent, say } from "../i18n.js";
import { band, legend } from "./confidence.js";
import { textOf } from "./exports.js";

/**
 * The list of an answer's lines.
 *
 * @param lines of the answer.
 * @param {Function} pointed told the number of the line that is hovered or has the focus, or null.
 * @param {Function} filtered told which lines the slider keeps: a function of their number.
 * @returns `{root, mark(number|null, bring)}`.
 */
export function lineList(lines, pointed, filtered) {
  let least = 0;
  const keep = (number) => lines[number].confidence >= least;
  const kept = () => lines.filter((_line, number) => keep(number));
  const rows = lines.map((line, number) => row(line, () => pointed(number), () => pointed(null)));
  const count = el("p", { class: "count", role: "status" });

  function filter(percentage) {
    least = percentage / 100;
    rows.forEach((item, number) => {
      item.hidden = !keep(number);
    });
    const shown = kept().length;
    fill(
      count,
      shown === lines.length
        ? say("lines.count", { count: shown })
        : say("lines.some", { shown, count: lines.length }),
    );
    filtered(keep);
  }
  filter(0);

  if (lines.length === 0) return { root: el("p", { class: "nothing" }, say("lines.none")), mark() {} };
  return {
    root: el(
      "div",
      { class: "lines" },
      el(
        "div",
        { class: "lines-head" },
        count,
        copyButton(() => textOf(kept()), null, say("lines.copy_all")),
      ),
      threshold(filter),
      legend(),
      el("ol", { class: "line-list" }, rows),
    ),
    mark(number, bring) {
      rows.forEach((item, at) => item.classList.toggle("marked", at === number));
      if (number !== null && bring) {
        rows[number].scrollIntoView({ block: "nearest" });
        rows[number].querySelector(".line-text").focus({ preventScroll: true });
      }
    },
  };
}

// Rounded down, so that only what is wholly sure is shown as 100 %.
const sureness = ({ confidence }) => percent(Math.floor(confidence * 1000) / 1000, 1);

function row(line, enter, leave) {
  // The text itself takes the focus, so that a keyboard finds its box as a pointer does.
  const text = el("span", { class: "line-text", tabindex: "0", on: { focus: enter, blur: leave } }, line.words);
  return el(
    "li",
    { class: `line ${band(line.confidence)}`, on: { pointerenter: enter, pointerleave: leave } },
    text,
    el("span", { class: "sure-by" }, say("plain", { value: () => sureness(line) })),
    copyButton(() => line.words, line.words, say("copy")),
  );
}

function threshold(filter) {
  const value = el("output", {}, percent(0));
  const slider = el("input", {
    type: "range",
    id: freshId("least"),
    min: 0,
    max: 100,
    value: 0,
    on: {
      input: () => {
        fill(value, percent(slider.value / 100));
        filter(Number(slider.value));
      },
    },
  });
  return el("p", { class: "threshold" }, el("label", { for: slider.id }, say("lines.least")), slider, value);
}
