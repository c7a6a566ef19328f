// Sign in: on the welcome page, or in a dialog over the view when a token has expired.

import { openDialog } from "../dialogs.js";
import { el, fill, freshId } from "../dom.js";
import { errorBox } from "../feedback.js";
import { t } from "../i18n.js";
import { session, signIn, staysSignedIn } from "../session.js";
import { brandMark, preferences } from "../shell.js";
import { showcase } from "./showcase.js";

/** Create the welcome page; `onSignIn` is called after signing in. */
export function signInPage(onSignIn) {
  return [
    el("header", { class: "bar" }, el("span", { class: "brand" }, brandMark(), "Web Image OCR"), preferences()),
    el(
      "main",
      { id: "main", class: "welcome" },
      el(
        "div",
        { class: "welcome-intro" },
        el("h1", {}, t("welcome.title")),
        el("p", { class: "lead" }, t("welcome.lead")),
        showcase(),
      ),
      el(
        "section",
        { class: "card", "aria-labelledby": "sign-in-title" },
        el("h2", { id: "sign-in-title" }, t("sign_in.title")),
        form({ domain: "default", user: "", stay: false }, onSignIn),
        el(
          "details",
          {},
          el("summary", {}, t("sign_in.first")),
          el("p", {}, t("sign_in.first_where")),
          el("p", {}, t("sign_in.forgotten")),
          el("pre", {}, el("code", {}, "web-image-ocr admin user set-password admin --data-dir data")),
        ),
      ),
    ),
  ];
}

/** Ask for the password in a dialog; resolve to whether the user signed in. */
export async function signInAgain() {
  const { user, domain } = session.me;
  const initial = { user: user.name, domain: domain.name, stay: staysSignedIn() };
  const done = await openDialog(
    t("sign_in.again"),
    (close) => [
      el("p", {}, t("sign_in.again_why")),
      form(initial, () => close(true), () => close(null)),
    ],
    { strict: true }, // Escape would lose the content of the view
  );
  return done === true;
}

function form(initial, onSignIn, onCancel = null) {
  const errors = el("div", {});
  const button = el("button", { class: "primary" }, t("sign_in.go"));
  const user = input("user", { autocomplete: "username", value: initial.user, required: true });
  const password = input("password", {
    type: "password",
    autocomplete: "current-password",
    required: true,
  });
  const domain = input("domain", { value: initial.domain, required: true, autocomplete: "organization" });
  const stay = el("input", { type: "checkbox", id: freshId("stay"), checked: initial.stay });
  (initial.user ? password : user).field.setAttribute("autofocus", "");

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
      onSignIn();
    } catch (error) {
      fill(errors, errorBox(error));
      password.field.focus();
      password.field.select();
    } finally {
      button.disabled = false;
    }
  }

  return el(
    "form",
    { class: "form-stack", on: { submit } },
    user.row,
    password.row,
    domain.row,
    el(
      "p",
      { class: "check" },
      stay,
      el("label", { for: stay.id }, t("sign_in.stay")),
    ),
    errors,
    el(
      "div",
      { class: "buttons" },
      onCancel && el("button", { type: "button", on: { click: onCancel } }, t("sign_out")),
      button,
    ),
  );
}

function input(name, attributes) {
  const id = freshId(name);
  const field = el("input", { id, name, spellcheck: "false", autocapitalize: "none", ...attributes });
  return {
    field,
    row: el("p", {}, el("label", { for: id }, t(`sign_in.${name}`)), field),
  };
}
