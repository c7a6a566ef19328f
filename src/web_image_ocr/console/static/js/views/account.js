// One's own account: who is signed in, and another password.

import { ApiError, kindOf } from "../api.js";
import { el, fill, freshId } from "../dom.js";
import { say } from "../i18n.js";
import { notice, problem } from "../messages.js";
import { changePassword, session, staysSignedIn } from "../session.js";
import { facts } from "../table.js";

/** Builds the view. */
export function build() {
  const who = el("section", { class: "card" });
  const refresh = () => fill(who, ownFacts());
  refresh();
  const root = el(
    "div",
    { class: "view" },
    el("h1", {}, say("account.title")),
    who,
    passwordForm(session.me.user, refresh),
  );
  return { root, refresh };
}

function ownFacts() {
  const { user, domain } = session.me;
  return facts([
    ["sign_in.user", user.name],
    ["sign_in.domain", domain.name],
    ["admin.role", say(`role.${user.role}`)],
    ["account.stays", say(staysSignedIn() ? "account.stays_yes" : "account.stays_no")],
  ]);
}

// `tried` is called after each attempt: somebody may have signed in again for it.
function passwordForm(user, tried) {
  const errors = el("div", {});
  const input = (autocomplete) =>
    el("input", { id: freshId("password"), type: "password", required: true, autocomplete });
  const [now, next, repeated] = [input("current-password"), input("new-password"), input("new-password")];
  const button = el("button", { class: "primary" }, say("account.change"));

  async function submit(event) {
    event.preventDefault();
    fill(errors);
    if (next.value !== repeated.value) {
      fill(errors, problem(new ApiError({ code: "passwords_differ" })));
      repeated.focus();
      return;
    }
    button.disabled = true;
    try {
      await changePassword(now.value, next.value);
      for (const field of [now, next, repeated]) field.value = "";
      notice(say("account.changed"));
    } catch (error) {
      fill(errors, problem(kindOf(error) === "sign_in_failed" ? new ApiError({ code: "wrong_password" }) : error));
    } finally {
      button.disabled = false;
      if (session.me) tried();
    }
  }

  const row = (key, field) => el("p", {}, el("label", { for: field.id }, say(key)), field);
  return el(
    "section",
    { class: "card" },
    el("h2", {}, say("account.password")),
    el(
      "form",
      { class: "stack", on: { submit } },
      // Password managers want to know whose password it is.
      el("input", { type: "text", autocomplete: "username", value: user.name, hidden: true }),
      row("account.now", now),
      row("account.next", next),
      row("account.repeated", repeated),
      errors,
      el("div", { class: "buttons" }, button),
    ),
  );
}
