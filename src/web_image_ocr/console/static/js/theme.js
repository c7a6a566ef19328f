// Light or dark: the system's choice until a person makes one.

import { ofBrowser } from "./storage.js";

export const THEMES = ["system", "light", "dark"];

/** The theme in use: `system`, `light` or `dark`. */
export const currentTheme = () => document.documentElement.dataset.theme ?? "system";

/** Uses a theme and remembers it; `first.js` finds it there on the next visit. */
export function chooseTheme(theme) {
  if (theme === "system") {
    delete document.documentElement.dataset.theme;
    ofBrowser.remove("theme");
  } else {
    document.documentElement.dataset.theme = theme;
    ofBrowser.write("theme", theme);
  }
}
