// How sure a reading is, in three bands that are told apart by colour and by stroke.

import { el } from "../dom.js";
import { percent, say } from "../i18n.js";

/** The bands, surest first, with the confidence each begins at. */
const BANDS = [
  { name: "sure", from: 0.95 },
  { name: "fair", from: 0.8 },
  { name: "weak", from: 0 },
];

/** The name of a confidence's band. */
export const band = (confidence) => BANDS.find(({ from }) => confidence >= from).name;

/** What the colours mean. */
export const legend = () =>
  el(
    "ul",
    { class: "legend", "aria-label": say("legend.label") },
    BANDS.map(({ name, from }) =>
      el(
        "li",
        { class: name },
        el("span", { class: "swatch", "aria-hidden": "true" }),
        say(`legend.${name}`, { from: percent(from) }),
      ),
    ),
  );
