// Manage the account's users and projects.

import { chooseDialog, confirmDialog, showSecrets } from "../dialogs.js";
import { el, fill, freshId } from "../dom.js";
import { asyncSection, errorBox, toast } from "../feedback.js";
import { formatTime, t } from "../i18n.js";
import { fetchRecords, growingList } from "../pagination.js";
import { isAdministrator, refreshMe, refreshProjects, request, session } from "../session.js";
import { toggleService } from "../subscription.js";
import { actionButton, keepFocus, statusTag, table } from "../table.js";

const ROLES = ["administrator", "caller", "viewer"];

/** Build the view. */
export function build() {
  const sections = [users(), projects()];
  const root = el(
    "div",
    { class: "view" },
    el("h1", {}, t("admin.title")),
    el("p", { class: "lead" }, t("admin.lead", { account: () => session.me?.domain.name ?? "" })),
    sections.map(({ root }) => root),
  );
  return { root, refresh: () => sections.forEach(({ refresh }) => refresh()) };
}

function users() {
  const errors = el("div", {});
  const onError = (error) => fill(errors, errorBox(error));
  const shown = growingList();
  const list = asyncSection(
    () => fetchRecords((path) => request("GET", path), "/v1/users", "users", shown.limit),
    ({ found, more }) => [draw(found), shown.button(more, list.refresh, onError)],
  );
  // Clear old errors, change a user, reload the list.
  const change = async (method, path, body) => {
    fill(errors);
    const answer = await request(method, `/v1/users${path}`, body);
    if (path === `/${session.me.user.id}`) await refreshMe();
    if (isAdministrator()) await list.refresh();
    return answer;
  };

  function draw(found) {
    return table(
      t("admin.users"),
      [t("admin.user"), t("admin.role"), t("state"), t("created_at"), t("actions")],
      found.map((user) => [
        nameOf(user),
        t(`role.${user.role}`),
        statusTag(user.enabled),
        t("plain", { value: () => formatTime(user.created_at) }),
        el("div", { class: "buttons" }, changeRole(user), toggle(user), reset(user), remove(user)),
      ]),
    );
  }
  function nameOf({ id, name }) {
    const own = id === session.me.user.id && el("span", { class: "fine-print" }, " ", t("admin.you"));
    return el("span", {}, name, own);
  }
  function changeRole(user) {
    const label = t("admin.role_change");
    const title = t("admin.role_of", { name: user.name });
    const choices = ROLES.map((value) => ({ value, label: t(`role.${value}`), hint: t(`role.${value}.may`) }));
    const act = async () => {
      const role = await chooseDialog(title, t("admin.role_when"), choices, user.role, label);
      if (role === null) return;
      await change("PATCH", `/${user.id}`, { role });
      toast(t("admin.changed"));
    };
    return actionButton(label, title, act, onError);
  }
  function toggle(user) {
    const name = user.enabled ? "disable" : "enable";
    const act = async () => {
      const why = t("admin.disable_user_why", { name: user.name });
      if (user.enabled && !(await confirmDialog(t("admin.disable_user"), why, t("disable")))) return;
      await change("PATCH", `/${user.id}`, { enabled: !user.enabled });
      toast(t("admin.changed"));
    };
    return actionButton(t(name), t(`${name}.what`, { what: user.name }), act, onError);
  }
  function reset(user) {
    const act = async () => {
      const why = t("admin.reset_why", { name: user.name });
      if (!(await confirmDialog(t("admin.reset"), why, t("admin.reset")))) return;
      await showPassword(await change("POST", `/${user.id}/password`, {}));
    };
    return actionButton(t("admin.reset"), t("admin.reset_of", { name: user.name }), act, onError);
  }
  function remove(user) {
    const act = async () => {
      const why = t("admin.delete_user_why", { name: user.name });
      if (!(await confirmDialog(t("admin.delete_user"), why, t("delete")))) return;
      await change("DELETE", `/${user.id}`);
      toast(t("admin.deleted"));
    };
    return actionButton(t("delete"), t("delete.what", { what: user.name }), act, onError, "small danger");
  }

  const name = el("input", { id: freshId("name"), required: true, maxlength: 64, autocomplete: "off" });
  const password = el("input", { id: freshId("password"), type: "password", autocomplete: "new-password" });
  const role = el(
    "select",
    { id: freshId("role") },
    ROLES.map((value) => el("option", { value, selected: value === "caller" }, t(`role.${value}`))),
  );
  const add = async () => {
    const body = { name: name.value.trim(), role: role.value };
    if (password.value) body.password = password.value;
    const answer = await change("POST", "", body);
    name.value = password.value = "";
    if (answer.password) await showPassword(answer);
    else toast(t("admin.added"));
  };
  list.refresh();
  return {
    refresh: list.refresh,
    root: el(
      "section",
      { class: "card", "aria-labelledby": "users-title" },
      el("h2", { id: "users-title" }, t("admin.users")),
      errors,
      list.root,
      addForm(t("admin.add_user"), add, onError, [
        field(t("admin.user"), name),
        field(t("admin.role"), role),
        field(t("admin.password"), password, t("admin.password_hint")),
      ]),
    ),
  };
}

