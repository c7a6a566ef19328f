// Apply the stored theme before the first paint. A classic script, because modules run too late.
(() => {
  let theme = null;
  try {
    theme = localStorage.getItem("web-image-ocr.theme");
  } catch {
    // Storage is disabled: use the system's theme.
  }
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
})();
