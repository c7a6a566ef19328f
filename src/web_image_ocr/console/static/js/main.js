// Start the console.

import { el, fill } from "./dom.js";
import { errorBox, mountMessages } from "./feedback.js";
import { preferredLanguage, t, useLanguage } from "./i18n.js";
import { showView, startRouter, stopRouter } from "./router.js";
import { isAuthDisabled, loadSession, session, setSignInPrompt, signOut } from "./session.js";
import { buildShell, canView } from "./shell.js";

const page = el("div", { class: "page" });
let shell = null;

async function start() {
  await useLanguage(preferredLanguage());
  document.body.prepend(page);
  mountMessages(document.body);
  await connect();
}

// Load the session; if the server does not answer, show the error with a retry.
async function connect() {
  try {
    await loadSession();
  } catch (error) {
    document.title = "Web Image OCR";
    const box = errorBox(error, connect);
    fill(page, el("main", { class: "standalone" }, el("h1", {}, "Web Image OCR"), box));
    return;
  }
  if (isAuthDisabled() || session.me) showConsole();
  else await showSignIn();
}

function showConsole() {
  shell ??= buildShell(handleSignOut);
  fill(page, shell.root);
  startRouter(shell.main, canView, shell.setActive);
  showView();
}

async function handleSignOut() {
  const revoked = signOut();
  location.hash = "";
  await showSignIn();
  await revoked;
}

// Show the sign-in page. The URL stays, so that signing in leads back to the view.
async function showSignIn() {
  stopRouter();
  const { signInPage } = await import("./views/sign_in.js");
  document.title = `${t("sign_in.title")} – Web Image OCR`;
  fill(page, signInPage(showConsole));
}

// Ask for the password over the view when a token expires; the view stays as it is.
setSignInPrompt(async () => {
  const { signInAgain } = await import("./views/sign_in.js");
  if (await signInAgain()) return true;
  await signOut();
  await showSignIn();
  return false;
});

start();
