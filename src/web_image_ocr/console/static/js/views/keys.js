// Keys: access keys for programs. A secret is shown once, when its key is made.

import { confirmed, showSecrets } from "../dialogs.js";
import { el, fill, freshId } from "../dom.js";
import { csv, save } from "../files.js";
import { moment, say } from "../i18n.js";
import { notice, problem } from "../messages.js";
import { growing, records } from "../pages.js";
import { livePart } from "../router.js";
import { ask, isAdministrator, session } from "../session.js";
import { actionButton, stateTag, table } from "../table.js";

/** Builds the view. */
export function build() {
  const errors = el("div", {});
  const everybody = el("input", {
    type: "checkbox",
    id: freshId("everybody"),
    on: { change: () => keys.refresh() },
  });
  const owner = el("select", { id: freshId("owner") });
  const part = growing();
  const keys = livePart(load, ({ found, more }) => [draw(found), part.button(more, keys.refresh, failed)]);
  const failed = (error) => fill(errors, problem(error));
  const make = actionButton(
    say("keys.create"),
    undefined,
    async () => {
      fill(errors);
      const body = owner.value && owner.value !== session.me.user.id ? { user_id: owner.value } : {};
      const key = await ask("POST", "/v1/keys", body);
      await showSecrets(
        say("keys.created"),
        [
          [say("keys.access"), key.access],
          [say("keys.secret"), key.secret],
        ],
        () => download(key),
      );
      if (body.user_id) everybody.checked = true; // so that the new key is seen
      await keys.refresh();
    },
    failed,
    "primary",
  );

  async function load() {
    const get = (path) => ask("GET", path);
    const query = isAdministrator() && everybody.checked ? "?user=*" : "";
    const [listed, users] = await Promise.all([
      records(get, `/v1/keys${query}`, "keys", part.wanted),
      isAdministrator() ? records(get, "/v1/users", "users") : null,
    ]);
    if (users) offer(users.found);
    return listed;
  }
  function offer(users) {
    const wanted = owner.value || session.me.user.id;
    fill(owner, users.map(({ id, name }) => el("option", { value: id, selected: id === wanted }, name)));
  }
  function draw(found) {
    return table(
      say("keys.title"),
      ["keys.access", "keys.user", "state", "created_at", "keys.last_used", "actions"].map((key) => say(key)),
      found.map((key) => [
        el("code", {}, key.access),
        key.user_name,
        stateTag(key.enabled),
        say("plain", { value: () => moment(key.created_at) }),
        key.last_used_at ? say("plain", { value: () => moment(key.last_used_at) }) : say("never"),
        el("div", { class: "buttons" }, toggle(key), remove(key)),
      ]),
    );
  }
  function toggle(key) {
    const name = key.enabled ? "disable" : "enable";
    return actionButton(
      say(name),
      say(`${name}.what`, { what: key.access }),
      async () => {
        fill(errors);
        await ask("PATCH", `/v1/keys/${key.access}`, { enabled: !key.enabled });
        notice(say(key.enabled ? "keys.now_disabled" : "keys.now_enabled"));
        await keys.refresh();
      },
      failed,
    );
  }
  function remove(key) {
    return actionButton(
      say("delete"),
      say("delete.what", { what: key.access }),
      async () => {
        fill(errors);
        const why = say("keys.delete_why", { what: key.access });
        if (!(await confirmed(say("keys.delete"), why, say("delete")))) return;
        await ask("DELETE", `/v1/keys/${key.access}`);
        notice(say("keys.deleted"));
        await keys.refresh();
      },
      failed,
      "small danger",
    );
  }

  keys.refresh();
  const root = el(
    "div",
    { class: "view" },
    el("h1", {}, say("keys.title")),
    el("p", { class: "lead" }, say("keys.lead")),
    el(
      "div",
      { class: "tool-row" },
      isAdministrator() &&
        el("span", { class: "field" }, el("label", { for: owner.id }, say("keys.for_user")), owner),
      make,
      isAdministrator() &&
        el("span", { class: "check" }, everybody, el("label", { for: everybody.id }, say("keys.everybody"))),
    ),
    errors,
    keys.place,
  );
  return { root, refresh: keys.refresh };
}

// In the form of the cloud's own download.
function download(key) {
  const rows = [
    ["User Name", "Access Key Id", "Secret Access Key"],
    [key.user_name, key.access, key.secret],
  ];
  save(`credentials-${key.access}.csv`, csv(rows), "text/csv");
}
