// Charts as plain SVG. Each has its figures beside it as a table, for whoever cannot see it.

import { el, fill, freshId, svg } from "./dom.js";
import { number, say } from "./i18n.js";

// Pixels of the screen: a drawing is as wide as its place, and its letters keep their size.
const HEIGHT = 220;
const LEFT = 66;
const BOTTOM = 26;
const TOP = 10;
const RIGHT = 8;
/** As wide as a label and the space beside it. */
const LABEL = 88;

/**
 * A chart of steps in time.
 *
 * @param {object} chart
 * @param {object} chart.title a Said.
 * @param {Array} chart.labels the step's name, a Said, for each step.
 * @param {Array} chart.series `{name, values, style}`: a Said, a number or null for each step,
 *   and the class that gives the colour.
 * @param {"bars"|"lines"} chart.form bars stand on one another.
 * @param {Function} chart.unit how a value is written.
 */
export function chart({ title, labels, series, form, unit = (value) => number(value) }) {
  const heading = freshId("chart");
  const top = ceiling(form === "bars" ? sums(series) : series.flatMap(({ values }) => values));
  const drawing = svg("svg", { height: HEIGHT, role: "img", "aria-labelledby": heading });
  const shapes = form === "bars" ? bars : lines;
  redrawn(drawing, (width) => [
    scale(top, unit, width),
    times(labels, width),
    shapes(series, labels, top, unit, width),
  ]);
  return el(
    "figure",
    { class: "chart", "aria-labelledby": heading },
    el("figcaption", { id: heading }, title),
    key(series),
    drawing,
    figures(title, labels, series, unit),
  );
}

// Draws once the place's width is known, and again whenever it is another one.
function redrawn(drawing, draw) {
  let drawn = 0;
  new ResizeObserver(([{ contentRect }]) => {
    const width = Math.round(contentRect.width);
    if (width === 0 || width === drawn) return; // out of sight, or only another height
    drawn = width;
    fill(drawing, draw(width));
  }).observe(drawing);
}

const sums = (series) =>
  series[0].values.map((_value, at) => series.reduce((sum, { values }) => sum + (values[at] ?? 0), 0));

// The next of 1, 2, 5, 10, 20 … above all values.
function ceiling(values) {
  const most = Math.max(1, ...values.filter((value) => value !== null));
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= most);
}

const across = (at, count, width) => LEFT + ((width - LEFT - RIGHT) * (at + 0.5)) / count;
const down = (value, top) => HEIGHT - BOTTOM - ((HEIGHT - BOTTOM - TOP) * value) / top;

const key = (series) =>
  el(
    "ul",
    { class: "legend" },
    series.map(({ name, style }) =>
      el("li", { class: style }, el("span", { class: "swatch", "aria-hidden": "true" }), name),
    ),
  );

const mark = (x, y, anchor, text) => svg("text", { class: "mark", x, y, "text-anchor": anchor }, text);

function scale(top, unit, width) {
  return [0, 0.5, 1].map((part) => {
    const y = down(part * top, top);
    return [
      svg("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y, y2: y }),
      mark(LEFT - 6, y + 4, "end", say("plain", { value: () => unit(part * top) })),
    ];
  });
}

// As many labels as fit side by side.
function times(labels, width) {
  const every = Math.ceil((labels.length * LABEL) / (width - LEFT - RIGHT));
  return labels.map(
    (label, at) =>
      at % every === 0 &&
      mark(across(at, labels.length, width), HEIGHT - 8, "middle", label),
  );
}

function bars(series, labels, top, unit, width) {
  const wide = Math.max(1, ((width - LEFT - RIGHT) / labels.length) * 0.76);
  return labels.map((label, at) => {
    let below = 0;
    const parts = series.map(({ values, style }) => {
      const value = values[at] ?? 0;
      const y = down(below + value, top);
      const height = down(below, top) - y;
      below += value;
      const x = across(at, labels.length, width) - wide / 2;
      return value > 0 && svg("rect", { class: style, x, y, width: wide, height });
    });
    return svg("g", {}, svg("title", {}, tooltip(label, series, at, unit)), parts);
  });
}

function lines(series, labels, top, unit, width) {
  const drawn = series.map(({ values, style }) =>
    stretches(values).map((stretch) =>
      svg("polyline", {
        class: style,
        points: stretch.map(([at, value]) => `${across(at, labels.length, width)},${down(value, top)}`).join(" "),
      }),
    ),
  );
  const points = series.map(({ values, style }) =>
    values.map(
      (value, at) =>
        value !== null &&
        svg(
          "circle",
          { class: style, cx: across(at, labels.length, width), cy: down(value, top), r: 3 },
          svg("title", {}, tooltip(labels[at], series, at, unit)),
        ),
    ),
  );
  return [drawn, points];
}

// Lines end where nothing was measured.
function stretches(values) {
  const found = [[]];
  values.forEach((value, at) => {
    if (value === null) found.push([]);
    else found.at(-1).push([at, value]);
  });
  return found.filter((stretch) => stretch.length > 1);
}

// A figure of a series as text; a dash where nothing was measured.
const figure = ({ values }, at, unit) =>
  say("plain", { value: () => (values[at] === null ? "–" : unit(values[at])) });

const tooltip = (label, series, at, unit) =>
  say("plain", {
    value: () => `${label}: ${series.map((one) => `${one.name} ${figure(one, at, unit)}`).join(", ")}`,
  });

function figures(title, labels, series, unit) {
  const heads = [say("chart.time"), ...series.map(({ name }) => name)];
  return el(
    "details",
    {},
    el("summary", {}, say("chart.figures")),
    el(
      "div",
      { class: "scroll", tabindex: "0", role: "group", "aria-label": say("chart.figures_of", { what: title }) },
      el(
        "table",
        { class: "figures" },
        el("caption", { class: "unseen" }, title),
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
              series.map((one) => el("td", { class: "number" }, figure(one, at, unit))),
            ),
          ),
        ),
      ),
    ),
  );
}
