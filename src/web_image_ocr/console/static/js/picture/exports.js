// The results of several pictures as one file.

import { ApiError } from "../api.js";
import { csv } from "../files.js";

/** A JSON object a line: the file's name with its result, or with the error. */
export const asJsonLines = (jobs) =>
  jobs.map((job) => `${JSON.stringify({ file: job.name, ...outcome(job) })}\n`).join("");

/** A row a line of text; a row without one for a picture that failed or has no text. */
export function asCsv(jobs) {
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
  return csv(rows);
}

/** The texts, each below the name of its picture. */
export const asText = (jobs) =>
  jobs
    .filter((job) => job.result)
    .map((job) => `# ${job.name}\n${textOf(job.result.words_block_list)}\n`)
    .join("\n");

/** Lines of an answer as plain text. */
export const textOf = (lines) => lines.map(({ words }) => `${words}\n`).join("");

function outcome({ result, error }) {
  if (result) return { result };
  if (!(error instanceof ApiError)) return { error: { error_code: "", error_msg: String(error ?? "") } };
  return { error: { error_code: error.code, error_msg: error.text } };
}
