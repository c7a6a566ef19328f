// Classify confidence in three levels, shown by colour and stroke.

import { el } from "../dom.js";
import { formatPercent, t } from "../i18n.js";

/** Levels with their lower bound, highest first. */
const LEVELS = [
  { name: "high", from: 0.95 },
  { name: "medium", from: 0.8 },
  { name: "low", from: 0 },
];

/** Return the level of a confidence. */
export const confidenceLevel = (confidence) => LEVELS.find(({ from }) => confidence >= from).name;

/** Create the legend of the colours. */
export const legend = () =>
  el(
    "ul",
    { class: "legend", "aria-label": t("legend.label") },
    LEVELS.map(({ name, from }) =>
      el(
        "li",
        { class: name },
        el("span", { class: "swatch", "aria-hidden": "true" }),
        t(`legend.${name}`, { from: formatPercent(from) }),
      ),
    ),
  );
