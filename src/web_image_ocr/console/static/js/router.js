// Show the view in the URL. Views are built once and kept with what was typed into them.

import { el, fill } from "./dom.js";
import { reloadPrompt } from "./feedback.js";
import { retranslate, t } from "./i18n.js";

/** Loaders of the views by their name in the URL; each is fetched when it is first shown. */
const LOADERS = {
  try: () => import("./views/try_it.js"),
  service: () => import("./views/service.js"),
  keys: () => import("./views/keys.js"),
  monitoring: () => import("./views/monitoring.js"),
  administration: () => import("./views/administration.js"),
  account: () => import("./views/account.js"),
};

const views = new Map(); // name -> {root, refresh, close}
let main = null; // null while the sign-in page is shown
let allowed = () => true;
let onShown = () => {};

window.addEventListener("hashchange", () => showView({ moveFocus: true }));

/**
 * Start to follow the URL.
 *
 * @param {HTMLElement} container of the views.
 * @param {Function} canShow returns whether a view may be shown.
 * @param {Function} onShow receives the name of each view that is shown.
 */
export function startRouter(container, canShow, onShow) {
  main = container;
  allowed = canShow;
  onShown = onShow;
}

/** Stop to follow the URL and close all views. */
export function stopRouter() {
  main = null;
  closeViews();
}

// Return the name of the view in the URL, by default the first one.
function requestedView() {
  const name = location.hash.replace(/^#\/?/, "");
  return Object.hasOwn(LOADERS, name) && allowed(name) ? name : "try";
}

/** Close all views: the user has signed out or changed. */
export function closeViews() {
  views.forEach(({ close }) => close?.());
  views.clear();
}

/** Reload the data of the current view. */
export const refreshView = () => views.get(requestedView())?.refresh?.();

/** Translate all views, including hidden ones. */
export const retranslateViews = () => views.forEach(({ root }) => retranslate(root));

/** Show the view in the URL. */
export async function showView({ moveFocus = false } = {}) {
  if (!main) return;
  const name = requestedView();
  let view = views.get(name);
  if (view) {
    view.refresh?.();
  } else {
    const module = await LOADERS[name]().catch(() => null);
    // Another view was requested meanwhile, or the user has signed out.
    if (!main || name !== requestedView()) return;
    if (!module) {
      fill(main, el("h1", {}, t("reload.title")), reloadPrompt());
      return;
    }
    // It may have been built by an earlier request.
    view = views.get(name) ?? module.build();
    views.set(name, view);
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
