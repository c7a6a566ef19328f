// The picture with its boxes: zoom by wheel, pinch, buttons or keys, pan by dragging or arrows.

import { el, fill } from "../dom.js";
import { percent, say } from "../i18n.js";
import { boxes } from "./boxes.js";

const STEP = 1.25;
const CLOSEST = 16;
const PAN = 60;
const LONG = 3; // times as high as wide

/**
 * A viewer of one answer.
 *
 * @param {string|null} address of the picture, or null where the browser has none to show.
 * @param lines of the answer.
 * @param {object|null} size `{width, height}` that the server says, if it does.
 * @param {Function} pointed told the number of the line under the pointer, or null, and whether it
 *   was clicked.
 * @returns `{root, tools, mark(number|null, bring), filter(keep)}`.
 */
export function viewer(address, lines, size, pointed) {
  const sheet = el("div", { class: "sheet" });
  const stage = el(
    "div",
    {
      class: "stage",
      tabindex: "0",
      role: "group",
      "aria-roledescription": say("viewer.role"),
      "aria-label": say("viewer.label"),
    },
    sheet,
  );
  const view = new View(stage, sheet);
  let shapes = [];
  let hidden = () => false;
  let marked = null;

  function lay(width, height, picture) {
    const drawn = boxes(lines, { width, height }, { withText: picture === null });
    shapes = drawn.shapes;
    sheet.classList.toggle("blank", picture === null);
    fill(sheet, picture, drawn.drawing);
    shapes.forEach((shape, number) => {
      shape.addEventListener("pointerenter", () => pointed(number, false));
      shape.addEventListener("pointerleave", () => pointed(null, false));
      shape.addEventListener("click", () => view.dragged || pointed(number, true));
    });
    show();
    view.use(width, height);
  }
  function show() {
    shapes.forEach((shape, number) => {
      shape.classList.toggle("hidden", hidden(number));
      shape.classList.toggle("marked", number === marked);
    });
  }
  const blank = () => lay(...extent(lines, size), null);

  const note = el("p", { class: "fine" });
  if (address) {
    const picture = el("img", {
      src: address,
      alt: "",
      draggable: "false",
      on: {
        load: () => lay(picture.naturalWidth, picture.naturalHeight, picture),
        error: () => {
          fill(note, say("viewer.cannot_show"));
          blank();
        },
      },
    });
  } else {
    fill(note, say("viewer.not_fetched"));
    blank();
  }
  return {
    root: el("div", { class: "viewer" }, stage, note),
    tools: tools(view),
    mark(number, bring) {
      marked = number;
      show();
      if (number !== null && bring) view.bring(lines[number].location);
    },
    filter(keep) {
      hidden = (number) => !keep(number);
      show();
    },
  };
}

// Where nothing says how large the picture is, the lines do.
function extent(lines, size) {
  if (size) return [size.width, size.height];
  const corners = lines.flatMap(({ location }) => location);
  const furthest = (axis) => Math.max(100, ...corners.map((corner) => corner[axis])) + 20;
  return [furthest(0), furthest(1)];
}

function tools(view) {
  const button = (key, sign, action) =>
    el(
      "button",
      { type: "button", class: "small", "aria-label": say(key), title: say(key), on: { click: action } },
      sign,
    );
  return el(
    "div",
    { class: "viewer-tools", role: "toolbar", "aria-label": say("viewer.tools") },
    button("viewer.closer", "+", () => view.zoom(STEP)),
    button("viewer.farther", "−", () => view.zoom(1 / STEP)),
    button("viewer.whole", say("viewer.fit"), () => view.fit()),
    view.scaleShown,
  );
}

