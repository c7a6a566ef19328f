// Show the formatDuration of each stage of a call, from `Server-Timing`.

import { el, svg } from "../dom.js";
import { formatDuration, hasMessage, t } from "../i18n.js";

/** Create a table of stages with bars. */
export function timingTable(timings) {
  if (timings.length === 0) return el("p", { class: "empty" }, t("timing.none"));
  const longest = Math.max(...timings.map(({ ms }) => ms), 1);
  return el(
    "table",
    { class: "timing" },
    el("caption", {}, t("timing.caption")),
    el(
      "thead",
      {},
      el(
        "tr",
        {},
        el("th", { scope: "col" }, t("timing.stage")),
        el("th", { scope: "col", colspan: 2 }, t("timing.time")),
      ),
    ),
    el(
      "tbody",
      {},
      timings.map(({ stage, ms }) =>
        el(
          "tr",
          { class: stage === "total" && "total" },
          el("th", { scope: "row" }, hasMessage(`timing.${stage}`) ? t(`timing.${stage}`) : stage),
          el("td", { class: "number" }, t("plain", { value: () => formatDuration(ms) })),
          el("td", { class: "bar-cell" }, bar(ms / longest)),
        ),
      ),
    ),
  );
}

const bar = (share) =>
  svg(
    "svg",
    { class: "bar-line", viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { x: 0, y: 0, height: 8, width: Math.max(share * 100, 0.5) }),
  );
