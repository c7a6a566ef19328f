// Show the image with its boxes: zoom by wheel, pinch, buttons or keys; pan by drag or arrows.

import { el, fill } from "../dom.js";
import { formatPercent, t } from "../i18n.js";
import { boxes } from "./boxes.js";

const ZOOM_STEP = 1.25;
const MAX_SCALE = 16;
const PAN_STEP = 60;
const LONG_RATIO = 3; // height to width

/**
 * Create a viewer.
 *
 * @param {string|null} url of the image, or null if the browser does not have it.
 * @param lines lines of the result.
 * @param {object|null} size `{width, height}` from the response, if given.
 * @param {Function} onPoint receives the index of the line under the pointer, or null, and whether
 *   it was clicked.
 * @returns `{root, tools, highlight(index|null, reveal), filter(isVisible)}`.
 */
export function viewer(url, lines, size, onPoint) {
  const canvas = el("div", { class: "canvas" });
  const viewport = el(
    "div",
    {
      class: "viewport",
      tabindex: "0",
      role: "group",
      "aria-roledescription": t("viewer.role"),
      "aria-label": t("viewer.label"),
    },
    canvas,
  );
  const view = new PanZoom(viewport, canvas);
  let shapes = [];
  let hidden = () => false;
  let highlighted = null;

  function layOut(width, height, image) {
    const drawn = boxes(lines, { width, height }, { withText: image === null });
    shapes = drawn.shapes;
    canvas.classList.toggle("blank", image === null);
    fill(canvas, image, drawn.drawing);
    shapes.forEach((shape, number) => {
      shape.addEventListener("pointerenter", () => onPoint(number, false));
      shape.addEventListener("pointerleave", () => onPoint(null, false));
      shape.addEventListener("click", () => view.dragged || onPoint(number, true));
    });
    show();
    view.use(width, height);
  }
  function show() {
    shapes.forEach((shape, number) => {
      shape.classList.toggle("hidden", hidden(number));
      shape.classList.toggle("highlighted", number === highlighted);
    });
  }
  const blank = () => layOut(...estimateSize(lines, size), null);

  const note = el("p", { class: "fine-print" });
  if (url) {
    const image = el("img", {
      src: url,
      alt: "",
      draggable: "false",
      on: {
        load: () => layOut(image.naturalWidth, image.naturalHeight, image),
        error: () => {
          fill(note, t("viewer.cannot_show"));
          blank();
        },
      },
    });
  } else {
    fill(note, t("viewer.not_fetched"));
    blank();
  }
  return {
    root: el("div", { class: "viewer" }, viewport, note),
    tools: tools(view),
    highlight(number, reveal) {
      highlighted = number;
      show();
      if (number !== null && reveal) view.reveal(lines[number].location);
    },
    filter(keep) {
      hidden = (number) => !keep(number);
      show();
    },
  };
}

// Without the size of the image, derive it from the lines.
function estimateSize(lines, size) {
  if (size) return [size.width, size.height];
  const corners = lines.flatMap(({ location }) => location);
  const furthest = (axis) => Math.max(100, ...corners.map((corner) => corner[axis])) + 20;
  return [furthest(0), furthest(1)];
}

function tools(view) {
  const button = (key, sign, action) =>
    el(
      "button",
      { type: "button", class: "small", "aria-label": t(key), title: t(key), on: { click: action } },
      sign,
    );
  return el(
    "div",
    { class: "viewer-tools", role: "toolbar", "aria-label": t("viewer.tools") },
    button("viewer.zoom_in", "+", () => view.zoom(ZOOM_STEP)),
    button("viewer.zoom_out", "−", () => view.zoom(1 / ZOOM_STEP)),
    button("viewer.fit_image", t("viewer.fit"), () => view.fit()),
    view.scaleShown,
  );
}