/** What part of the sheet is seen on the stage, and how large. */
class View {
  constructor(stage, sheet) {
    this.stage = stage;
    this.sheet = sheet;
    this.size = null;
    this.fitted = true;
    this.dragged = false;
    this.pointers = new Map();
    this.scaleShown = el("output", { class: "fine" });
    new ResizeObserver(() => this.size && (this.fitted ? this.fit() : this.#apply())).observe(stage);
    stage.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    stage.addEventListener("keydown", (event) => this.#key(event));
    stage.addEventListener("pointerdown", (event) => this.#down(event));
    stage.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel"]) {
      stage.addEventListener(name, ({ pointerId }) => this.pointers.delete(pointerId));
    }
  }

  use(width, height) {
    this.size = { width, height };
    this.sheet.style.width = `${width}px`;
    this.sheet.style.height = `${height}px`;
    // The stage takes the picture's shape, within what the style allows.
    this.stage.style.aspectRatio = `${width} / ${height}`;
    this.fit();
    if (height > LONG * width) this.#beginAtTop();
  }

  // A long page is too small to read as a whole: shown as wide as it goes, at most as it is.
  #beginAtTop() {
    const scale = Math.min(1, this.stage.clientWidth / this.size.width);
    if (scale <= this.smallest) return;
    this.scale = scale;
    this.x = 0;
    this.y = 0;
    this.#apply();
  }

  /** Shows all of it, a small one not beyond four times its size. */
  fit() {
    const { clientWidth: w, clientHeight: h } = this.stage;
    if (!this.size || w === 0 || h === 0) return;
    this.smallest = Math.min(w / this.size.width, h / this.size.height, 4);
    this.scale = this.smallest;
    this.x = (w - this.size.width * this.scale) / 2;
    this.y = (h - this.size.height * this.scale) / 2;
    this.#apply();
  }

  /** Makes it larger by a factor, around a point of the stage. */
  zoom(factor, x = this.stage.clientWidth / 2, y = this.stage.clientHeight / 2) {
    if (!this.size) return;
    const scale = Math.min(Math.max(this.scale * factor, this.smallest), CLOSEST);
    this.x = x - ((x - this.x) * scale) / this.scale;
    this.y = y - ((y - this.y) * scale) / this.scale;
    this.scale = scale;
    if (scale === this.smallest) this.fit();
    else this.#apply();
  }

  /** Pans until these corners are seen, if they are not. */
  bring(corners) {
    if (!this.size || this.fitted) return;
    const { clientWidth: w, clientHeight: h } = this.stage;
    const shift = (axis, start, stage) => {
      const places = corners.map((corner) => corner[axis] * this.scale + start);
      const [low, high] = [Math.min(...places), Math.max(...places)];
      return low < 0 || high > stage ? (stage - low - high) / 2 : 0;
    };
    this.#pan(shift(0, this.x, w), shift(1, this.y, h));
  }

  #pan(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.#apply();
  }

  #apply() {
    const { clientWidth: w, clientHeight: h } = this.stage;
    this.x = within(this.x, w, this.size.width * this.scale);
    this.y = within(this.y, h, this.size.height * this.scale);
    this.fitted = this.scale === this.smallest;
    this.sheet.style.transform = `translate(${this.x}px, ${this.y}px) scale(${this.scale})`;
    // Strokes stay as wide as they are on the screen.
    this.sheet.style.setProperty("--unit", `${1 / this.scale}px`);
    this.stage.classList.toggle("zoomed", !this.fitted);
    fill(this.scaleShown, percent(this.scale));
  }

  // The plain wheel scrolls the page, as everywhere; pinching a touchpad comes with ctrlKey.
  #wheel(event) {
    if (!event.ctrlKey) return;
    event.preventDefault();
    const { x, y } = this.#place(event);
    this.zoom(Math.exp(-event.deltaY / 200), x, y);
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = {
      "+": () => this.zoom(STEP),
      "=": () => this.zoom(STEP),
      "-": () => this.zoom(1 / STEP),
      0: () => this.fit(),
      ArrowLeft: () => this.#pan(PAN, 0),
      ArrowRight: () => this.#pan(-PAN, 0),
      ArrowUp: () => this.#pan(0, PAN),
      ArrowDown: () => this.#pan(0, -PAN),
    }[event.key];
    if (!act || !this.size || (this.fitted && event.key.startsWith("Arrow"))) return;
    event.preventDefault();
    act();
  }

  #down(event) {
    this.dragged = false;
    if (event.isPrimary) this.pointers.clear(); // any that are left were let go unseen
    this.pointers.set(event.pointerId, this.#place(event));
  }

  #move(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before || !this.size) return;
    if (!event.buttons) {
      this.pointers.delete(event.pointerId); // let go outside, before it had moved and was captured
      return;
    }
    const now = this.#place(event);
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    const moved = Math.hypot(now.x - before.x, now.y - before.y);
    if (!this.dragged && moved < 4) return; // a hand that clicks is never quite still
    if (!this.dragged) this.stage.setPointerCapture(event.pointerId);
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
    const { left, top } = this.stage.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }
}

// Where a sheet of a length may begin: centred if it is smaller than the stage, else filling it.
const within = (start, stage, sheet) =>
  sheet <= stage ? (stage - sheet) / 2 : Math.min(0, Math.max(stage - sheet, start));
