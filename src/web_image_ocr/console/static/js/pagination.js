// Load long lists page by page and show more of them on demand.

import { t } from "./i18n.js";
import { actionButton } from "./table.js";

const PAGE_SIZE = 100;
const MAX_PAGE_SIZE = 1000;

/**
 * Fetch the records of a list, page by page.
 *
 * @param {Function} get fetches a path.
 * @param {string} path of the list.
 * @param {string} name of the list in the answer.
 * @param {number} limit maximum number of records.
 * @returns {Promise<{found: Array, more: boolean}>} `more` if the list has further records.
 */
export async function fetchRecords(get, path, name, limit = Infinity) {
  const found = [];
  let marker = null;
  do {
    const query = new URLSearchParams({ limit: Math.min(MAX_PAGE_SIZE, limit - found.length) });
    if (marker !== null) query.set("marker", marker);
    const answer = await get(`${path}${path.includes("?") ? "&" : "?"}${query}`);
    found.push(...answer[name]);
    marker = answer.next_marker ?? null; // older servers do not paginate
  } while (marker !== null && found.length < limit);
  return { found, more: marker !== null };
}

/** Track how many records of a list are shown, and create the button for more. */
export function growingList() {
  const list = {
    limit: PAGE_SIZE,
    /** Create the button if there are more records. */
    button: (more, refresh, onError) =>
      more &&
      actionButton(
        t("table.more"),
        undefined,
        async () => {
          list.limit += PAGE_SIZE;
          await refresh();
        },
        onError,
        "",
      ),
  };
  return list;
}
