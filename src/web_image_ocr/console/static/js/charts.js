// Draw charts as SVG, each with a data table for accessibility.

import { el, fill, freshId, svg } from "./dom.js";
import { formatNumber, t } from "./i18n.js";

// CSS pixels: the drawing fills its container, and the font size is fixed.
const HEIGHT = 220;
const LEFT = 66;
const BOTTOM = 26;
const TOP = 10;
const RIGHT = 8;
/** Width of an axis label with its margin. */
const LABEL = 88;

/**
 * Create a chart over time.
 *
 * @param {object} chart
 * @param {object} chart.title a Message.
 * @param {Array} chart.labels a Message for each step.
 * @param {Array} chart.series `{name, values, style}`: a Message, a number or null for each step,
 *   and the class that sets the colour.
 * @param {"bars"|"lines"} chart.form bars are stacked.
 * @param {Function} chart.unit formats a value.
 */
export function chart({ title, labels, series, form, unit = (value) => formatNumber(value) }) {
  const heading = freshId("chart");
  const top = ceiling(form === "bars" ? stackTotals(series) : series.flatMap(({ values }) => values));
  const drawing = svg("svg", { height: HEIGHT, role: "img", "aria-labelledby": heading });
  const shapes = form === "bars" ? bars : lines;
  drawResponsive(drawing, (width) => [
    yAxis(top, unit, width),
    xAxis(labels, width),
    shapes(series, labels, top, unit, width),
  ]);
  return el(
    "figure",
    { class: "chart", "aria-labelledby": heading },
    el("figcaption", { id: heading }, title),
    legend(series),
    drawing,
    dataTable(title, labels, series, unit),
  );
}

// Draw when the width is known, and again whenever it changes.
function drawResponsive(drawing, draw) {
  let drawn = 0;
  new ResizeObserver(([{ contentRect }]) => {
    const width = Math.round(contentRect.width);
    if (width === 0 || width === drawn) return; // hidden, or only the height has changed
    drawn = width;
    fill(drawing, draw(width));
  }).observe(drawing);
}

const stackTotals = (series) =>
  series[0].values.map((_value, at) => series.reduce((sum, { values }) => sum + (values[at] ?? 0), 0));

// Return the next of 1, 2, 5, 10, 20 … above all values.
function ceiling(values) {
  const most = Math.max(1, ...values.filter((value) => value !== null));
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= most);
}

const xOf = (at, count, width) => LEFT + ((width - LEFT - RIGHT) * (at + 0.5)) / count;
const yOf = (value, top) => HEIGHT - BOTTOM - ((HEIGHT - BOTTOM - TOP) * value) / top;

const legend = (series) =>
  el(
    "ul",
    { class: "legend" },
    series.map(({ name, style }) =>
      el("li", { class: style }, el("span", { class: "swatch", "aria-hidden": "true" }), name),
    ),
  );

const axisLabel = (x, y, anchor, text) => svg("text", { class: "axis-label", x, y, "text-anchor": anchor }, text);

function yAxis(top, unit, width) {
  return [0, 0.5, 1].map((part) => {
    const y = yOf(part * top, top);
    return [
      svg("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y, y2: y }),
      axisLabel(LEFT - 6, y + 4, "end", t("plain", { value: () => unit(part * top) })),
    ];
  });
}

// Draw as many labels as fit.
function xAxis(labels, width) {
  const every = Math.ceil((labels.length * LABEL) / (width - LEFT - RIGHT));
  return labels.map(
    (label, at) =>
      at % every === 0 &&
      axisLabel(xOf(at, labels.length, width), HEIGHT - 8, "middle", label),
  );
}

function bars(series, labels, top, unit, width) {
  const wide = Math.max(1, ((width - LEFT - RIGHT) / labels.length) * 0.76);
  return labels.map((label, at) => {
    let below = 0;
    const parts = series.map(({ values, style }) => {
      const value = values[at] ?? 0;
      const y = yOf(below + value, top);
      const height = yOf(below, top) - y;
      below += value;
      const x = xOf(at, labels.length, width) - wide / 2;
      return value > 0 && svg("rect", { class: style, x, y, width: wide, height });
    });
    return svg("g", {}, svg("title", {}, tooltip(label, series, at, unit)), parts);
  });
}

function lines(series, labels, top, unit, width) {
  const drawn = series.map(({ values, style }) =>
    segments(values).map((segment) =>
      svg("polyline", {
        class: style,
        points: segment.map(([at, value]) => `${xOf(at, labels.length, width)},${yOf(value, top)}`).join(" "),
      }),
    ),
  );
  const points = series.map(({ values, style }) =>
    values.map(
      (value, at) =>
        value !== null &&
        svg(
          "circle",
          { class: style, cx: xOf(at, labels.length, width), cy: yOf(value, top), r: 3 },
          svg("title", {}, tooltip(labels[at], series, at, unit)),
        ),
    ),
  );
  return [drawn, points];
}

// Split a line at gaps without data.
function segments(values) {
  const found = [[]];
  values.forEach((value, at) => {
    if (value === null) found.push([]);
    else found.at(-1).push([at, value]);
  });
  return found.filter((segment) => segment.length > 1);
}

// Format a value of a series, or a dash without data.
const formatValue = ({ values }, at, unit) =>
  t("plain", { value: () => (values[at] === null ? "–" : unit(values[at])) });

const tooltip = (label, series, at, unit) =>
  t("plain", {
    value: () => `${label}: ${series.map((one) => `${one.name} ${formatValue(one, at, unit)}`).join(", ")}`,
  });

function dataTable(title, labels, series, unit) {
  const heads = [t("chart.time"), ...series.map(({ name }) => name)];
  return el(
    "details",
    {},
    el("summary", {}, t("chart.figures")),
    el(
      "div",
      { class: "scroll-box", tabindex: "0", role: "group", "aria-label": t("chart.figures_of", { what: title }) },
      el(
        "table",
        { class: "figures" },
        el("caption", { class: "visually-hidden" }, title),
        el(
          "thead",
          {},
          el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head))),
        ),
        el(
          "tbody",
          {},
          labels.map((label, at) =>
            el(
              "tr",
              {},
              el("th", { scope: "row" }, label),
              series.map((one) => el("td", { class: "number" }, formatValue(one, at, unit))),
            ),
          ),
        ),
      ),
    ),
  );
}
