// The call of the service: what is sent, and how it is sent with its progress.

import { ApiError, failure } from "../api.js";
import { bytes } from "../i18n.js";
import { projectId, session, withProjectToken } from "../session.js";

/** The path of the service for the chosen project. */
export const servicePath = () => `/v2/${projectId()}/ocr/web-image`;

/** The body of a job's call, with the picture as the service takes it. */
export async function bodyOf(job) {
  const { detect_direction, image_size } = job.options;
  return {
    ...(job.file ? { image: await base64(job.file) } : { url: job.url }),
    ...(detect_direction && { detect_direction }),
    ...(image_size && { extract_type: ["image_size"] }),
  };
}

/**
 * Has a job's picture read; resolves to the answer `{result, requestId, timings, received}`.
 *
 * @param {AbortSignal} signal gives the call up.
 * @throws {ApiError} also for a picture that the server would refuse for its size, before it is
 *   sent.
 */
export async function recognize(job, signal) {
  refuseIfTooLarge(job);
  const body = JSON.stringify(await bodyOf(job));
  return withProjectToken((token) => post(job, body, token, signal));
}

function refuseIfTooLarge({ file }) {
  const limit = session.service?.limits?.max_image_bytes;
  if (!file || !limit) return;
  if (file.size === 0) throw new ApiError({ code: "empty_file" });
  // Base64 takes four characters for three bytes, and the limit is on the characters.
  const most = Math.floor(limit / 4) * 3;
  if (file.size > most) {
    const values = { size: () => bytes(file.size), most: () => bytes(most) };
    throw new ApiError({ code: "picture_too_large", values });
  }
}

// XMLHttpRequest, since fetch does not tell how much has been sent.
function post(job, body, token, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const give_up = () => request.abort();
    const header = (name) => request.getResponseHeader(name);
    request.open("POST", servicePath());
    request.setRequestHeader("Content-Type", "application/json");
    request.setRequestHeader("Accept", "application/json");
    if (token) request.setRequestHeader("X-Auth-Token", token);
    request.upload.onprogress = ({ loaded, total }) =>
      job.change({ state: "sending", progress: total ? loaded / total : 0 });
    request.upload.onload = () => job.change({ state: "reading", progress: 1 });
    request.onload = () => {
      if (request.status !== 200) reject(failure(request.status, request.responseText, header));
      else resolve(answerOf(request.responseText, header));
    };
    request.onerror = () => reject(new ApiError({ code: "unreachable" }));
    request.onabort = () => reject(new ApiError({ code: "given_up" }));
    request.onloadend = () => signal.removeEventListener("abort", give_up);
    if (signal.aborted) {
      reject(new ApiError({ code: "given_up" }));
      return;
    }
    signal.addEventListener("abort", give_up);
    job.change({ state: "sending", progress: 0 });
    request.send(body);
  });
}

function answerOf(text, header) {
  const received = JSON.parse(text);
  return {
    result: received.result,
    received,
    requestId: header("X-Request-Id") ?? "",
    timings: timingsOf(header("Server-Timing") ?? ""),
  };
}

/** The stages of a `Server-Timing` header: `{stage, ms}` of each. */
export const timingsOf = (header) =>
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
