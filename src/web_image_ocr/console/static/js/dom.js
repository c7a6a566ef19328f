// Building the page. All text goes in as text: there is no way here to pass markup.

import { setAttribute, textNode } from "./i18n.js";

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element.
 *
 * @param {string} tag
 * @param {object} props attributes (false and undefined leave one out, true is an empty one);
 *   `on` holds listeners by event.
 * @param children nodes, texts, Said, or lists of them; null is left out.
 */
export function el(tag, props = {}, ...children) {
  return filled(document.createElement(tag), props, children);
}

/** As `el`, for a part of a drawing. */
export function svg(tag, props = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), props, children);
}

/** Puts children in place of all that is there. */
export function fill(parent, ...children) {
  parent.replaceChildren(...nodes(children));
}

function filled(element, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) {
        element.addEventListener(event, listener);
      }
    } else if (value !== false && value !== undefined && value !== null) {
      setAttribute(element, name, value === true ? "" : value);
    }
  }
  element.append(...nodes(children));
  return element;
}

function nodes(children) {
  return children
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : textNode(child)));
}

let count = 0;

/** An id that nothing else on the page has. */
export const freshId = (start) => `${start}-${++count}`;
