// Call the server and convert every toApiError into an ApiError.

/** Represent a failed call. */
export class ApiError extends Error {
  /**
   * @param {object} facts
   * @param {number} facts.status 0 if the server did not answer.
   * @param {string} facts.code of the service, or one of the console in lower case.
   * @param {string} facts.message text from the server.
   * @param {string} facts.requestId identifies the call in the server's log.
   * @param {number|null} facts.retryAfter seconds.
   */
  constructor({ status = 0, code, message = "", requestId = "", retryAfter = null, values = {} }) {
    super(message || code);
    Object.assign(this, { status, code, text: message, requestId, retryAfter, values });
  }
}

/**
 * Return the code that selects the text of an error. Failed sign-ins differ from invalid tokens only
 * by the server's message.
 */
export function kindOf({ status, code, text }) {
  if (status !== 401) return code;
  if (/account is locked/i.test(text)) return "sign_in_locked";
  return /password is wrong/i.test(text) ? "sign_in_failed" : code;
}

/** Return whether the token is not valid any more. */
export const isTokenInvalid = (error) =>
  error instanceof ApiError && error.status === 401 && /^APIG\.030[17]$/.test(kindOf(error));

/**
 * Send a request and return the successful response.
 *
 * @throws {ApiError} with code `unreachable` if no answer came.
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
  throw toApiError(response.status, await response.text(), (name) => response.headers.get(name));
}

/** Send a request and return the JSON of the response, or null if it is empty. */
export async function callJson(method, path, options) {
  const response = await call(method, path, options);
  const text = await response.text();
  return text ? parseJson(text) : null;
}

/**
 * Parse the JSON of a successful response.
 *
 * @throws {ApiError} with code `not_the_server` if it is not JSON: a proxy or a captive portal has
 *   answered.
 */
export function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError({ code: "not_the_server" });
  }
}

/** Create the error of a response, in the format of the service or of the identity API. */
export function toApiError(status, text, header) {
  let content = {};
  try {
    content = JSON.parse(text) ?? {};
  } catch {
    // Not JSON: a proxy has answered.
  }
  const seconds = Number.parseFloat(header("Retry-After") ?? "");
  return new ApiError({
    status,
    code: String(content.error_code ?? content.error?.code ?? status),
    message: String(content.error_msg ?? content.error?.message ?? ""),
    requestId: header("X-Request-Id") ?? "",
    retryAfter: Number.isFinite(seconds) ? seconds : null,
  });
}
