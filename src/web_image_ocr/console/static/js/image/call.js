// Call the service and report the progress of sending.

import { ApiError, parseJson, toApiError } from "../api.js";
import { formatBytes } from "../i18n.js";
import { session, withProjectToken } from "../session.js";

/** Return the path of the service for a project. */
export const servicePath = (project) => `/v2/${project}/ocr/web-image`;

/** Return the request body: the image of a job, and these fields. */
export const requestBody = async ({ file, url }, fields) => ({
  ...(file ? { image: await base64(file) } : { url }),
  ...fields,
});

/**
 * Recognize the image of a job with its options.
 *
 * @param {AbortSignal} signal cancels the call.
 * @returns `{sent: {project, fields}, received, requestId, timings}`: the request without the
 *   image, the JSON of the response, and `{stage, ms}` of each stage.
 * @throws {ApiError} also for images that are too large to send, and for responses that are not
 *   from the service.
 */
export async function recognize(job, signal) {
  checkSize(job);
  const { detect_direction, image_size, project } = job.options;
  const fields = {
    ...(detect_direction && { detect_direction }),
    ...(image_size && { extract_type: ["image_size"] }),
  };
  const body = JSON.stringify(await requestBody(job, fields));
  const answer = await withProjectToken(project, (token) => post(job, servicePath(project), body, token, signal));
  return { sent: { project, fields }, ...answer };
}

function checkSize({ file }) {
  const limit = session.service?.limits?.max_image_bytes;
  if (!file || !limit) return;
  if (file.size === 0) throw new ApiError({ code: "empty_file" });
  // The limit counts Base64 characters: four for three bytes.
  const max = Math.floor(limit / 4) * 3;
  if (file.size > max) {
    const values = { size: () => formatBytes(file.size), max: () => formatBytes(max) };
    throw new ApiError({ code: "image_too_large", values });
  }
}

// Use XMLHttpRequest: fetch does not report upload progress.
function post(job, path, body, token, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const cancel = () => request.abort();
    const header = (name) => request.getResponseHeader(name);
    request.open("POST", path);
    request.setRequestHeader("Content-Type", "application/json");
    request.setRequestHeader("Accept", "application/json");
    if (token) request.setRequestHeader("X-Auth-Token", token);
    request.upload.onprogress = ({ loaded, total }) =>
      job.change({ state: "sending", progress: total ? loaded / total : 0 });
    request.upload.onload = () => job.change({ state: "recognizing", progress: 1 });
    request.onload = () => {
      try {
        resolve(parseResponse(request, header));
      } catch (error) {
        reject(error);
      }
    };
    request.onerror = () => reject(new ApiError({ code: "unreachable" }));
    request.onabort = () => reject(new ApiError({ code: "cancelled" }));
    request.onloadend = () => signal.removeEventListener("abort", cancel);
    if (signal.aborted) {
      reject(new ApiError({ code: "cancelled" }));
      return;
    }
    signal.addEventListener("abort", cancel);
    job.change({ state: "sending", progress: 0 });
    request.send(body);
  });
}

function parseResponse({ status, responseText }, header) {
  if (status !== 200) throw toApiError(status, responseText, header);
  const received = parseJson(responseText);
  if (!Array.isArray(received?.result?.words_block_list)) throw new ApiError({ code: "not_the_server" });
  return {
    received,
    requestId: header("X-Request-Id") ?? "",
    timings: parseTimings(header("Server-Timing") ?? ""),
  };
}

// Parse a `Server-Timing` header into `{stage, ms}` of each stage.
const parseTimings = (header) =>
  header
    .split(",")
    .map((part) => /^\s*([\w-]+)\s*;\s*dur=([\d.]+)/.exec(part))
    .filter(Boolean)
    .map(([, stage, ms]) => ({ stage, ms: Number(ms) }));

function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(new ApiError({ code: "file_unreadable" }));
    reader.readAsDataURL(file);
  });
}
