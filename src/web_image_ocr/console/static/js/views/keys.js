// Manage access keys. The secret is shown only once, when the key is created.

import { confirmDialog, showSecrets } from "../dialogs.js";
import { el, fill, freshId } from "../dom.js";
import { asyncSection, errorBox, toast } from "../feedback.js";
import { saveFile, toCsv } from "../files.js";
import { formatTime, t } from "../i18n.js";
import { fetchRecords, growingList } from "../pagination.js";
import { isAdministrator, request, session } from "../session.js";
import { actionButton, statusTag, table } from "../table.js";

/** Build the view. */
export function build() {
  const errors = el("div", {});
  const allUsers = el("input", {
    type: "checkbox",
    id: freshId("everybody"),
    on: { change: () => keys.refresh() },
  });
  const owner = el("select", { id: freshId("owner") });
  const shown = growingList();
  const keys = asyncSection(load, ({ found, more }) => [draw(found), shown.button(more, keys.refresh, onError)]);
  const onError = (error) => fill(errors, errorBox(error));
  const create = actionButton(
    t("keys.create"),
    undefined,
    async () => {
      fill(errors);
      const body = owner.value && owner.value !== session.me.user.id ? { user_id: owner.value } : {};
      const key = await request("POST", "/v1/keys", body);
      await showSecrets(
        t("keys.created"),
        [
          [t("keys.access"), key.access],
          [t("keys.secret"), key.secret],
        ],
        () => download(key),
      );
      if (body.user_id) allUsers.checked = true; // so that the new key is listed
      await keys.refresh();
    },
    onError,
    "primary",
  );

  async function load() {
    const get = (path) => request("GET", path);
    const query = isAdministrator() && allUsers.checked ? "?user=*" : "";
    const [listed, users] = await Promise.all([
      fetchRecords(get, `/v1/keys${query}`, "keys", shown.limit),
      isAdministrator() ? fetchRecords(get, "/v1/users", "users") : null,
    ]);
    if (users) setOwners(users.found);
    return listed;
  }
  function setOwners(users) {
    const wanted = owner.value || session.me.user.id;
    fill(owner, users.map(({ id, name }) => el("option", { value: id, selected: id === wanted }, name)));
  }
  function draw(found) {
    return table(
      t("keys.title"),
      ["keys.access", "keys.user", "state", "created_at", "keys.last_used", "actions"].map((key) => t(key)),
      found.map((key) => [
        el("code", {}, key.access),
        key.user_name,
        statusTag(key.enabled),
        t("plain", { value: () => formatTime(key.created_at) }),
        key.last_used_at ? t("plain", { value: () => formatTime(key.last_used_at) }) : t("never"),
        el("div", { class: "buttons" }, toggle(key), remove(key)),
      ]),
    );
  }
  function toggle(key) {
    const name = key.enabled ? "disable" : "enable";
    return actionButton(
      t(name),
      t(`${name}.what`, { what: key.access }),
      async () => {
        fill(errors);
        await request("PATCH", `/v1/keys/${key.access}`, { enabled: !key.enabled });
        toast(t(key.enabled ? "keys.now_disabled" : "keys.now_enabled"));
        await keys.refresh();
      },
      onError,
    );
  }
  function remove(key) {
    return actionButton(
      t("delete"),
      t("delete.what", { what: key.access }),
      async () => {
        fill(errors);
        const why = t("keys.delete_why", { what: key.access });
        if (!(await confirmDialog(t("keys.delete"), why, t("delete")))) return;
        await request("DELETE", `/v1/keys/${key.access}`);
        toast(t("keys.deleted"));
        await keys.refresh();
      },
      onError,
      "small danger",
    );
  }

  keys.refresh();
  const root = el(
    "div",
    { class: "view" },
    el("h1", {}, t("keys.title")),
    el("p", { class: "lead" }, t("keys.lead")),
    el(
      "div",
      { class: "tool-row" },
      isAdministrator() &&
        el("span", { class: "field" }, el("label", { for: owner.id }, t("keys.for_user")), owner),
      create,
      isAdministrator() &&
        el("span", { class: "check" }, allUsers, el("label", { for: allUsers.id }, t("keys.everybody"))),
    ),
    errors,
    keys.root,
  );
  return { root, refresh: keys.refresh };
}

// Use the format of Huawei Cloud's credentials.csv.
function download(key) {
  const rows = [
    ["User Name", "Access Key Id", "Secret Access Key"],
    [key.user_name, key.access, key.secret],
  ];
  saveFile(`credentials-${key.access}.csv`, toCsv(rows), "text/csv");
}
