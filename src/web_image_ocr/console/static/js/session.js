// Hold the session: user, tokens and the selected project.
//
// Tokens are held in memory and sessionStorage; in localStorage only with "stay signed in". Signing
// in yields the account's token. Calls of the service need a project's token, issued on demand.

import { ApiError, call, callJson, isTokenInvalid } from "./api.js";
import { fetchRecords } from "./pagination.js";
import { browserStore, tabStore } from "./storage.js";

const TOKENS_KEY = "session";
const PROJECT_KEY = "project";
/** Project ID for servers without authentication, which accept any. */
const ANY_PROJECT = "0".repeat(32);

export const session = {
  /** Answer of `GET /v1/service`. */
  service: null,
  /** `{user, domain}`, or null if nobody is signed in. */
  me: null,
  projects: [],
  /** The selected project, or null. */
  project: null,
};

let tokens = null; // {account, projects: {id: token}, stay}
let promptSignIn = null; // shows the sign-in dialog; resolves to whether the user signed in
let pendingPrompt = null;
const listeners = new Set();

/** Add a listener for changes of user, projects or selected project. */
export const onChange = (listener) => listeners.add(listener);
const notifyListeners = () => listeners.forEach((listener) => listener());

/** Set the function that asks for the password when a token expires. */
export const setSignInPrompt = (prompt) => {
  promptSignIn = prompt;
};

export const isAuthDisabled = () => session.service !== null && !session.service.authentication;
export const isAdministrator = () => session.me?.user.role === "administrator";
export const projectId = () => session.project?.id ?? (isAuthDisabled() ? ANY_PROJECT : "");
export const staysSignedIn = () => tokens?.stay ?? false;

/** Load the service description and the stored session, if any. */
export async function loadSession() {
  session.service = await callJson("GET", "/v1/service");
  if (isAuthDisabled()) return;
  // The token of the tab may have expired while the persistent one is valid.
  for (const store of [tabStore, browserStore]) {
    tokens = readTokens(store);
    if (tokens && (await isSignedIn())) return;
  }
}

// Return whether the tokens are valid; clear those that are not.
async function isSignedIn() {
  try {
    await loadUser();
    return true;
  } catch (error) {
    if (!isTokenInvalid(error)) throw error;
    clearSession();
    return false;
  }
}

/** Sign in and load the user. */
export async function signIn({ domain, user, password, stay }) {
  const response = await call("POST", "/v3/auth/tokens?nocatalog=1", {
    body: {
      auth: {
        identity: {
          methods: ["password"],
          password: { user: { name: user, password, domain: { name: domain } } },
        },
        scope: { domain: { name: domain } },
      },
    },
  });
  removeTokens(); // the new token may go to another store
  tokens = { account: response.headers.get("X-Subject-Token"), projects: {}, stay };
  saveTokens();
  await loadUser();
}

/** Clear the session and revoke its tokens on the server, if it can be reached. */
export async function signOut() {
  const revoked = tokens;
  clearSession();
  if (!revoked) return;
  // The account's token authorizes the calls, so it is revoked last.
  for (const subject of [...Object.values(revoked.projects), revoked.account]) {
    await callJson("DELETE", "/v3/auth/tokens", { token: revoked.account, subject }).catch(() => null);
  }
}

/** Send a request with the account's token; sign in again if it has expired. */
export const request = (method, path, body) =>
  withSignIn(() => callJson(method, path, { body, token: tokens?.account }));

/** Change the user's password, which revokes the session, and sign in again. */
export async function changePassword(current, next) {
  await request("POST", "/v1/me/password", { current_password: current, new_password: next });
  const { user, domain } = session.me;
  await signIn({ domain: domain.name, user: user.name, password: next, stay: tokens.stay });
}

/** Send a GET request like `request`; return the text of the answer. */
export const requestText = (path, accept) =>
  withSignIn(async () => (await call("GET", path, { token: tokens?.account, accept })).text());

/** Run a call with a project's token, or null on a server without authentication. */
export const withProjectToken = (id, run) =>
  withSignIn(async () => run(isAuthDisabled() ? null : await projectToken(id)));

async function projectToken(id) {
  if (!id) throw new ApiError({ code: "no_project" });
  const { projects } = tokens; // the session may change meanwhile
  projects[id] ??= await issueProjectToken(id);
  if (storesOfTokens().length > 0) saveTokens();
  return projects[id];
}

/** Select another project. */
export function chooseProject(id) {
  session.project = session.projects.find((project) => project.id === id) ?? null;
  if (session.project) tabStore.write(PROJECT_KEY, session.project.id);
  notifyListeners();
}

/** Reload the user, whose role may have changed. */
export async function refreshMe() {
  session.me = await request("GET", "/v1/me");
  notifyListeners();
}

/** Reload the account's projects. */
export async function refreshProjects() {
  session.projects = (await fetchRecords((path) => request("GET", path), "/v1/projects", "projects")).found;
  selectProject();
  notifyListeners();
}

async function issueProjectToken(id) {
  const response = await call("POST", "/v3/auth/tokens?nocatalog=1", {
    token: tokens.account,
    body: {
      auth: {
        identity: { methods: ["token"], token: { id: tokens.account } },
        scope: { project: { id } },
      },
    },
  }).catch((error) => {
    throw error.status === 401 ? invalidToken(error) : error;
  });
  return response.headers.get("X-Subject-Token");
}

// Convert the identity API's error for a token that is not valid.
const invalidToken = (error) =>
  new ApiError({ ...error, code: "APIG.0301", message: error.text, requestId: error.requestId });

async function withSignIn(run) {
  const user = session.me?.user.id;
  try {
    return await run();
  } catch (error) {
    // After a sign-out nobody needs the answer.
    if (!isTokenInvalid(error) || !session.me) throw error;
    pendingPrompt ??= promptSignIn().finally(() => {
      pendingPrompt = null;
    });
    // Never repeat one user's call in the name of another.
    if (!(await pendingPrompt) || session.me?.user.id !== user) throw error;
    return run();
  }
}

async function loadUser() {
  const token = tokens.account;
  const get = (path) => callJson("GET", path, { token });
  const [me, projects] = await Promise.all([get("/v1/me"), fetchRecords(get, "/v1/projects", "projects")]);
  session.me = me;
  session.projects = projects.found;
  selectProject();
  notifyListeners();
}

function selectProject() {
  const wanted = session.project?.id ?? tabStore.read(PROJECT_KEY);
  session.project =
    session.projects.find((project) => project.id === wanted) ??
    session.projects.find((project) => project.enabled) ??
    session.projects[0] ??
    null;
}

const saveTokens = () => (tokens.stay ? browserStore : tabStore).write(TOKENS_KEY, JSON.stringify(tokens));

// Tabs share localStorage: only a sign-in may overwrite or remove the token of another tab.
const storesOfTokens = () => [tabStore, browserStore].filter((store) => tokens && readTokens(store)?.account === tokens.account);
const removeTokens = () => storesOfTokens().forEach((store) => store.remove(TOKENS_KEY));

function clearSession() {
  removeTokens();
  tokens = null;
  session.me = null;
  session.projects = [];
  session.project = null;
  tabStore.remove(PROJECT_KEY);
  notifyListeners();
}

function readTokens(store) {
  try {
    const found = JSON.parse(store.read(TOKENS_KEY) ?? "null");
    return found && typeof found.account === "string" ? found : null;
  } catch {
    return null;
  }
}
