// Tabs as the ARIA practices describe them: arrows move, the panel follows.

import { el, fill, freshId } from "./dom.js";

/**
 * A row of tabs over one panel.
 *
 * @param {object} label a Said.
 * @param {Array} tabs `{name, title, draw}` of each; `draw()` gives the panel's content, when the
 *   tab is chosen.
 * @param {string} first the name of the one to begin with.
 * @param {Function} chosen told the name of the tab that was chosen.
 */
export function tabs(label, tabs, first, chosen = () => {}) {
  const panel = el("div", { role: "tabpanel", id: freshId("panel"), tabindex: "0" });
  const buttons = tabs.map(({ name, title }) =>
    el(
      "button",
      {
        type: "button",
        role: "tab",
        id: freshId("tab"),
        "aria-controls": panel.id,
        on: { click: () => choose(name), keydown: (event) => move(event, name) },
      },
      title,
    ),
  );

  function choose(name) {
    const at = tabs.findIndex((tab) => tab.name === name);
    buttons.forEach((button, number) => {
      button.setAttribute("aria-selected", String(number === at));
      button.tabIndex = number === at ? 0 : -1;
    });
    panel.setAttribute("aria-labelledby", buttons[at].id);
    fill(panel, tabs[at].draw());
    chosen(name);
  }

  function move(event, name) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = tabs.findIndex((tab) => tab.name === name);
    const next = (at + step + tabs.length) % tabs.length;
    choose(tabs[next].name);
    buttons[next].focus();
  }

  choose(tabs.some(({ name }) => name === first) ? first : tabs[0].name);
  return el("div", { class: "tabs" }, el("div", { role: "tablist", "aria-label": label }, buttons), panel);
}
