// Calls of the server, and one form for everything that can go wrong with them.

/** A call that failed. */
export class ApiError extends Error {
  /**
   * @param {object} facts
   * @param {number} facts.status 0 where no answer of the server came.
   * @param {string} facts.code of the service, or one of our own in small letters.
   * @param {string} facts.message the server's own words.
   * @param {string} facts.requestId finds the call in the server's log.
   * @param {number|null} facts.retryAfter seconds.
   */
  constructor({ status = 0, code, message = "", requestId = "", retryAfter = null, values = {} }) {
    super(message || code);
    Object.assign(this, { status, code, text: message, requestId, retryAfter, values });
  }
}

/**
 * What an error is to a person: its code, but for the refused sign-ins, which the service tells
 * apart from unusable tokens by their text only.
 */
export function kindOf({ status, code, text }) {
  if (status !== 401) return code;
  if (/account is locked/i.test(text)) return "sign_in_locked";
  return /password is wrong/i.test(text) ? "sign_in_failed" : code;
}

/** Whether the server wants to see a new token. */
export const wantsSignIn = (error) =>
  error instanceof ApiError && error.status === 401 && /^APIG\.030[17]$/.test(kindOf(error));

/**
 * One call; the answer once it is a success.
 *
 * @throws {ApiError} of code `unreachable` where no answer came.
 */
export async function call(method, path, { body, token, subject, accept = "application/json" } = {}) {
  const headers = { Accept: accept };
  if (token) headers["X-Auth-Token"] = token;
  if (subject) headers["X-Subject-Token"] = subject;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store",
      credentials: "omit",
    });
  } catch {
    throw new ApiError({ code: "unreachable" });
  }
  if (response.ok) return response;
  throw failure(response.status, await response.text(), (name) => response.headers.get(name));
}

/** As `call`; the JSON of its answer, null for an empty one. */
export async function callJson(method, path, options) {
  const response = await call(method, path, options);
  const text = await response.text();
  return text ? parsed(text) : null;
}

/**
 * The JSON of a successful answer.
 *
 * @throws {ApiError} of code `not_the_server` where it is none: something in between has answered,
 *   such as the sign-in page of a network.
 */
export function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError({ code: "not_the_server" });
  }
}

/** The error that an answer holds, in the service's form or the identity API's. */
export function failure(status, text, header) {
  let said = {};
  try {
    said = JSON.parse(text) ?? {};
  } catch {
    // A proxy in between answered in its own words, which help nobody here.
  }
  const seconds = Number.parseFloat(header("Retry-After") ?? "");
  return new ApiError({
    status,
    code: String(said.error_code ?? said.error?.code ?? status),
    message: String(said.error_msg ?? said.error?.message ?? ""),
    requestId: header("X-Request-Id") ?? "",
    retryAfter: Number.isFinite(seconds) ? seconds : null,
  });
}
