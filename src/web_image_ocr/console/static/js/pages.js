// Long lists: the server gives them in pages, and the console shows more of one on demand.

import { el } from "./dom.js";
import { say } from "./i18n.js";
import { actionButton } from "./table.js";

const SHOWN_FIRST = 100;
const LARGEST_PAGE = 1000;

/**
 * The records of a list, in as many calls as they need.
 *
 * @param {Function} get gives the answer to a path.
 * @param {string} path of the list.
 * @param {string} name of the list in the answer.
 * @param {number} wanted how many records at most.
 * @returns {Promise<{found: Array, more: boolean}>} and whether there are more of them.
 */
export async function records(get, path, name, wanted = Infinity) {
  const found = [];
  let marker = null;
  do {
    const query = new URLSearchParams({ limit: Math.min(LARGEST_PAGE, wanted - found.length) });
    if (marker !== null) query.set("marker", marker);
    const answer = await get(`${path}${path.includes("?") ? "&" : "?"}${query}`);
    found.push(...answer[name]);
    marker = answer.next_marker ?? null; // a server before this one has no pages
  } while (marker !== null && found.length < wanted);
  return { found, more: marker !== null };
}

/** How much of a list is shown: `wanted` records, and a button for more. */
export function growing() {
  const part = {
    wanted: SHOWN_FIRST,
    /** The button, for a list that has more records; null for another. */
    button: (more, refresh, failed) =>
      more &&
      actionButton(
        say("table.more"),
        undefined,
        async () => {
          part.wanted += SHOWN_FIRST;
          await refresh();
        },
        failed,
        "",
      ),
  };
  return part;
}
