// How long each stage of a call took, as the server says in `Server-Timing`.

import { el, svg } from "../dom.js";
import { duration, knows, say } from "../i18n.js";

/** The stages of an answer as a table with bars. */
export function timingTable(timings) {
  if (timings.length === 0) return el("p", { class: "nothing" }, say("timing.none"));
  const longest = Math.max(...timings.map(({ ms }) => ms), 1);
  return el(
    "table",
    { class: "timing" },
    el("caption", {}, say("timing.caption")),
    el(
      "thead",
      {},
      el(
        "tr",
        {},
        el("th", { scope: "col" }, say("timing.stage")),
        el("th", { scope: "col", colspan: 2 }, say("timing.time")),
      ),
    ),
    el(
      "tbody",
      {},
      timings.map(({ stage, ms }) =>
        el(
          "tr",
          { class: stage === "total" && "total" },
          el("th", { scope: "row" }, knows(`timing.${stage}`) ? say(`timing.${stage}`) : stage),
          el("td", { class: "number" }, say("plain", { value: () => duration(ms) })),
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
