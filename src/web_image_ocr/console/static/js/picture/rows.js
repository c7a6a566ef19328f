// The list of several pictures, with what has become of each, and their results as a file.

import { confirmed } from "../dialogs.js";
import { el, fill } from "../dom.js";
import { save } from "../files.js";
import { say } from "../i18n.js";
import { announce, whatHappened } from "../messages.js";
import { asCsv, asJsonLines, asText } from "./exports.js";

/**
 * The list of a queue's jobs.
 *
 * @param queue whose jobs are shown.
 * @param {Function} choose called with the job to look at.
 * @param {Function} cleared called once the person has cleared the list.
 * @returns `{root, choose(job)}`.
 */
export function jobList(queue, choose, cleared) {
  const rows = new Map(); // Job -> its row
  const list = el("ul", { class: "jobs" });
  const summary = el("p", { class: "count" });
  const stop = smallButton(say("queue.stop"), () => queue.stop());
  const clear = smallButton(say("queue.clear"), async () => {
    const count = queue.jobs.filter(({ result }) => result).length;
    const lost = say("queue.clear_why", { count });
    if (count > 0 && !(await confirmed(say("queue.clear_ask"), lost, say("queue.clear")))) return;
    queue.clear();
    cleared();
  });
  const downloads = el(
    "div",
    { class: "buttons", role: "group", "aria-label": say("queue.results") },
    el("span", {}, say("queue.results")),
    download(queue, "JSONL", "jsonl", asJsonLines, "application/x-ndjson"),
    download(queue, "CSV", "csv", asCsv, "text/csv"),
    download(queue, say("queue.text"), "txt", asText, "text/plain"),
  );
  const root = el(
    "section",
    { class: "queue", "aria-label": say("queue.title") },
    el("div", { class: "lines-head" }, el("h2", { class: "minor" }, say("queue.title")), stop, clear),
    summary,
    list,
    downloads,
  );
  let chosen = null;
  let busy = false;

  function draw() {
    const jobs = queue.jobs;
    for (const job of rows.keys()) if (!jobs.includes(job)) rows.delete(job);
    for (const job of jobs) if (!rows.has(job)) rows.set(job, row(job, () => choose(job)));
    const wanted = jobs.map((job) => rows.get(job));
    if (wanted.length !== list.children.length || wanted.some((item, at) => item !== list.children[at])) {
      list.replaceChildren(...wanted);
    }
    const ended = jobs.filter((job) => job.ended).length;
    const failed = jobs.filter((job) => job.state === "failed").length;
    const told = say(failed ? "queue.progress_failed" : "queue.progress", { ended, count: jobs.length, failed });
    fill(summary, told);
    if (busy && !queue.busy && jobs.length > 1) announce(told);
    busy = queue.busy;
    if (busy === stop.hidden) showStop();
    downloads.hidden = ended === 0;
    root.hidden = jobs.length < 2;
    mark();
  }
  function showStop() {
    const left = document.activeElement === stop;
    stop.hidden = !busy;
    if (left) clear.focus(); // whoever works by keyboard stays here
  }
  function mark() {
    for (const [job, item] of rows) item.classList.toggle("chosen", job === chosen);
  }
  queue.addEventListener("change", draw);
  draw();
  return {
    root,
    choose(job) {
      chosen = job;
      mark();
    },
  };
}

function row(job, choose) {
  const state = el("span", { class: "state" });
  const progress = el("progress", { max: 1, "aria-label": say("queue.progress_of", { name: job.name }) });
  const show = () => {
    fill(state, stateOf(job));
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
      { type: "button", class: "job", on: { click: choose } },
      el("span", { class: "file-name" }, job.name),
      state,
    ),
    progress,
  );
}

/** The state of a job in words. */
export function stateOf(job) {
  if (job.state === "failed") return whatHappened(job.error);
  if (job.state === "done") return say("state.done", { count: job.result.words_block_list.length });
  return say(`state.${job.state}`);
}

const download = (queue, label, ending, form, type) =>
  smallButton(label, () =>
    save(`results.${ending}`, form(queue.jobs.filter((job) => job.ended)), type),
  );

const smallButton = (label, act) =>
  el("button", { type: "button", class: "small", on: { click: act } }, label);
