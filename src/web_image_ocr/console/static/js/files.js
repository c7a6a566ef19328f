// Save files, and write CSV in which no text becomes a spreadsheet formula.

import { el } from "./dom.js";

const FORMULA = /^[=+\-@\t\r]/;

/** Save a file through the browser. */
export function saveFile(name, content, type) {
  const blob = content instanceof Blob ? content : new Blob([content], { type });
  const url = URL.createObjectURL(blob);
  const link = el("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}

/** Prepend a byte order mark, by which spreadsheets recognize UTF-8. */
export const withBom = (text) => `\ufeff${text}`;

/** Format rows as CSV (RFC 4180). A leading quote keeps formulas texts. */
export const toCsv = (rows) => withBom(rows.map((row) => `${row.map(cell).join(",")}\r\n`).join(""));

function cell(value) {
  if (typeof value === "number") return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
