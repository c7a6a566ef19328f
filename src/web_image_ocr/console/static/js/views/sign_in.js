// Signing in: the first page, and a window over the view when a token has ended.

import { el, fill, freshId } from "../dom.js";
import { openDialog } from "../dialogs.js";
import { say } from "../i18n.js";
import { problem } from "../messages.js";
import { session, signIn, staysSignedIn } from "../session.js";
import { brandMark, preferences } from "../shell.js";
import { showcase } from "./showcase.js";

/** The page for somebody who is not signed in; `entered` is called once he is. */
export function signInPage(entered) {
  return [
    el("header", { class: "bar" }, el("span", { class: "brand" }, brandMark(), "Web Image OCR"), preferences()),
    el(
      "main",
      { id: "main", class: "welcome" },
      el(
        "div",
        { class: "welcome-what" },
        el("h1", {}, say("welcome.title")),
        el("p", { class: "lead" }, say("welcome.lead")),
        showcase(),
      ),
      el(
        "section",
        { class: "card", "aria-labelledby": "sign-in-title" },
        el("h2", { id: "sign-in-title" }, say("sign_in.title")),
        form({ domain: "default", user: "", stay: false }, entered),
        el(
          "details",
          {},
          el("summary", {}, say("sign_in.first")),
          el("p", {}, say("sign_in.first_where")),
          el("p", {}, say("sign_in.forgotten")),
          el("pre", {}, el("code", {}, "web-image-ocr admin user set-password admin --data-dir data")),
        ),
      ),
    ),
  ];
}

/** Asks for the password over the view; resolves to whether it was given. */
export async function signInAgain() {
  const { user, domain } = session.me;
  const known = { user: user.name, domain: domain.name, stay: staysSignedIn() };
  const done = await openDialog(
    say("sign_in.again"),
    (close) => [
      el("p", {}, say("sign_in.again_why")),
      form(known, () => close(true), () => close(null)),
    ],
    { strict: true }, // a slip of the hand would lose all that stands below
  );
  return done === true;
}

function form(known, entered, cancelled = null) {
  const errors = el("div", {});
  const button = el("button", { class: "primary" }, say("sign_in.go"));
  const user = input("user", { autocomplete: "username", value: known.user, required: true });
  const password = input("password", {
    type: "password",
    autocomplete: "current-password",
    required: true,
  });
  const domain = input("domain", { value: known.domain, required: true, autocomplete: "organization" });
  const stay = el("input", { type: "checkbox", id: freshId("stay"), checked: known.stay });
  (known.user ? password : user).field.setAttribute("autofocus", "");

  async function submit(event) {
    event.preventDefault();
    button.disabled = true;
    fill(errors);
    try {
      await signIn({
        domain: domain.field.value.trim(),
        user: user.field.value.trim(),
        password: password.field.value,
        stay: stay.checked,
      });
      entered();
    } catch (error) {
      fill(errors, problem(error));
      password.field.focus();
      password.field.select();
    } finally {
      button.disabled = false;
    }
  }

  return el(
    "form",
    { class: "stack", on: { submit } },
    user.row,
    password.row,
    domain.row,
    el(
      "p",
      { class: "check" },
      stay,
      el("label", { for: stay.id }, say("sign_in.stay")),
    ),
    errors,
    el(
      "div",
      { class: "buttons" },
      cancelled && el("button", { type: "button", on: { click: cancelled } }, say("sign_out")),
      button,
    ),
  );
}

function input(name, attributes) {
  const id = freshId(name);
  const field = el("input", { id, name, spellcheck: "false", autocapitalize: "none", ...attributes });
  return {
    field,
    row: el("p", {}, el("label", { for: id }, say(`sign_in.${name}`)), field),
  };
}
