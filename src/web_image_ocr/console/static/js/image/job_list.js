// Show the list of images with their states, and save their results.

import { confirmDialog } from "../dialogs.js";
import { el, fill } from "../dom.js";
import { announce, errorTitle } from "../feedback.js";
import { saveFile } from "../files.js";
import { t } from "../i18n.js";
import { toJsonLines, toResultsCsv, toText } from "./exports.js";

/**
 * Create the list of a queue's jobs.
 *
 * @param queue the queue.
 * @param {Function} onSelect receives the job that the user selects.
 * @param {Function} onClear called when the user has cleared the list.
 * @returns `{root, select(job)}`.
 */
export function jobList(queue, onSelect, onClear) {
  const rows = new Map(); // Job -> its row
  const list = el("ul", { class: "jobs" });
  const summary = el("p", { class: "count" });
  const stop = smallButton(t("queue.stop"), () => queue.stop());
  const clear = smallButton(t("queue.clear"), async () => {
    const count = queue.jobs.filter(({ result }) => result).length;
    const lost = t("queue.clear_why", { count });
    if (count > 0 && !(await confirmDialog(t("queue.clear_ask"), lost, t("queue.clear")))) return;
    queue.clear();
    onClear();
  });
  const downloads = el(
    "div",
    { class: "buttons", role: "group", "aria-label": t("queue.results") },
    el("span", {}, t("queue.results")),
    download(queue, "JSONL", "jsonl", toJsonLines, "application/x-ndjson"),
    download(queue, "CSV", "csv", toResultsCsv, "text/csv"),
    download(queue, t("queue.text"), "txt", toText, "text/plain"),
  );
  const root = el(
    "section",
    { class: "queue", "aria-label": t("queue.title") },
    el("div", { class: "lines-head" }, el("h2", { class: "minor" }, t("queue.title")), stop, clear),
    summary,
    list,
    downloads,
  );
  let selected = null;
  let busy = false;

  function render() {
    const jobs = queue.jobs;
    for (const job of rows.keys()) if (!jobs.includes(job)) rows.delete(job);
    for (const job of jobs) if (!rows.has(job)) rows.set(job, row(job, () => onSelect(job)));
    const wanted = jobs.map((job) => rows.get(job));
    if (wanted.length !== list.children.length || wanted.some((item, at) => item !== list.children[at])) {
      list.replaceChildren(...wanted);
    }
    const ended = jobs.filter((job) => job.ended).length;
    const failed = jobs.filter((job) => job.state === "failed").length;
    const status = t(failed ? "queue.progress_failed" : "queue.progress", { ended, count: jobs.length, failed });
    fill(summary, status);
    if (busy && !queue.busy && jobs.length > 1) announce(status);
    busy = queue.busy;
    if (busy === stop.hidden) updateStop();
    downloads.hidden = ended === 0;
    root.hidden = jobs.length < 2;
    updateSelection();
  }
  function updateStop() {
    const hadFocus = document.activeElement === stop;
    stop.hidden = !busy;
    if (hadFocus) clear.focus(); // keep the keyboard focus here
  }
  function updateSelection() {
    for (const [job, item] of rows) item.classList.toggle("selected", job === selected);
  }
  queue.addEventListener("change", render);
  render();
  return {
    root,
    select(job) {
      selected = job;
      updateSelection();
    },
  };
}

function row(job, onClick) {
  const state = el("span", { class: "state" });
  const progress = el("progress", { max: 1, "aria-label": t("queue.progress_of", { name: job.name }) });
  const show = () => {
    fill(state, stateText(job));
    state.className = `state ${job.state}`;
    progress.hidden = job.ended || job.state === "waiting" || job.state === "paused";
    if (job.state === "sending") progress.value = job.progress;
    else progress.removeAttribute("value");
  };
  job.addEventListener("change", show);
  show();
  return el(
    "li",
    {},
    el(
      "button",
      { type: "button", class: "job", on: { click: onClick } },
      el("span", { class: "file-name" }, job.name),
      state,
    ),
    progress,
  );
}

/** Return the Message for the state of a job. */
export function stateText(job) {
  if (job.state === "failed") return errorTitle(job.error);
  if (job.state === "done") return t("state.done", { count: job.result.words_block_list.length });
  return t(`state.${job.state}`);
}

const download = (queue, label, extension, format, type) =>
  smallButton(label, () =>
    saveFile(`results.${extension}`, format(queue.jobs.filter((job) => job.ended)), type),
  );

const smallButton = (label, act) =>
  el("button", { type: "button", class: "small", on: { click: act } }, label);
