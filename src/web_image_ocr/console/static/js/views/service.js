// Show and toggle the subscription of the project, and show the server's limits and models.

import { callJson } from "../api.js";
import { copyButton } from "../dialogs.js";
import { el, fill } from "../dom.js";
import { announce, asyncSection, errorBox } from "../feedback.js";
import { formatBytes, formatDuration, t } from "../i18n.js";
import { isAdministrator, isAuthDisabled, projectId, refreshProjects, session } from "../session.js";
import { toggleService } from "../subscription.js";
import { actionButton, definitionList, statusTag } from "../table.js";

/** Build the view. */
export function build() {
  const enabled = asyncSection(async () => isAuthDisabled() || refreshProjects(), renderStatus);
  const capabilities = asyncSection(async () => {
    session.service = await callJson("GET", "/v1/service");
    return session.service;
  }, renderCapabilities);
  const refresh = () => {
    enabled.refresh();
    capabilities.refresh();
  };
  refresh();
  const root = el(
    "div",
    { class: "view" },
    el("h1", {}, t("service.title")),
    el("p", { class: "lead" }, t("service.lead")),
    enabled.root,
    capabilities.root,
  );
  return { root, refresh };

  function renderStatus() {
    const state = isAuthDisabled() ? el("p", {}, t("service.open")) : subscription();
    return el("section", { class: "card" }, state, projectId() ? endpoint() : null);
  }

  function subscription() {
    const { project } = session;
    if (!project) return el("p", {}, t("try.no_project"));
    const errors = el("div", {});
    const change = async () => {
      fill(errors);
      if (!(await toggleService(project))) return;
      announce(t(project.enabled ? "service.now_disabled" : "service.now_enabled"));
      await enabled.refresh();
    };
    const label = t(project.enabled ? "service.disable" : "service.enable");
    const onError = (error) => fill(errors, errorBox(error));
    const button = actionButton(label, undefined, change, onError, project.enabled ? "" : "primary");
    return [
      el("h2", {}, t("service.of_project", { name: project.name })),
      el(
        "p",
        { class: "status-row" },
        statusTag(project.enabled),
        t(project.enabled ? "service.is_enabled" : "service.is_disabled"),
      ),
      isAdministrator()
        ? el("div", { class: "buttons" }, button)
        : el("p", { class: "fine-print" }, t("service.ask_admin")),
      errors,
    ];
  }
}

function endpoint() {
  const url = `${location.origin}/v2/${projectId()}/ocr/web-image`;
  const copyable = (key, shown, text) => [key, [el("code", {}, shown), " ", copyButton(() => text, t(key))]];
  const rows = [copyable("service.address", `POST ${url}`, url)];
  if (!isAuthDisabled()) rows.push(copyable("service.project_id", projectId(), projectId()));
  return definitionList(rows);
}

function renderCapabilities({ limits, formats, models, edition, version }) {
  const text = (value) => t("plain", { value });
  const limitRows = [
    ["service.sides", t("service.pixels", { min: limits.min_side, max: limits.max_side })],
    ["service.image_bytes", text(() => formatBytes(limits.max_image_bytes))],
    ["service.body_bytes", text(() => formatBytes(limits.max_body_bytes))],
    ["service.deadline", text(() => formatDuration(limits.deadline_s * 1000))],
    ["service.rate", limits.rate_limit || t("service.no_limit")],
  ];
  return el(
    "div",
    { class: "columns" },
    el("section", { class: "card" }, el("h2", {}, t("service.limits")), definitionList(limitRows)),
    el(
      "section",
      { class: "card" },
      el("h2", {}, t("service.able")),
      definitionList([
        ["service.formats", formats.join(", ")],
        ["service.edition", edition],
        ["service.version", version],
        ...models.map(({ part, name, precision }) => [`service.model.${part}`, `${name} (${precision})`]),
      ]),
    ),
  );
}
