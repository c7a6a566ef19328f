// Build DOM nodes. All text is inserted as text, never parsed as markup.

import { setAttribute, textNode } from "./i18n.js";

const SVG = "http://www.w3.org/2000/svg";

/**
 * Create an element.
 *
 * @param {string} tag
 * @param {object} props attributes (false, null and undefined omit one, true sets an empty one);
 *   `on` holds listeners by event.
 * @param children nodes, texts, Messages, or lists of them; null and false are skipped.
 */
export function el(tag, props = {}, ...children) {
  return build(document.createElement(tag), props, children);
}

/** Create an SVG element. */
export function svg(tag, props = {}, ...children) {
  return build(document.createElementNS(SVG, tag), props, children);
}

/** Replace all children. */
export function fill(parent, ...children) {
  parent.replaceChildren(...toNodes(children));
}

function build(element, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) {
        element.addEventListener(event, listener);
      }
    } else if (value !== false && value !== undefined && value !== null) {
      setAttribute(element, name, value === true ? "" : value);
    }
  }
  element.append(...toNodes(children));
  return element;
}

function toNodes(children) {
  return children
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : textNode(child)));
}

let count = 0;

/** Return an ID that is unique on the page. */
export const freshId = (prefix) => `${prefix}-${++count}`;
