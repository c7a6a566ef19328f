// Administration: the account's users and projects, for its administrators.

import { chooseOne, confirmed, showSecrets } from "../dialogs.js";
import { el, fill, freshId } from "../dom.js";
import { moment, say } from "../i18n.js";
import { notice, problem } from "../messages.js";
import { growing, records } from "../pages.js";
import { livePart } from "../router.js";
import { ask, isAdministrator, refreshMe, refreshProjects, session } from "../session.js";
import { switchService } from "../subscription.js";
import { actionButton, keepingFocus, stateTag, table } from "../table.js";

const ROLES = ["administrator", "caller", "viewer"];

/** Builds the view. */
export function build() {
  const parts = [users(), projects()];
  const root = el(
    "div",
    { class: "view" },
    el("h1", {}, say("admin.title")),
    el("p", { class: "lead" }, say("admin.lead", { account: () => session.me?.domain.name ?? "" })),
    parts.map(({ root }) => root),
  );
  return { root, refresh: () => parts.forEach(({ refresh }) => refresh()) };
}

function users() {
  const errors = el("div", {});
  const failed = (error) => fill(errors, problem(error));
  const part = growing();
  const list = livePart(
    () => records((path) => ask("GET", path), "/v1/users", "users", part.wanted),
    ({ found, more }) => [draw(found), part.button(more, list.refresh, failed)],
  );
  // One step for all that changes a user: old errors go, the change is made, the list is renewed.
  const change = async (method, path, body) => {
    fill(errors);
    const answer = await ask(method, `/v1/users${path}`, body);
    if (path === `/${session.me.user.id}`) await refreshMe();
    if (isAdministrator()) await list.refresh();
    return answer;
  };

  function draw(found) {
    return table(
      say("admin.users"),
      [say("admin.user"), say("admin.role"), say("state"), say("created_at"), say("actions")],
      found.map((user) => [
        nameOf(user),
        say(`role.${user.role}`),
        stateTag(user.enabled),
        say("plain", { value: () => moment(user.created_at) }),
        el("div", { class: "buttons" }, changeRole(user), toggle(user), reset(user), remove(user)),
      ]),
    );
  }
  function nameOf({ id, name }) {
    const own = id === session.me.user.id && el("span", { class: "fine" }, " ", say("admin.you"));
    return el("span", {}, name, own);
  }
  function changeRole(user) {
    const label = say("admin.role_change");
    const spoken = say("admin.role_of", { name: user.name });
    const choices = ROLES.map((value) => ({ value, label: say(`role.${value}`), hint: say(`role.${value}.may`) }));
    const act = async () => {
      const role = await chooseOne(spoken, say("admin.role_when"), choices, user.role, label);
      if (role === null) return;
      await change("PATCH", `/${user.id}`, { role });
      notice(say("admin.changed"));
    };
    return actionButton(label, spoken, act, failed);
  }
  function toggle(user) {
    const name = user.enabled ? "disable" : "enable";
    const act = async () => {
      const why = say("admin.disable_user_why", { name: user.name });
      if (user.enabled && !(await confirmed(say("admin.disable_user"), why, say("disable")))) return;
      await change("PATCH", `/${user.id}`, { enabled: !user.enabled });
      notice(say("admin.changed"));
    };
    return actionButton(say(name), say(`${name}.what`, { what: user.name }), act, failed);
  }
  function reset(user) {
    const act = async () => {
      const why = say("admin.reset_why", { name: user.name });
      if (!(await confirmed(say("admin.reset"), why, say("admin.reset")))) return;
      await tellPassword(await change("POST", `/${user.id}/password`, {}));
    };
    return actionButton(say("admin.reset"), say("admin.reset_of", { name: user.name }), act, failed);
  }
  function remove(user) {
    const act = async () => {
      const why = say("admin.delete_user_why", { name: user.name });
      if (!(await confirmed(say("admin.delete_user"), why, say("delete")))) return;
      await change("DELETE", `/${user.id}`);
      notice(say("admin.deleted"));
    };
    return actionButton(say("delete"), say("delete.what", { what: user.name }), act, failed, "small danger");
  }

  const name = el("input", { id: freshId("name"), required: true, maxlength: 64, autocomplete: "off" });
  const password = el("input", { id: freshId("password"), type: "password", autocomplete: "new-password" });
  const role = el(
    "select",
    { id: freshId("role") },
    ROLES.map((value) => el("option", { value, selected: value === "caller" }, say(`role.${value}`))),
  );
  const add = async () => {
    const body = { name: name.value.trim(), role: role.value };
    if (password.value) body.password = password.value;
    const answer = await change("POST", "", body);
    name.value = password.value = "";
    if (answer.password) await tellPassword(answer);
    else notice(say("admin.added"));
  };
  list.refresh();
  return {
    refresh: list.refresh,
    root: el(
      "section",
      { class: "card", "aria-labelledby": "users-title" },
      el("h2", { id: "users-title" }, say("admin.users")),
      errors,
      list.place,
      addForm(say("admin.add_user"), add, failed, [
        field(say("admin.user"), name),
        field(say("admin.role"), role),
        field(say("admin.password"), password, say("admin.password_hint")),
      ]),
    ),
  };
}

