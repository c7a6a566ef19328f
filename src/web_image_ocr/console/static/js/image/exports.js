// Export the results of several images as one file.

import { ApiError } from "../api.js";
import { toCsv } from "../files.js";

/** Format as JSON Lines: file name with result or error. */
export const toJsonLines = (jobs) =>
  jobs.map((job) => `${JSON.stringify({ file: job.name, ...outcome(job) })}\n`).join("");

/** Format as CSV: a row for each line, or one row for an image that failed or has no text. */
export function toResultsCsv(jobs) {
  const corners = [1, 2, 3, 4].flatMap((corner) => [`x${corner}`, `y${corner}`]);
  const rows = [["file", "line", "words", "confidence", ...corners, "error"]];
  for (const job of jobs) {
    const lines = job.result?.words_block_list ?? [];
    lines.forEach(({ words, confidence, location }, row) =>
      rows.push([job.name, row + 1, words, confidence, ...location.flat(), ""]),
    );
    if (lines.length === 0) {
      const { error } = outcome(job);
      rows.push([job.name, "", "", "", ...corners.map(() => ""), error ? error.error_code : ""]);
    }
  }
  return toCsv(rows);
}

/** Format as text, each image under its name. */
export const toText = (jobs) =>
  jobs
    .filter((job) => job.result)
    .map((job) => `# ${job.name}\n${joinLines(job.result.words_block_list)}\n`)
    .join("\n");

/** Join the lines of a response as plain text. */
export const joinLines = (lines) => lines.map(({ words }) => `${words}\n`).join("");

function outcome({ result, error }) {
  if (result) return { result };
  if (!(error instanceof ApiError)) return { error: { error_code: "", error_msg: String(error ?? "") } };
  return { error: { error_code: error.code, error_msg: error.text } };
}
