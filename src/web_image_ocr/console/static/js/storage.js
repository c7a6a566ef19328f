// The browser's storage, where it may be used; without it nothing is kept and nothing fails.

const PREFIX = "web-image-ocr.";

function quietly(action) {
  try {
    return action();
  } catch {
    return null;
  }
}

function shelf(area) {
  return {
    read: (name) => quietly(() => area().getItem(PREFIX + name)),
    write: (name, value) => quietly(() => area().setItem(PREFIX + name, value)),
    remove: (name) => quietly(() => area().removeItem(PREFIX + name)),
  };
}

/** Ends with the tab. */
export const ofTab = shelf(() => sessionStorage);

/** Outlives the tab: preferences, and a session only where "stay signed in" was chosen. */
export const ofBrowser = shelf(() => localStorage);
