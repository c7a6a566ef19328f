// Files that the browser saves, and CSV as spreadsheets read it, without letting a text become a
// formula.

import { el } from "./dom.js";

const FORMULA = /^[=+\-@\t\r]/;

/** Hands the person a file. */
export function save(name, content, type) {
  const blob = content instanceof Blob ? content : new Blob([content], { type });
  const address = URL.createObjectURL(blob);
  const link = el("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}

/** CSV with the mark at its start by which spreadsheets know UTF-8; without it they guess. */
export const forSpreadsheets = (text) => `\ufeff${text}`;

/** Rows as a CSV file, RFC 4180. Texts that a spreadsheet would compute are kept texts by a quote. */
export const csv = (rows) => forSpreadsheets(rows.map((row) => `${row.map(cell).join(",")}\r\n`).join(""));

function cell(value) {
  if (typeof value === "number") return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
