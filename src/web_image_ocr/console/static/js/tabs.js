// Show tabs by the ARIA authoring practices: arrow keys move and select.

import { el, fill, freshId } from "./dom.js";

/**
 * Create tabs with one panel.
 *
 * @param {object} label a Message.
 * @param {Array} tabs `{name, title, draw}`; `draw()` returns the content of a selected tab.
 * @param {string} first name of the tab that is selected first.
 * @param {Function} onSelect receives the name of each selected tab.
 */
export function tabs(label, tabs, first, onSelect = () => {}) {
  const panel = el("div", { role: "tabpanel", id: freshId("panel"), tabindex: "0" });
  const buttons = tabs.map(({ name, title }) =>
    el(
      "button",
      {
        type: "button",
        role: "tab",
        id: freshId("tab"),
        "aria-controls": panel.id,
        on: { click: () => select(name), keydown: (event) => move(event, name) },
      },
      title,
    ),
  );

  function select(name) {
    const at = tabs.findIndex((tab) => tab.name === name);
    buttons.forEach((button, number) => {
      button.setAttribute("aria-selected", String(number === at));
      button.tabIndex = number === at ? 0 : -1;
    });
    panel.setAttribute("aria-labelledby", buttons[at].id);
    fill(panel, tabs[at].draw());
    onSelect(name);
  }

  function move(event, name) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = tabs.findIndex((tab) => tab.name === name);
    const next = (at + step + tabs.length) % tabs.length;
    select(tabs[next].name);
    buttons[next].focus();
  }

  select(tabs.some(({ name }) => name === first) ? first : tabs[0].name);
  return el("div", { class: "tabs" }, el("div", { role: "tablist", "aria-label": label }, buttons), panel);
}
