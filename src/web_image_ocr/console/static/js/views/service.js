// Service: whether Web Image OCR is enabled for the project, what limits hold, what the server can do.

import { callJson } from "../api.js";
import { copyButton } from "../dialogs.js";
import { el, fill } from "../dom.js";
import { bytes, duration, say } from "../i18n.js";
import { announce, problem } from "../messages.js";
import { livePart } from "../router.js";
import { isAdministrator, isOpen, projectId, refreshProjects, session } from "../session.js";
import { switchService } from "../subscription.js";
import { actionButton, facts, stateTag } from "../table.js";

/** Builds the view. */
export function build() {
  const enabled = livePart(async () => isOpen() || refreshProjects(), enabledPart);
  const able = livePart(async () => {
    session.service = await callJson("GET", "/v1/service");
    return session.service;
  }, ablePart);
  const refresh = () => {
    enabled.refresh();
    able.refresh();
  };
  refresh();
  const root = el(
    "div",
    { class: "view" },
    el("h1", {}, say("service.title")),
    el("p", { class: "lead" }, say("service.lead")),
    enabled.place,
    able.place,
  );
  return { root, refresh };

  function enabledPart() {
    const state = isOpen() ? el("p", {}, say("service.open")) : subscription();
    return el("section", { class: "card" }, state, projectId() ? address() : null);
  }

  function subscription() {
    const { project } = session;
    if (!project) return el("p", {}, say("try.no_project"));
    const errors = el("div", {});
    const change = async () => {
      fill(errors);
      if (!(await switchService(project))) return;
      announce(say(project.enabled ? "service.now_disabled" : "service.now_enabled"));
      await enabled.refresh();
    };
    const label = say(project.enabled ? "service.disable" : "service.enable");
    const failed = (error) => fill(errors, problem(error));
    const button = actionButton(label, undefined, change, failed, project.enabled ? "" : "primary");
    return [
      el("h2", {}, say("service.of_project", { name: project.name })),
      el(
        "p",
        { class: "switch-row" },
        stateTag(project.enabled),
        say(project.enabled ? "service.is_enabled" : "service.is_disabled"),
      ),
      isAdministrator()
        ? el("div", { class: "buttons" }, button)
        : el("p", { class: "fine" }, say("service.ask_admin")),
      errors,
    ];
  }
}

function address() {
  const url = `${location.origin}/v2/${projectId()}/ocr/web-image`;
  const copied = (key, shown, text) => [key, [el("code", {}, shown), " ", copyButton(() => text, say(key))]];
  const rows = [copied("service.address", `POST ${url}`, url)];
  if (!isOpen()) rows.push(copied("service.project_id", projectId(), projectId()));
  return facts(rows);
}

function ablePart({ limits, formats, models, edition, version }) {
  const text = (value) => say("plain", { value });
  const limitRows = [
    ["service.sides", say("service.pixels", { least: limits.min_side, most: limits.max_side })],
    ["service.image_bytes", text(() => bytes(limits.max_image_bytes))],
    ["service.body_bytes", text(() => bytes(limits.max_body_bytes))],
    ["service.deadline", text(() => duration(limits.deadline_s * 1000))],
    ["service.rate", limits.rate_limit || say("service.no_limit")],
  ];
  return el(
    "div",
    { class: "columns" },
    el("section", { class: "card" }, el("h2", {}, say("service.limits")), facts(limitRows)),
    el(
      "section",
      { class: "card" },
      el("h2", {}, say("service.able")),
      facts([
        ["service.formats", formats.join(", ")],
        ["service.edition", edition],
        ["service.version", version],
        ...models.map(({ part, name, precision }) => [`service.model.${part}`, `${name} (${precision})`]),
      ]),
    ),
  );
}
