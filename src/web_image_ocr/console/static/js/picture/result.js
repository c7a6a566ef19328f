// What has come of one picture: the picture with its boxes, beside it the lines, the JSON, the
// same call as a program, and the times.

import { copyButton } from "../dialogs.js";
import { el, fill, freshId } from "../dom.js";
import { save } from "../files.js";
import { bytes, say } from "../i18n.js";
import { problem, whatHappened } from "../messages.js";
import { isOpen, withProjectToken } from "../session.js";
import { tabs } from "../tabs.js";
import { bodyOf, servicePath } from "./call.js";
import { lineList } from "./lines.js";
import { PLACEHOLDERS, asCurl, asRequests, asSdk } from "./snippets.js";
import { timingTable } from "./timings.js";
import { viewer } from "./viewer.js";

let lastTab = "lines"; // whoever looks at the JSON of one picture wants that of the next

/** The answer of a job that is done. `again` reads the picture once more. */
export function resultOf(job, again) {
  const lines = job.result.words_block_list;
  const size = job.result.extracted_data?.image_size ?? null;
  const address = job.file ? URL.createObjectURL(job.file) : null;
  let list = null;
  const picture = viewer(address, lines, size, (number, clicked) => {
    picture.mark(number);
    list?.mark(number, clicked);
  });
  const drawLines = () => {
    list = lineList(lines, (number) => picture.mark(number, true), picture.filter);
    return list.root;
  };
  const panel = tabs(
    say("result.tabs"),
    [
      { name: "lines", title: say("result.lines"), draw: drawLines },
      { name: "json", title: say("result.json"), draw: () => jsonPart(job) },
      { name: "code", title: say("result.code"), draw: () => codePart(job) },
      { name: "times", title: say("result.times"), draw: () => timesPart(job) },
    ],
    lastTab,
    (name) => {
      lastTab = name;
    },
  );
  return {
    root: el(
      "section",
      { class: "result", "aria-label": say("result.of", { name: job.name }) },
      el(
        "div",
        { class: "result-picture" },
        el(
          "div",
          { class: "result-head" },
          el("h2", { class: "file-name" }, job.name),
          job.file && el("span", { class: "fine" }, say("plain", { value: () => bytes(job.file.size) })),
          el("button", { type: "button", class: "small", on: { click: again } }, say("result.again")),
          picture.tools,
        ),
        picture.root,
      ),
      panel,
    ),
    close: () => address && URL.revokeObjectURL(address),
  };
}

function jsonPart(job) {
  const { project, fields } = job.answer.sent;
  const sent = el("code", {});
  bodyOf(job, fields).then(
    (body) => fill(sent, say("plain", { value: () => pretty(shortened(body)) })),
    (error) => fill(sent, whatHappened(error)), // the file has gone since it was read
  );
  const received = pretty(job.answer.received);
  const file = `${job.name.replace(/[^\p{L}\p{N}._-]+/gu, "_").slice(-80)}.json`;
  return el(
    "div",
    {},
    el("h3", {}, say("json.sent")),
    el("p", { class: "fine" }, el("code", {}, `POST ${servicePath(project)}`)),
    el("pre", { tabindex: "0", "aria-label": say("json.sent") }, sent),
    el(
      "div",
      { class: "buttons" },
      copyButton(async () => JSON.stringify(await bodyOf(job, fields)), say("json.sent"), say("json.copy_whole")),
    ),
    el("h3", {}, say("json.received")),
    el("p", { class: "fine" }, "X-Request-Id ", el("code", {}, job.answer.requestId)),
    el("pre", { tabindex: "0", "aria-label": say("json.received") }, el("code", {}, received)),
    el(
      "div",
      { class: "buttons" },
      copyButton(() => received, say("json.received")),
      el(
        "button",
        { type: "button", class: "small", on: { click: () => save(file, received, "application/json") } },
        say("json.save"),
      ),
    ),
  );
}

// Indented, but a corner on one line. Line breaks inside texts are escaped, so that none is met.
const pretty = (value) =>
  JSON.stringify(value, null, 2).replace(/\[\n\s+(\d+),\n\s+(\d+)\n\s+\]/g, "[$1, $2]");

function shortened(body) {
  if (!body.image) return body;
  return { ...body, image: `${body.image.slice(0, 32)}… (${say("json.length", { length: body.image.length })})` };
}

function codePart(job) {
  const { project, fields } = job.answer.sent;
  const withToken = el("input", { type: "checkbox", id: freshId("token"), on: { change: () => draw() } });
  const place = el("div", {});
  async function draw() {
    // Only on request: whoever pastes the program elsewhere hands the token on.
    let token = isOpen() ? null : PLACEHOLDERS.token;
    if (withToken.checked) {
      try {
        token = await withProjectToken(project, (drawn) => drawn);
      } catch (error) {
        withToken.checked = false;
        fill(place, problem(error, draw));
        return;
      }
      if (!withToken.checked) return; // taken back while it was drawn
    }
    const file = job.file ? job.name : "";
    const call = { origin: location.origin, project, token, file, url: job.url, fields };
    fill(
      place,
      snippet("curl", asCurl(call)),
      snippet("Python, requests", asRequests(call)),
      snippet("Python, huaweicloudsdkocr", asSdk(call)),
    );
  }
  draw();
  return el(
    "div",
    {},
    el("p", {}, say(isOpen() ? "code.open" : "code.about")),
    job.sample &&
      el(
        "button",
        { type: "button", class: "small", on: { click: () => save(job.name, job.file) } },
        say("code.save_sample", { name: job.name }),
      ),
    !isOpen() &&
      el("p", { class: "check" }, withToken, el("label", { for: withToken.id }, say("code.with_token"))),
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
  el("div", {}, timingTable(job.answer.timings), el("p", { class: "fine" }, say("timing.about")));
