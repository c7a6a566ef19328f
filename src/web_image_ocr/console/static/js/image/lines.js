// List the lines of a result, linked to their boxes on the image.

import { copyButton } from "../dialogs.js";
import { el, fill, freshId } from "../dom.js";
import { formatPercent, t } from "../i18n.js";
import { confidenceLevel, legend } from "./confidence.js";
import { joinLines } from "./exports.js";

/**
 * Create the list of lines.
 *
 * @param lines lines of the result.
 * @param {Function} onPoint receives the index of the line with hover or focus, or null.
 * @param {Function} onFilter receives a predicate on the index of a line.
 * @returns `{root, highlight(index|null, reveal)}`.
 */
export function lineList(lines, onPoint, onFilter) {
  let minimum = 0;
  const isVisible = (number) => lines[number].confidence >= minimum;
  const visibleLines = () => lines.filter((_line, number) => isVisible(number));
  const rows = lines.map((line, number) => row(line, () => onPoint(number), () => onPoint(null)));
  const count = el("p", { class: "count", role: "status" });

  function filter(percentage) {
    minimum = percentage / 100;
    rows.forEach((item, number) => {
      item.hidden = !isVisible(number);
    });
    const shown = visibleLines().length;
    fill(
      count,
      shown === lines.length
        ? t("lines.count", { count: shown })
        : t("lines.some", { shown, count: lines.length }),
    );
    onFilter(isVisible);
  }
  filter(0);

  if (lines.length === 0) return { root: el("p", { class: "empty" }, t("lines.none")), highlight() {} };
  return {
    root: el(
      "div",
      { class: "lines" },
      el(
        "div",
        { class: "lines-head" },
        count,
        copyButton(() => joinLines(visibleLines()), null, t("lines.copy_all")),
      ),
      threshold(filter),
      legend(),
      el("ol", { class: "line-list" }, rows),
    ),
    highlight(number, reveal) {
      rows.forEach((item, at) => item.classList.toggle("highlighted", at === number));
      if (number !== null && reveal) {
        rows[number].scrollIntoView({ block: "nearest" });
        rows[number].querySelector(".line-text").focus({ preventScroll: true });
      }
    },
  };
}

// Round down, so that only a confidence of 1 is shown as 100 %.
const confidenceText = ({ confidence }) => formatPercent(Math.floor(confidence * 1000) / 1000, 1);

function row(line, enter, leave) {
  // The text is focusable, so that the keyboard can highlight its box.
  const text = el("span", { class: "line-text", tabindex: "0", on: { focus: enter, blur: leave } }, line.words);
  return el(
    "li",
    { class: `line ${confidenceLevel(line.confidence)}`, on: { pointerenter: enter, pointerleave: leave } },
    text,
    el("span", { class: "confidence" }, t("plain", { value: () => confidenceText(line) })),
    copyButton(() => line.words, line.words, t("copy")),
  );
}

function threshold(filter) {
  const value = el("output", {}, formatPercent(0));
  const slider = el("input", {
    type: "range",
    id: freshId("threshold"),
    min: 0,
    max: 100,
    value: 0,
    on: {
      input: () => {
        fill(value, formatPercent(slider.value / 100));
        filter(Number(slider.value));
      },
    },
  });
  return el("p", { class: "threshold" }, el("label", { for: slider.id }, t("lines.min_confidence")), slider, value);
}
