// Boxes of lines, drawn over a picture in the picture's own coordinates.

import { svg } from "../dom.js";
import { band } from "./confidence.js";

/**
 * A drawing of the lines' boxes.
 *
 * @param lines `{words, confidence, location}` of each.
 * @param size `{width, height}` of the picture, pixels.
 * @param options `withText` writes each line into its box, where there is no picture to show.
 * @returns the drawing and its boxes, in the order of the lines.
 */
export function boxes(lines, { width, height }, { withText = false } = {}) {
  const shapes = lines.map(({ confidence, location }) =>
    svg("polygon", {
      class: `box ${band(confidence)}`,
      points: location.map((corner) => corner.join(",")).join(" "),
    }),
  );
  const drawing = svg(
    "svg",
    { class: "boxes", viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" },
    shapes,
    withText && lines.map(lettering),
  );
  return { drawing, shapes };
}

// The text along its box's first edge, as wide as that edge. A box that is taller than wide holds
// a column of text, which is written downwards.
function lettering({ words, location }) {
  const [[ax, ay], [bx, by], , [dx, dy]] = location;
  const wide = Math.hypot(bx - ax, by - ay);
  const high = Math.hypot(dx - ax, dy - ay);
  const column = high > 1.5 * wide && [...words].length > 1;
  const place = `translate(${ax} ${ay}) rotate(${(Math.atan2(by - ay, bx - ax) * 180) / Math.PI})`;
  if (column) {
    const step = high / [...words].length;
    return svg(
      "g",
      { transform: place, class: "lettering" },
      [...words].map((character, row) =>
        svg(
          "text",
          { x: wide / 2, y: (row + 0.85) * step, "font-size": Math.min(wide, step) * 0.9, "text-anchor": "middle" },
          character,
        ),
      ),
    );
  }
  return svg(
    "text",
    {
      class: "lettering",
      transform: place,
      x: 0,
      y: high * 0.78,
      "font-size": high * 0.8,
      textLength: wide,
      lengthAdjust: "spacingAndGlyphs",
    },
    words,
  );
}
