// Where the console begins.

import { problem, placeMessages } from "./messages.js";
import { el, fill } from "./dom.js";
import { preferredLanguage, say, useLanguage } from "./i18n.js";
import { show, startRouter, stopRouter } from "./router.js";
import { begin, isOpen, session, setSignInAgain, signOut } from "./session.js";
import { buildShell, mayShow } from "./shell.js";

const page = el("div", { class: "page" });
let shell = null;

async function start() {
  await useLanguage(preferredLanguage());
  document.body.prepend(page);
  placeMessages(document.body);
  await meet();
}

// Asks the server who it is; if it does not answer, says so and offers to ask again.
async function meet() {
  try {
    await begin();
  } catch (error) {
    document.title = "Web Image OCR";
    const box = problem(error, meet);
    fill(page, el("main", { class: "alone" }, el("h1", {}, "Web Image OCR"), box));
    return;
  }
  if (isOpen() || session.me) enter();
  else await leave();
}

function enter() {
  shell ??= buildShell(leaveAndEnd);
  fill(page, shell.root);
  startRouter(shell.main, mayShow, shell.mark);
  show();
}

async function leaveAndEnd() {
  const ended = signOut();
  location.hash = "";
  await leave();
  await ended;
}

// The sign-in in place of everything; the address stays, so that it leads back to the view.
async function leave() {
  stopRouter();
  const { signInPage } = await import("./views/sign_in.js");
  document.title = `${say("sign_in.title")} – Web Image OCR`;
  fill(page, signInPage(enter));
}

// A token has ended while somebody works: the sign-in comes over the view, which stays as it is.
setSignInAgain(async () => {
  const { signInAgain } = await import("./views/sign_in.js");
  if (await signInAgain()) return true;
  await signOut();
  await leave();
  return false;
});

start();
