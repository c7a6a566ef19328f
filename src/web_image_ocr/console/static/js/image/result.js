// Show the result of an image: boxes, lines, JSON, code and timings.

import { copyButton } from "../dialogs.js";
import { el, fill, freshId } from "../dom.js";
import { errorBox, errorTitle } from "../feedback.js";
import { saveFile } from "../files.js";
import { formatBytes, t } from "../i18n.js";
import { isAuthDisabled, withProjectToken } from "../session.js";
import { tabs } from "../tabs.js";
import { requestBody, servicePath } from "./call.js";
import { lineList } from "./lines.js";
import { PLACEHOLDERS, toCurl, toRequests, toSdk } from "./snippets.js";
import { timingTable } from "./timings.js";
import { viewer } from "./viewer.js";

let lastTab = "lines"; // keep the selected tab for the next image

/** Create the view of a finished job; `retry` runs it again. */
export function resultView(job, retry) {
  const lines = job.result.words_block_list;
  const size = job.result.extracted_data?.image_size ?? null;
  const url = job.file ? URL.createObjectURL(job.file) : null;
  let list = null;
  const imageViewer = viewer(url, lines, size, (number, clicked) => {
    imageViewer.highlight(number);
    list?.highlight(number, clicked);
  });
  const drawLines = () => {
    list = lineList(lines, (number) => imageViewer.highlight(number, true), imageViewer.filter);
    return list.root;
  };
  const panel = tabs(
    t("result.tabs"),
    [
      { name: "lines", title: t("result.lines"), draw: drawLines },
      { name: "json", title: t("result.json"), draw: () => jsonPart(job) },
      { name: "code", title: t("result.code"), draw: () => codePart(job) },
      { name: "times", title: t("result.times"), draw: () => timesPart(job) },
    ],
    lastTab,
    (name) => {
      lastTab = name;
    },
  );
  return {
    root: el(
      "section",
      { class: "result", "aria-label": t("result.of", { name: job.name }) },
      el(
        "div",
        { class: "result-image" },
        el(
          "div",
          { class: "result-head" },
          el("h2", { class: "file-name" }, job.name),
          job.file && el("span", { class: "fine-print" }, t("plain", { value: () => formatBytes(job.file.size) })),
          el("button", { type: "button", class: "small", on: { click: retry } }, t("result.again")),
          imageViewer.tools,
        ),
        imageViewer.root,
      ),
      panel,
    ),
    close: () => url && URL.revokeObjectURL(url),
  };
}

function jsonPart(job) {
  const { project, fields } = job.answer.sent;
  const sent = el("code", {});
  requestBody(job, fields).then(
    (body) => fill(sent, t("plain", { value: () => pretty(withShortImage(body)) })),
    (error) => fill(sent, errorTitle(error)), // the file was removed
  );
  const received = pretty(job.answer.received);
  const file = `${job.name.replace(/[^\p{L}\p{N}._-]+/gu, "_").slice(-80)}.json`;
  return el(
    "div",
    {},
    el("h3", {}, t("json.sent")),
    el("p", { class: "fine-print" }, el("code", {}, `POST ${servicePath(project)}`)),
    el("pre", { tabindex: "0", "aria-label": t("json.sent") }, sent),
    el(
      "div",
      { class: "buttons" },
      copyButton(async () => JSON.stringify(await requestBody(job, fields)), t("json.sent"), t("json.copy_whole")),
    ),
    el("h3", {}, t("json.received")),
    el("p", { class: "fine-print" }, "X-Request-Id ", el("code", {}, job.answer.requestId)),
    el("pre", { tabindex: "0", "aria-label": t("json.received") }, el("code", {}, received)),
    el(
      "div",
      { class: "buttons" },
      copyButton(() => received, t("json.received")),
      el(
        "button",
        { type: "button", class: "small", on: { click: () => saveFile(file, received, "application/json") } },
        t("json.save"),
      ),
    ),
  );
}

// Indent, but keep each point on one line. Line breaks in strings are escaped and cannot match.
const pretty = (value) =>
  JSON.stringify(value, null, 2).replace(/\[\n\s+(\d+),\n\s+(\d+)\n\s+\]/g, "[$1, $2]");

function withShortImage(body) {
  if (!body.image) return body;
  return { ...body, image: `${body.image.slice(0, 32)}… (${t("json.length", { length: body.image.length })})` };
}

function codePart(job) {
  const { project, fields } = job.answer.sent;
  const withToken = el("input", { type: "checkbox", id: freshId("token"), on: { change: () => draw() } });
  const place = el("div", {});
  async function draw() {
    // Only on request: sharing the program would share the token.
    let token = isAuthDisabled() ? null : PLACEHOLDERS.token;
    if (withToken.checked) {
      try {
        token = await withProjectToken(project, (projectToken) => projectToken);
      } catch (error) {
        withToken.checked = false;
        fill(place, errorBox(error, draw));
        return;
      }
      if (!withToken.checked) return; // unchecked meanwhile
    }
    const file = job.file ? job.name : "";
    const call = { origin: location.origin, project, token, file, url: job.url, fields };
    fill(
      place,
      snippet("curl", toCurl(call)),
      snippet("Python, requests", toRequests(call)),
      snippet("Python, huaweicloudsdkocr", toSdk(call)),
    );
  }
  draw();
  return el(
    "div",
    {},
    el("p", {}, t(isAuthDisabled() ? "code.open" : "code.about")),
    job.sample &&
      el(
        "button",
        { type: "button", class: "small", on: { click: () => saveFile(job.name, job.file) } },
        t("code.save_sample", { name: job.name }),
      ),
    !isAuthDisabled() &&
      el("p", { class: "check" }, withToken, el("label", { for: withToken.id }, t("code.with_token"))),
    place,
  );
}

const snippet = (title, text) =>
  el(
    "div",
    { class: "snippet" },
    el("h3", {}, title),
    copyButton(() => text, title),
    el("pre", { tabindex: "0", "aria-label": title }, el("code", {}, text)),
  );

const timesPart = (job) =>
  el("div", {}, timingTable(job.answer.timings), el("p", { class: "fine-print" }, t("timing.about")));
