// Access the browser's storage; if it is disabled, store nothing and do not fail.

const PREFIX = "web-image-ocr.";

function ignoreErrors(action) {
  try {
    return action();
  } catch {
    return null;
  }
}

function store(area) {
  return {
    read: (name) => ignoreErrors(() => area().getItem(PREFIX + name)),
    write: (name, value) => ignoreErrors(() => area().setItem(PREFIX + name, value)),
    remove: (name) => ignoreErrors(() => area().removeItem(PREFIX + name)),
  };
}

/** sessionStorage: ends with the tab. */
export const tabStore = store(() => sessionStorage);

/** localStorage: preferences, and the session with "stay signed in". */
export const browserStore = store(() => localStorage);
