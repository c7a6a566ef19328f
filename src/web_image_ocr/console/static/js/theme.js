// Choose light or dark; by default the system's theme.

import { browserStore } from "./storage.js";

export const THEMES = ["system", "light", "dark"];

/** Return the current theme: `system`, `light` or `dark`. */
export const currentTheme = () => document.documentElement.dataset.theme ?? "system";

/** Apply a theme and store it for `theme_init.js`. */
export function chooseTheme(theme) {
  if (theme === "system") {
    delete document.documentElement.dataset.theme;
    browserStore.remove("theme");
  } else {
    document.documentElement.dataset.theme = theme;
    browserStore.write("theme", theme);
  }
}