function projects() {
  const errors = el("div", {});
  const failed = (error) => fill(errors, problem(error));
  const part = growing();
  const list = livePart(refreshProjects, () => {
    const more = session.projects.length > part.wanted;
    return [draw(session.projects.slice(0, part.wanted)), part.button(more, list.refresh, failed)];
  });

  function draw(found) {
    return table(
      say("admin.projects"),
      [say("admin.project"), say("admin.project_id"), say("admin.service"), say("created_at"), say("actions")],
      found.map((project) => [
        project.name,
        el("code", {}, project.id),
        stateTag(project.enabled),
        say("plain", { value: () => moment(project.created_at) }),
        el("div", { class: "buttons" }, toggle(project), remove(project)),
      ]),
    );
  }
  function toggle(project) {
    const name = project.enabled ? "disable" : "enable";
    const act = async () => {
      fill(errors);
      if (!(await switchService(project))) return;
      await list.refresh();
      notice(say(project.enabled ? "service.now_disabled" : "service.now_enabled"));
    };
    return actionButton(say(name), say(`${name}.what`, { what: project.name }), act, failed);
  }
  function remove(project) {
    const act = async () => {
      fill(errors);
      const why = say("admin.delete_project_why", { name: project.name });
      if (!(await confirmed(say("admin.delete_project"), why, say("delete")))) return;
      await ask("DELETE", `/v1/projects/${project.id}`);
      await list.refresh();
      notice(say("admin.deleted"));
    };
    return actionButton(say("delete"), say("delete.what", { what: project.name }), act, failed, "small danger");
  }

  const name = el("input", { id: freshId("name"), required: true, maxlength: 64, autocomplete: "off" });
  const add = async () => {
    fill(errors);
    await ask("POST", "/v1/projects", { name: name.value.trim() });
    name.value = "";
    await list.refresh();
    notice(say("admin.added"));
  };
  list.refresh();
  return {
    refresh: list.refresh,
    root: el(
      "section",
      { class: "card", "aria-labelledby": "projects-title" },
      el("h2", { id: "projects-title" }, say("admin.projects")),
      errors,
      list.place,
      addForm(say("admin.add_project"), add, failed, [
        field(say("admin.project"), name, say("admin.project_hint")),
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
    hint && el("span", { class: "fine", id: `${input.id}-hint` }, hint),
  );
}

function addForm(title, add, failed, fields) {
  const button = el("button", { class: "primary" }, title);
  const submit = async (event) => {
    event.preventDefault();
    await keepingFocus(button, async () => {
      button.disabled = true;
      await add().catch(failed);
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

const tellPassword = ({ user, password }) =>
  showSecrets(say("admin.password_of", { name: user.name }), [
    [say("admin.user"), user.name],
    [say("admin.password"), password],
  ]);