function projects() {
  const errors = el("div", {});
  const onError = (error) => fill(errors, errorBox(error));
  const shown = growingList();
  const list = asyncSection(refreshProjects, () => {
    const more = session.projects.length > shown.limit;
    return [draw(session.projects.slice(0, shown.limit)), shown.button(more, list.refresh, onError)];
  });

  function draw(found) {
    return table(
      t("admin.projects"),
      [t("admin.project"), t("admin.project_id"), t("admin.service"), t("created_at"), t("actions")],
      found.map((project) => [
        project.name,
        el("code", {}, project.id),
        statusTag(project.enabled),
        t("plain", { value: () => formatTime(project.created_at) }),
        el("div", { class: "buttons" }, toggle(project), remove(project)),
      ]),
    );
  }
  function toggle(project) {
    const name = project.enabled ? "disable" : "enable";
    const act = async () => {
      fill(errors);
      if (!(await toggleService(project))) return;
      await list.refresh();
      toast(t(project.enabled ? "service.now_disabled" : "service.now_enabled"));
    };
    return actionButton(t(name), t(`${name}.what`, { what: project.name }), act, onError);
  }
  function remove(project) {
    const act = async () => {
      fill(errors);
      const why = t("admin.delete_project_why", { name: project.name });
      if (!(await confirmDialog(t("admin.delete_project"), why, t("delete")))) return;
      await request("DELETE", `/v1/projects/${project.id}`);
      await list.refresh();
      toast(t("admin.deleted"));
    };
    return actionButton(t("delete"), t("delete.what", { what: project.name }), act, onError, "small danger");
  }

  const name = el("input", { id: freshId("name"), required: true, maxlength: 64, autocomplete: "off" });
  const add = async () => {
    fill(errors);
    await request("POST", "/v1/projects", { name: name.value.trim() });
    name.value = "";
    await list.refresh();
    toast(t("admin.added"));
  };
  list.refresh();
  return {
    refresh: list.refresh,
    root: el(
      "section",
      { class: "card", "aria-labelledby": "projects-title" },
      el("h2", { id: "projects-title" }, t("admin.projects")),
      errors,
      list.root,
      addForm(t("admin.add_project"), add, onError, [
        field(t("admin.project"), name, t("admin.project_hint")),
      ]),
    ),
  };
}

function field(label, input, hint = null) {
  if (hint) input.setAttribute("aria-describedby", `${input.id}-hint`);
  return el(
    "p",
    { class: "field" },
    el("label", { for: input.id }, label),
    input,
    hint && el("span", { class: "fine-print", id: `${input.id}-hint` }, hint),
  );
}

function addForm(title, add, onError, fields) {
  const button = el("button", { class: "primary" }, title);
  const submit = async (event) => {
    event.preventDefault();
    await keepFocus(button, async () => {
      button.disabled = true;
      await add().catch(onError);
      button.disabled = false;
    });
  };
  return el(
    "form",
    { class: "add", on: { submit } },
    el("h3", {}, title),
    el("div", { class: "tool-row" }, fields, button),
  );
}

const showPassword = ({ user, password }) =>
  showSecrets(t("admin.password_of", { name: user.name }), [
    [t("admin.user"), user.name],
    [t("admin.password"), password],
  ]);
