// Load parts of the page on demand, and offer a way out when loading fails.

import { el, fill } from "./dom.js";
import { t } from "./i18n.js";
import { errorBox } from "./messages.js";

/**
 * Create a section that shows what the server answers.
 *
 * @param {Function} load fetches the data.
 * @param {Function} render returns the nodes for the data.
 * @returns `{root, refresh}`; `refresh` loads again and shows the result, or the error with a retry.
 */
export function asyncSection(load, render) {
  const root = el("div", { class: "async-section" });
  let latest = 0;
  async function refresh() {
    const current = ++latest;
    root.setAttribute("aria-busy", "true");
    let content;
    try {
      content = render(await load());
    } catch (error) {
      content = errorBox(error, refresh);
    }
    if (current !== latest) return; // a newer request is pending
    root.removeAttribute("aria-busy");
    fill(root, content);
  }
  return { root, refresh };
}

/** Create the message for a module that cannot be fetched: after an upgrade its URL is another. */
export const reloadPrompt = () =>
  el(
    "div",
    { class: "async-section", role: "alert" },
    el("p", {}, t("reload.text")),
    el(
      "button",
      { type: "button", class: "primary", on: { click: () => location.reload() } },
      t("reload.button"),
    ),
  );
