// Show what the service does: a sample image with its boxes and lines.

import { el } from "../dom.js";
import { t } from "../i18n.js";
import { boxes } from "../image/boxes.js";
import { confidenceLevel } from "../image/confidence.js";
import { SAMPLES, sampleUrl } from "../image/samples.js";

/** Create the showcase; it is not interactive. */
export function showcase() {
  const { name, width, height, lines } = SAMPLES[0];
  return el(
    "figure",
    { class: "showcase" },
    el(
      "div",
      { class: "showcase-image" },
      el("img", { src: sampleUrl(`${name}-shown.webp`), alt: t("showcase.image"), width, height }),
      boxes(lines, { width, height }).drawing,
    ),
    el(
      "ol",
      { "aria-label": t("showcase.lines") },
      lines.map((line) => el("li", { class: `line ${confidenceLevel(line.confidence)}` }, line.words)),
    ),
  );
}
