// Show the number, outcome and latency of calls.

import { ApiError } from "../api.js";
import { chart } from "../charts.js";
import { el, fill, freshId } from "../dom.js";
import { asyncSection, errorAdvice, errorBox } from "../feedback.js";
import { saveFile, withBom } from "../files.js";
import { formatDuration, formatNumber, formatPercent, formatTime, t } from "../i18n.js";
import { projectId, request, requestText } from "../session.js";
import { actionButton, table } from "../table.js";

const MINUTE = 60000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR; // the server counts days in UTC
/** Number of steps of each range, their length, name and label format. */
const RANGES = {
  hour: { steps: 60, length: MINUTE, step: "minute", label: { timeStyle: "short" } },
  day: { steps: 24, length: HOUR, step: "hour", label: { timeStyle: "short" } },
  month: { steps: 30, length: DAY, step: "day", label: { month: "short", day: "numeric", timeZone: "UTC" } },
};

/** Build the view. */
export function build() {
  let range = "day";
  const scope = el("select", { id: freshId("whose"), on: { change: () => usage.refresh() } }, [
    el("option", { value: "project" }, t("usage.project")),
    el("option", { value: "account" }, t("usage.account")),
  ]);
  const usage = asyncSection(async () => request("GET", usageUrl("json")), draw);
  const errors = el("div", {});
  const download = actionButton(
    t("usage.csv"),
    undefined,
    async () => {
      fill(errors);
      saveFile(`usage-${range}.csv`, withBom(await requestText(usageUrl("csv"), "text/csv")), "text/csv");
    },
    (error) => fill(errors, errorBox(error)),
  );

  function usageUrl(format) {
    const { steps, length, step } = RANGES[range];
    const end = Math.floor(Date.now() / length + 1) * length; // the current step is the last
    const time = (at) => new Date(at).toISOString().replace(".000Z", "Z");
    const query = new URLSearchParams({ from: time(end - steps * length), to: time(end), step, format });
    if (scope.value === "project" && projectId()) query.set("project_id", projectId());
    return `/v1/usage?${query}`;
  }
  function draw({ points, total }) {
    const form = RANGES[range].label;
    const labels = points.map(({ at }) => t("plain", { value: () => formatTime(at, form) }));
    return el(
      "div",
      { class: "usage" },
      tiles(total),
      total.calls === 0 && el("p", { class: "empty" }, t("usage.none")),
      el("div", { class: "columns" }, volume(labels, points), latency(labels, points)),
      el("section", { class: "card" }, el("h2", {}, t("usage.codes")), codes(total)),
    );
  }
  const ranges = el(
    "fieldset",
    { class: "segmented" },
    el("legend", { class: "visually-hidden" }, t("usage.range")),
    Object.keys(RANGES).map((name) => {
      const id = freshId("range");
      const choose = () => {
        range = name;
        usage.refresh();
      };
      return [
        el("input", { type: "radio", name: "range", id, checked: name === range, on: { change: choose } }),
        el("label", { for: id }, t(`usage.${name}`)),
      ];
    }),
  );

  usage.refresh();
  const root = el(
    "div",
    { class: "view" },
    el("h1", {}, t("usage.title")),
    el(
      "div",
      { class: "tool-row" },
      ranges,
      el("span", { class: "field" }, el("label", { for: scope.id }, t("usage.whose")), scope),
      el("button", { type: "button", class: "small", on: { click: usage.refresh } }, t("usage.refresh")),
      download,
    ),
    errors,
    usage.root,
  );
  return { root, refresh: usage.refresh };
}

function tiles({ calls, succeeded, failed, latency_ms: times }) {
  const tile = (key, value) =>
    el("div", { class: "tile" }, el("dt", {}, t(key)), el("dd", {}, t("plain", { value })));
  const time = (name) => () => (times ? formatDuration(times[name]) : "–");
  return el(
    "dl",
    { class: "tiles" },
    tile("usage.calls", () => formatNumber(calls)),
    tile("usage.succeeded", () => formatNumber(succeeded)),
    tile("usage.failed", () => formatNumber(failed)),
    tile("usage.rate", () => (calls ? formatPercent(succeeded / calls, 1) : "–")),
    tile("usage.p50", time("p50")),
    tile("usage.p95", time("p95")),
  );
}

const volume = (labels, points) =>
  chart({
    title: t("usage.volume"),
    labels,
    form: "bars",
    series: [
      { name: t("usage.succeeded"), style: "succeeded", values: points.map(({ succeeded }) => succeeded) },
      { name: t("usage.failed"), style: "failed", values: points.map(({ failed }) => failed) },
    ],
  });

const latency = (labels, points) =>
  chart({
    title: t("usage.latency"),
    labels,
    form: "lines",
    unit: (value) => formatDuration(value),
    series: ["p50", "p95", "p99"].map((name) => ({
      name: t(`usage.${name}`),
      style: name,
      values: points.map(({ latency_ms: times }) => times?.[name] ?? null),
    })),
  });

const codes = ({ codes: found }) =>
  table(
    t("usage.codes"),
    [t("usage.code"), t("usage.status"), t("usage.calls"), t("usage.meaning")],
    found.map(({ code, status, calls }) => [
      el("code", {}, code),
      String(status),
      t("plain", { value: calls }),
      errorAdvice(new ApiError({ status, code })),
    ]),
  );
