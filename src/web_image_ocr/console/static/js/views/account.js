// Show the user's account and change the password.

import { ApiError, kindOf } from "../api.js";
import { el, fill, freshId } from "../dom.js";
import { errorBox, toast } from "../feedback.js";
import { t } from "../i18n.js";
import { changePassword, session, staysSignedIn } from "../session.js";
import { definitionList } from "../table.js";

/** Build the view. */
export function build() {
  const details = el("section", { class: "card" });
  const refresh = () => fill(details, accountDetails());
  refresh();
  const root = el(
    "div",
    { class: "view" },
    el("h1", {}, t("account.title")),
    details,
    passwordForm(session.me.user, refresh),
  );
  return { root, refresh };
}

function accountDetails() {
  const { user, domain } = session.me;
  return definitionList([
    ["sign_in.user", user.name],
    ["sign_in.domain", domain.name],
    ["admin.role", t(`role.${user.role}`)],
    ["account.stays", t(staysSignedIn() ? "account.stays_yes" : "account.stays_no")],
  ]);
}

// `onSubmit` is called after each attempt, which may have opened a new session.
function passwordForm(user, onSubmit) {
  const errors = el("div", {});
  const input = (autocomplete) =>
    el("input", { id: freshId("password"), type: "password", required: true, autocomplete });
  const [current, next, repeated] = [input("current-password"), input("new-password"), input("new-password")];
  const button = el("button", { class: "primary" }, t("account.change"));

  async function submit(event) {
    event.preventDefault();
    fill(errors);
    if (next.value !== repeated.value) {
      fill(errors, errorBox(new ApiError({ code: "passwords_differ" })));
      repeated.focus();
      return;
    }
    button.disabled = true;
    try {
      await changePassword(current.value, next.value);
      for (const field of [current, next, repeated]) field.value = "";
      toast(t("account.changed"));
    } catch (error) {
      fill(errors, errorBox(kindOf(error) === "sign_in_failed" ? new ApiError({ code: "wrong_password" }) : error));
    } finally {
      button.disabled = false;
      if (session.me) onSubmit();
    }
  }

  const row = (key, field) => el("p", {}, el("label", { for: field.id }, t(key)), field);
  return el(
    "section",
    { class: "card" },
    el("h2", {}, t("account.password")),
    el(
      "form",
      { class: "form-stack", on: { submit } },
      // Password managers need the user name.
      el("input", { type: "text", autocomplete: "username", value: user.name, hidden: true }),
      row("account.current", current),
      row("account.next", next),
      row("account.repeated", repeated),
      errors,
      el("div", { class: "buttons" }, button),
    ),
  );
}
