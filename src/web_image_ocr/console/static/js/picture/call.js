// The call of the service: what is sent, and how it is sent with its progress.

import { ApiError, failure, parsed } from "../api.js";
import { bytes } from "../i18n.js";
import { session, withProjectToken } from "../session.js";

/** The path of the service for a project. */
export const servicePath = (project) => `/v2/${project}/ocr/web-image`;

/** The body of a job's call, with the picture as the service takes it and these other members. */
export const bodyOf = async ({ file, url }, fields) => ({
  ...(file ? { image: await base64(file) } : { url }),
  ...fields,
});

/**
 * Has a job's picture read, with the job's options.
 *
 * @param {AbortSignal} signal gives the call up.
 * @returns `{sent: {project, fields}, received, requestId, timings}`: the call, but for its
 *   picture, the JSON of its answer, and `{stage, ms}` of each stage.
 * @throws {ApiError} also for a picture that the server would refuse for its size, before it is
 *   sent, and for an answer that is none of the service.
 */
export async function recognize(job, signal) {
  refuseIfTooLarge(job);
  const { detect_direction, image_size, project } = job.options;
  const fields = {
    ...(detect_direction && { detect_direction }),
    ...(image_size && { extract_type: ["image_size"] }),
  };
  const body = JSON.stringify(await bodyOf(job, fields));
  const answer = await withProjectToken(project, (token) => post(job, servicePath(project), body, token, signal));
  return { sent: { project, fields }, ...answer };
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
function post(job, path, body, token, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const giveUp = () => request.abort();
    const header = (name) => request.getResponseHeader(name);
    request.open("POST", path);
    request.setRequestHeader("Content-Type", "application/json");
    request.setRequestHeader("Accept", "application/json");
    if (token) request.setRequestHeader("X-Auth-Token", token);
    request.upload.onprogress = ({ loaded, total }) =>
      job.change({ state: "sending", progress: total ? loaded / total : 0 });
    request.upload.onload = () => job.change({ state: "reading", progress: 1 });
    request.onload = () => {
      try {
        resolve(answerOf(request, header));
      } catch (error) {
        reject(error);
      }
    };
    request.onerror = () => reject(new ApiError({ code: "unreachable" }));
    request.onabort = () => reject(new ApiError({ code: "given_up" }));
    request.onloadend = () => signal.removeEventListener("abort", giveUp);
    if (signal.aborted) {
      reject(new ApiError({ code: "given_up" }));
      return;
    }
    signal.addEventListener("abort", giveUp);
    job.change({ state: "sending", progress: 0 });
    request.send(body);
  });
}

function answerOf({ status, responseText }, header) {
  if (status !== 200) throw failure(status, responseText, header);
  const received = parsed(responseText);
  if (!Array.isArray(received?.result?.words_block_list)) throw new ApiError({ code: "not_the_server" });
  return {
    received,
    requestId: header("X-Request-Id") ?? "",
    timings: timingsOf(header("Server-Timing") ?? ""),
  };
}

// The stages of a `Server-Timing` header: `{stage, ms}` of each.
const timingsOf = (header) =>
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
