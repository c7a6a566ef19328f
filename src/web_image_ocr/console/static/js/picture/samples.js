// The pictures that come with the console. Drawn by scripts/console_samples.py, which also writes
// the list beside them.

import SAMPLES from "../../samples/samples.js";

export { SAMPLES };

/** The address of a sample's file. */
export const sampleAddress = (file) => new URL(`../../samples/${file}`, import.meta.url).pathname;

/** A sample as a file, as if a person had chosen it. */
export async function sampleFile(file) {
  const response = await fetch(sampleAddress(file), { credentials: "omit" });
  if (!response.ok) throw new Error(`sample ${file}: ${response.status}`);
  return new File([await response.blob()], file, { type: "image/webp" });
}