/** Pan and zoom the canvas inside the viewport. */
class PanZoom {
  constructor(viewport, canvas) {
    this.viewport = viewport;
    this.canvas = canvas;
    this.size = null;
    this.fitted = true;
    this.dragged = false;
    this.pointers = new Map();
    this.scaleShown = el("output", { class: "fine-print" });
    new ResizeObserver(() => this.size && (this.fitted ? this.fit() : this.#apply())).observe(viewport);
    viewport.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    viewport.addEventListener("keydown", (event) => this.#key(event));
    viewport.addEventListener("pointerdown", (event) => this.#down(event));
    viewport.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel"]) {
      viewport.addEventListener(name, ({ pointerId }) => this.pointers.delete(pointerId));
    }
  }

  use(width, height) {
    this.size = { width, height };
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    // The viewport takes the aspect ratio of the image, within the limits of the style.
    this.viewport.style.aspectRatio = `${width} / ${height}`;
    this.fit();
    if (height > LONG_RATIO * width) this.#showTop();
  }

  // Show the top of a long image at full width, at most at 100 %.
  #showTop() {
    const scale = Math.min(1, this.viewport.clientWidth / this.size.width);
    if (scale <= this.smallest) return;
    this.scale = scale;
    this.x = 0;
    this.y = 0;
    this.#apply();
  }

  /** Fit the image into the viewport, at most four times its size. */
  fit() {
    const { clientWidth: w, clientHeight: h } = this.viewport;
    if (!this.size || w === 0 || h === 0) return;
    this.smallest = Math.min(w / this.size.width, h / this.size.height, 4);
    this.scale = this.smallest;
    this.x = (w - this.size.width * this.scale) / 2;
    this.y = (h - this.size.height * this.scale) / 2;
    this.#apply();
  }

  /** Zoom by a factor around a point of the viewport. */
  zoom(factor, x = this.viewport.clientWidth / 2, y = this.viewport.clientHeight / 2) {
    if (!this.size) return;
    const scale = Math.min(Math.max(this.scale * factor, this.smallest), MAX_SCALE);
    this.x = x - ((x - this.x) * scale) / this.scale;
    this.y = y - ((y - this.y) * scale) / this.scale;
    this.scale = scale;
    if (scale === this.smallest) this.fit();
    else this.#apply();
  }

  /** Pan until these corners are visible. */
  reveal(corners) {
    if (!this.size || this.fitted) return;
    const { clientWidth: w, clientHeight: h } = this.viewport;
    const shift = (axis, start, viewport) => {
      const positions = corners.map((corner) => corner[axis] * this.scale + start);
      const [low, high] = [Math.min(...positions), Math.max(...positions)];
      return low < 0 || high > viewport ? (viewport - low - high) / 2 : 0;
    };
    this.#pan(shift(0, this.x, w), shift(1, this.y, h));
  }

  #pan(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.#apply();
  }

  #apply() {
    const { clientWidth: w, clientHeight: h } = this.viewport;
    this.x = clampStart(this.x, w, this.size.width * this.scale);
    this.y = clampStart(this.y, h, this.size.height * this.scale);
    this.fitted = this.scale === this.smallest;
    this.canvas.style.transform = `translate(${this.x}px, ${this.y}px) scale(${this.scale})`;
    // Keep the stroke width on screen.
    this.canvas.style.setProperty("--unit", `${1 / this.scale}px`);
    this.viewport.classList.toggle("zoomed", !this.fitted);
    fill(this.scaleShown, formatPercent(this.scale));
  }

  // The plain wheel scrolls the page; a touchpad pinch arrives with ctrlKey.
  #wheel(event) {
    if (!event.ctrlKey) return;
    event.preventDefault();
    const { x, y } = this.#place(event);
    this.zoom(Math.exp(-event.deltaY / 200), x, y);
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = {
      "+": () => this.zoom(ZOOM_STEP),
      "=": () => this.zoom(ZOOM_STEP),
      "-": () => this.zoom(1 / ZOOM_STEP),
      0: () => this.fit(),
      ArrowLeft: () => this.#pan(PAN_STEP, 0),
      ArrowRight: () => this.#pan(-PAN_STEP, 0),
      ArrowUp: () => this.#pan(0, PAN_STEP),
      ArrowDown: () => this.#pan(0, -PAN_STEP),
    }[event.key];
    if (!act || !this.size || (this.fitted && event.key.startsWith("Arrow"))) return;
    event.preventDefault();
    act();
  }

  #down(event) {
    this.dragged = false;
    if (event.isPrimary) this.pointers.clear(); // remaining pointers were released outside
    this.pointers.set(event.pointerId, this.#place(event));
  }

  #move(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before || !this.size) return;
    if (!event.buttons) {
      this.pointers.delete(event.pointerId); // released outside before it was captured
      return;
    }
    const now = this.#place(event);
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    const moved = Math.hypot(now.x - before.x, now.y - before.y);
    if (!this.dragged && moved < 4) return; // tolerate movement during a click
    if (!this.dragged) this.viewport.setPointerCapture(event.pointerId);
    this.dragged = true;
    this.pointers.set(event.pointerId, now);
    if (other) {
      const apart = (point) => Math.max(1, Math.hypot(point.x - other.x, point.y - other.y));
      this.zoom(apart(now) / apart(before), (now.x + other.x) / 2, (now.y + other.y) / 2);
    } else if (!this.fitted) {
      this.#pan(now.x - before.x, now.y - before.y);
    }
  }

  #place(event) {
    const { left, top } = this.viewport.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }
}

// Clamp the start of the canvas: centred if smaller than the viewport, else covering it.
const clampStart = (start, viewport, canvas) =>
  canvas <= viewport ? (viewport - canvas) / 2 : Math.min(0, Math.max(viewport - canvas, start));
