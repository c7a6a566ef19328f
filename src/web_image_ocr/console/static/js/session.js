// Who is signed in, with which tokens, and for which project the console works.
//
// Tokens live in memory and in the tab's own storage; in the browser's only where "stay signed
// in" was chosen. The account's token is what one signs in for; a project's token, which the
// service itself asks for, is drawn from it when it is needed.

import { ApiError, call, callJson, wantsSignIn } from "./api.js";
import { records } from "./pages.js";
import { ofBrowser, ofTab } from "./storage.js";

const KEPT = "session";
const PROJECT = "project";
/** What the service takes for a project where nobody is asked for credentials. */
const ANY_PROJECT = "0".repeat(32);

export const session = {
  /** What the server says of itself: `GET /v1/service`. */
  service: null,
  /** `{user, domain}`, or null while nobody is signed in. */
  me: null,
  projects: [],
  /** The project that the console works for, or null. */
  project: null,
};

let tokens = null; // {account, projects: {id: token}, stay}
let askAgain = null; // shows the sign-in over the view; resolves to whether somebody signed in
let asking = null;
const listeners = new Set();

/** Calls back whenever user, projects or the chosen project have changed. */
export const onChange = (listener) => listeners.add(listener);
const changed = () => listeners.forEach((listener) => listener());

/** Who asks for the password when a token has ended while a view is open. */
export const setSignInAgain = (ask) => {
  askAgain = ask;
};

export const isOpen = () => session.service !== null && !session.service.authentication;
export const isAdministrator = () => session.me?.user.role === "administrator";
export const projectId = () => session.project?.id ?? (isOpen() ? ANY_PROJECT : "");
export const staysSignedIn = () => tokens?.stay ?? false;

/** Finds out about the server, and whether somebody is signed in already. */
export async function begin() {
  session.service = await callJson("GET", "/v1/service");
  if (isOpen()) return;
  // The tab's own token may have ended while the one that stays has not.
  for (const shelf of [ofTab, ofBrowser]) {
    tokens = read(shelf);
    if (tokens && (await isSignedIn())) return;
  }
}

// Whether the tokens are good; those that have ended are forgotten.
async function isSignedIn() {
  try {
    await learn();
    return true;
  } catch (error) {
    if (!wantsSignIn(error)) throw error;
    forget();
    return false;
  }
}

/** Signs in; on success the session is that user's. */
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
  removeKept(); // the token before: the new one may go to another place
  tokens = { account: response.headers.get("X-Subject-Token"), projects: {}, stay };
  keep();
  await learn();
}

/** Ends the tokens on the server as well, where it can be reached. */
export async function signOut() {
  const ended = tokens;
  forget();
  if (!ended) return;
  // The account's token ends the others, so it ends itself last.
  for (const subject of [...Object.values(ended.projects), ended.account]) {
    await callJson("DELETE", "/v3/auth/tokens", { token: ended.account, subject }).catch(() => null);
  }
}

/** A call with the account's token; asks for the password again when that has ended. */
export const ask = (method, path, body) =>
  again(() => callJson(method, path, { body, token: tokens?.account }));

/** Another password for who is signed in, with a new session: the change ends the old one. */
export async function changePassword(current, next) {
  await ask("POST", "/v1/me/password", { current_password: current, new_password: next });
  const { user, domain } = session.me;
  await signIn({ domain: domain.name, user: user.name, password: next, stay: tokens.stay });
}

/** As `ask`, without a body; the answer's text. */
export const askText = (path, accept) =>
  again(async () => (await call("GET", path, { token: tokens?.account, accept })).text());

/** Runs a call with a project's token (null where none is asked for). */
export const withProjectToken = (id, run) => again(async () => run(isOpen() ? null : await projectToken(id)));

async function projectToken(id) {
  if (!id) throw new ApiError({ code: "no_project" });
  const { projects } = tokens; // somebody may sign out, and another in, while one is drawn
  projects[id] ??= await drawToken(id);
  if (kept().length > 0) keep();
  return projects[id];
}

/** Works for another project from now on. */
export function chooseProject(id) {
  session.project = session.projects.find((project) => project.id === id) ?? null;
  if (session.project) ofTab.write(PROJECT, session.project.id);
  changed();
}

/** Asks anew who is signed in: the role may be another one. */
export async function refreshMe() {
  session.me = await ask("GET", "/v1/me");
  changed();
}

/** Asks for the account's projects anew. */
export async function refreshProjects() {
  session.projects = (await records((path) => ask("GET", path), "/v1/projects", "projects")).found;
  settleProject();
  changed();
}

async function drawToken(id) {
  const response = await call("POST", "/v3/auth/tokens?nocatalog=1", {
    token: tokens.account,
    body: {
      auth: {
        identity: { methods: ["token"], token: { id: tokens.account } },
        scope: { project: { id } },
      },
    },
  }).catch((error) => {
    throw error.status === 401 ? endedToken(error) : error;
  });
  return response.headers.get("X-Subject-Token");
}

// The identity API has a form of its own; to the console it is an ended token like any other.
const endedToken = (error) =>
  new ApiError({ ...error, code: "APIG.0301", message: error.text, requestId: error.requestId });

async function again(run) {
  const person = session.me?.user.id;
  try {
    return await run();
  } catch (error) {
    // After a sign-out nobody waits for the answer any more.
    if (!wantsSignIn(error) || !session.me) throw error;
    asking ??= askAgain().finally(() => {
      asking = null;
    });
    // What one person began is not done in the name of another.
    if (!(await asking) || session.me?.user.id !== person) throw error;
    return run();
  }
}

async function learn() {
  const token = tokens.account;
  const get = (path) => callJson("GET", path, { token });
  const [me, projects] = await Promise.all([get("/v1/me"), records(get, "/v1/projects", "projects")]);
  session.me = me;
  session.projects = projects.found;
  settleProject();
  changed();
}

function settleProject() {
  const wanted = session.project?.id ?? ofTab.read(PROJECT);
  session.project =
    session.projects.find((project) => project.id === wanted) ??
    session.projects.find((project) => project.enabled) ??
    session.projects[0] ??
    null;
}

const keep = () => (tokens.stay ? ofBrowser : ofTab).write(KEPT, JSON.stringify(tokens));

// Tabs share the browser's storage: what another one has put there is neither written over nor
// removed, except by a sign-in.
const kept = () => [ofTab, ofBrowser].filter((shelf) => tokens && read(shelf)?.account === tokens.account);
const removeKept = () => kept().forEach((shelf) => shelf.remove(KEPT));

function forget() {
  removeKept();
  tokens = null;
  session.me = null;
  session.projects = [];
  session.project = null;
  ofTab.remove(PROJECT);
  changed();
}

function read(shelf) {
  try {
    const found = JSON.parse(shelf.read(KEPT) ?? "null");
    return found && typeof found.account === "string" ? found : null;
  } catch {
    return null;
  }
}
