// Which view is shown. A view is built once and kept while one looks at others, with all that was
// typed into it.

import { el, fill } from "./dom.js";
import { retranslate, say } from "./i18n.js";
import { problem } from "./messages.js";

/** The views: their names in the address, and the file of each, fetched when it is first shown. */
const LOADERS = {
  try: () => import("./views/try_it.js"),
  service: () => import("./views/service.js"),
  keys: () => import("./views/keys.js"),
  monitoring: () => import("./views/monitoring.js"),
  administration: () => import("./views/administration.js"),
  account: () => import("./views/account.js"),
};

const built = new Map(); // name -> {root, refresh, close}; the latter two where there is need
let main = null; // null while the sign-in stands in place of everything
let allowed = () => true;
let onShown = () => {};

window.addEventListener("hashchange", () => show({ moveFocus: true }));

/**
 * Starts to follow the address.
 *
 * @param {HTMLElement} place where views are shown.
 * @param {Function} may whether the view of a name may be shown.
 * @param {Function} shown told the name of each view that is shown.
 */
export function startRouter(place, may, shown) {
  main = place;
  allowed = may;
  onShown = shown;
}

/** Shows nothing until it is started again, and forgets all views. */
export function stopRouter() {
  main = null;
  dropViews();
}

// The name of the view in the address, or the first one.
function wantedView() {
  const name = location.hash.replace(/^#\/?/, "");
  return Object.hasOwn(LOADERS, name) && allowed(name) ? name : "try";
}

/** Forgets all views, and ends what they do: somebody has signed out, or another person in. */
export function dropViews() {
  built.forEach(({ close }) => close?.());
  built.clear();
}

/** Lets the view on show ask the server anew. */
export const refreshView = () => built.get(wantedView())?.refresh?.();

/** Says all views anew, those out of sight too. */
export const retranslateViews = () => built.forEach(({ root }) => retranslate(root));

/** Shows the view in the address. */
export async function show({ moveFocus = false } = {}) {
  if (!main) return;
  const name = wantedView();
  let view = built.get(name);
  if (view) {
    view.refresh?.();
  } else {
    const part = await LOADERS[name]().catch(() => null);
    // Another one was asked for while this one was fetched, or somebody has signed out.
    if (!main || name !== wantedView()) return;
    if (!part) {
      fill(main, el("h1", {}, say("renewed.title")), renewed());
      return;
    }
    // Twice asked for while it was fetched, it is built once all the same.
    view = built.get(name) ?? part.build();
    built.set(name, view);
  }
  fill(main, view.root);
  window.scrollTo(0, 0);
  onShown(name);
  if (moveFocus) {
    const heading = view.root.querySelector("h1");
    heading?.setAttribute("tabindex", "-1");
    heading?.focus();
  }
}

/**
 * What is said where a part of the console cannot be fetched: mostly the server has been renewed
 * since this page was opened, and the parts have other addresses.
 */
export const renewed = () =>
  el(
    "div",
    { class: "live", role: "alert" },
    el("p", {}, say("renewed.text")),
    el(
      "button",
      { type: "button", class: "primary", on: { click: () => location.reload() } },
      say("renewed.reload"),
    ),
  );

/**
 * A part of a view that shows what the server says: asks, shows `draw(answer)`, or the problem
 * with a way to try again. Gives the place and a function that asks anew.
 */
export function livePart(ask, draw) {
  const place = el("div", { class: "live" });
  let latest = 0;
  async function refresh() {
    const mine = ++latest;
    place.setAttribute("aria-busy", "true");
    let shown;
    try {
      shown = draw(await ask());
    } catch (error) {
      shown = problem(error, refresh);
    }
    if (mine !== latest) return; // a later answer is on its way
    place.removeAttribute("aria-busy");
    fill(place, shown);
  }
  return { place, refresh };
}
