// Runs before anything is painted, so that the page never flashes in the wrong colours.
// A classic script: modules run only after the page has been parsed.
(() => {
  let theme = null;
  try {
    theme = localStorage.getItem("web-image-ocr.theme");
  } catch {
    // Storage is switched off: the system's theme it is.
  }
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
})();
