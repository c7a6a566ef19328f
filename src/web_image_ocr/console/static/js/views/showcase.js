// What the service does, in one look: a sample with the boxes and lines that it answers.

import { el } from "../dom.js";
import { say } from "../i18n.js";
import { band } from "../picture/confidence.js";
import { boxes } from "../picture/boxes.js";
import { SAMPLES, sampleAddress } from "../picture/samples.js";

/** A picture of the service at work; nothing in it can be clicked. */
export function showcase() {
  const { name, width, height, lines } = SAMPLES[0];
  return el(
    "figure",
    { class: "showcase" },
    el(
      "div",
      { class: "showcase-picture" },
      el("img", { src: sampleAddress(`${name}-shown.webp`), alt: say("showcase.picture"), width, height }),
      boxes(lines, { width, height }).drawing,
    ),
    el(
      "ol",
      { "aria-label": say("showcase.lines") },
      lines.map((line) => el("li", { class: `line ${band(line.confidence)}` }, line.words)),
    ),
  );
}
