// Monitoring: how many calls there were, how they ended and how long they took.

import { ApiError } from "../api.js";
import { chart } from "../charts.js";
import { el, fill, freshId } from "../dom.js";
import { forSpreadsheets, save } from "../files.js";
import { duration, moment, number, percent, say } from "../i18n.js";
import { problem, whatToDo } from "../messages.js";
import { livePart } from "../router.js";
import { ask, askText, projectId } from "../session.js";
import { actionButton, table } from "../table.js";

const MINUTE = 60000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR; // as the server counts them, by UTC
/** How many steps each range has, how long one is, its name, and how it is written. */
const RANGES = {
  hour: { steps: 60, length: MINUTE, step: "minute", label: { timeStyle: "short" } },
  day: { steps: 24, length: HOUR, step: "hour", label: { timeStyle: "short" } },
  month: { steps: 30, length: DAY, step: "day", label: { month: "short", day: "numeric", timeZone: "UTC" } },
};

/** Builds the view. */
export function build() {
  let range = "day";
  const whole = el("select", { id: freshId("whose"), on: { change: () => usage.refresh() } }, [
    el("option", { value: "project" }, say("usage.project")),
    el("option", { value: "account" }, say("usage.account")),
  ]);
  const usage = livePart(async () => ask("GET", address("json")), draw);
  const errors = el("div", {});
  const download = actionButton(
    say("usage.csv"),
    undefined,
    async () => {
      fill(errors);
      save(`usage-${range}.csv`, forSpreadsheets(await askText(address("csv"), "text/csv")), "text/csv");
    },
    (error) => fill(errors, problem(error)),
  );

  function address(format) {
    const { steps, length, step } = RANGES[range];
    const end = Math.floor(Date.now() / length + 1) * length; // the step under way is the last
    const time = (at) => new Date(at).toISOString().replace(".000Z", "Z");
    const query = new URLSearchParams({ from: time(end - steps * length), to: time(end), step, format });
    if (whole.value === "project" && projectId()) query.set("project_id", projectId());
    return `/v1/usage?${query}`;
  }
  function draw({ points, total }) {
    const form = RANGES[range].label;
    const labels = points.map(({ at }) => say("plain", { value: () => moment(at, form) }));
    return el(
      "div",
      { class: "usage" },
      tiles(total),
      total.calls === 0 && el("p", { class: "nothing" }, say("usage.none")),
      el("div", { class: "columns" }, volume(labels, points), latency(labels, points)),
      el("section", { class: "card" }, el("h2", {}, say("usage.codes")), codes(total)),
    );
  }
  const ranges = el(
    "fieldset",
    { class: "segments" },
    el("legend", { class: "unseen" }, say("usage.range")),
    Object.keys(RANGES).map((name) => {
      const id = freshId("range");
      const choose = () => {
        range = name;
        usage.refresh();
      };
      return [
        el("input", { type: "radio", name: "range", id, checked: name === range, on: { change: choose } }),
        el("label", { for: id }, say(`usage.${name}`)),
      ];
    }),
  );

  usage.refresh();
  const root = el(
    "div",
    { class: "view" },
    el("h1", {}, say("usage.title")),
    el(
      "div",
      { class: "tool-row" },
      ranges,
      el("span", { class: "field" }, el("label", { for: whole.id }, say("usage.whose")), whole),
      el("button", { type: "button", class: "small", on: { click: usage.refresh } }, say("usage.refresh")),
      download,
    ),
    errors,
    usage.place,
  );
  return { root, refresh: usage.refresh };
}

function tiles({ calls, succeeded, failed, latency_ms: times }) {
  const tile = (key, value) =>
    el("div", { class: "tile" }, el("dt", {}, say(key)), el("dd", {}, say("plain", { value })));
  const time = (name) => () => (times ? duration(times[name]) : "–");
  return el(
    "dl",
    { class: "tiles" },
    tile("usage.calls", () => number(calls)),
    tile("usage.succeeded", () => number(succeeded)),
    tile("usage.failed", () => number(failed)),
    tile("usage.rate", () => (calls ? percent(succeeded / calls, 1) : "–")),
    tile("usage.p50", time("p50")),
    tile("usage.p95", time("p95")),
  );
}

const volume = (labels, points) =>
  chart({
    title: say("usage.volume"),
    labels,
    form: "bars",
    series: [
      { name: say("usage.succeeded"), style: "good", values: points.map(({ succeeded }) => succeeded) },
      { name: say("usage.failed"), style: "bad", values: points.map(({ failed }) => failed) },
    ],
  });

const latency = (labels, points) =>
  chart({
    title: say("usage.latency"),
    labels,
    form: "lines",
    unit: (value) => duration(value),
    series: ["p50", "p95", "p99"].map((name) => ({
      name: say(`usage.${name}`),
      style: name,
      values: points.map(({ latency_ms: times }) => times?.[name] ?? null),
    })),
  });

const codes = ({ codes: found }) =>
  table(
    say("usage.codes"),
    [say("usage.code"), say("usage.status"), say("usage.calls"), say("usage.meaning")],
    found.map(({ code, status, calls }) => [
      el("code", {}, code),
      String(status),
      say("plain", { value: calls }),
      whatToDo(new ApiError({ status, code })),
    ]),
  );
