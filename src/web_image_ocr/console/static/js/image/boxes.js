// Draw the boxes of lines in the coordinates of the image.

import { svg } from "../dom.js";
import { confidenceLevel } from "./confidence.js";

/**
 * Create an SVG with the boxes of lines.
 *
 * @param lines `{words, confidence, location}` of each.
 * @param size `{width, height}` of the image, pixels.
 * @param options `withText` writes each line into its box, if there is no image to show.
 * @returns `{drawing, shapes}`, shapes in the order of the lines.
 */
export function boxes(lines, { width, height }, { withText = false } = {}) {
  const shapes = lines.map(({ confidence, location }) =>
    svg("polygon", {
      class: `box ${confidenceLevel(confidence)}`,
      points: location.map((corner) => corner.join(",")).join(" "),
    }),
  );
  const drawing = svg(
    "svg",
    { class: "boxes", viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" },
    shapes,
    withText && lines.map(boxText),
  );
  return { drawing, shapes };
}

// Write the text along the first edge of its box, as wide as that edge. A tall box holds vertical
// text, written downwards.
function boxText({ words, location }) {
  const [[ax, ay], [bx, by], , [dx, dy]] = location;
  const wide = Math.hypot(bx - ax, by - ay);
  const high = Math.hypot(dx - ax, dy - ay);
  const column = high > 1.5 * wide && [...words].length > 1;
  const place = `translate(${ax} ${ay}) rotate(${(Math.atan2(by - ay, bx - ax) * 180) / Math.PI})`;
  if (column) {
    const step = high / [...words].length;
    return svg(
      "g",
      { transform: place, class: "box-text" },
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
      class: "box-text",
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
