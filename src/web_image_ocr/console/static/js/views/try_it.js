// Recognize images and show their text, and the call as a developer needs it.

import { el, fill, freshId } from "../dom.js";
import { announce, errorBox, reloadPrompt } from "../feedback.js";
import { formatTime, t } from "../i18n.js";
import { acceptPasteAndDrop, imageInput } from "../image/input.js";
import { Job } from "../image/job.js";
import { jobList, stateText } from "../image/job_list.js";
import { Queue } from "../image/queue.js";
import { chooseProject, isAdministrator, isAuthDisabled, projectId, session } from "../session.js";
import { showcase } from "./showcase.js";

/** Errors that the same file always causes: no retry is offered. */
const PERMANENT_ERRORS = new Set(["image_too_large", "empty_file", "AIS.0102", "AIS.0103", "ModelArts.4104"]);

let current = null; // receives images that are pasted anywhere

acceptPasteAndDrop(
  () => current?.root.isConnected && !document.querySelector("dialog[open]"),
  (files) => current.takeFiles(files),
);

/** Build the view. */
export function build() {
  const queue = new Queue();
  const options = optionsPart();
  const { root: output, put } = outputContainer();
  const hint = el("div", {});
  const root = el("div", { class: "try" });
  let shown = null; // output of the selected image

  const currentOptions = () => ({ ...options.read(), project: projectId() });
  const take = (sources) => {
    const jobs = sources.map((source) => new Job(source, currentOptions()));
    // A single image replaces the one before, unless that is still in progress.
    if (jobs.length === 1 && queue.jobs.length === 1 && !queue.busy) queue.clear();
    queue.add(jobs);
    select(jobs[0]);
  };
  const select = (job) => {
    shown?.close();
    list.select(job);
    const actions = {
      retry() {
        job.options = currentOptions(); // the options may have changed
        queue.retry(job);
      },
      stop: () => queue.stop([job]),
      restorePrevious: () => queue.restorePrevious(job),
    };
    shown = job ? jobOutput(put, job, actions) : null;
    root.classList.toggle("has-image", job !== null);
    if (!job) put(showcase());
    // On a small screen the output is below the button.
    else if (output.getBoundingClientRect().top > 0.7 * innerHeight) output.scrollIntoView({ block: "start" });
  };
  const { root: inputRoot, takeFiles, focus } = imageInput(take);
  const list = jobList(queue, select, focus);
  queue.addEventListener("change", () => {
    if (shown && !queue.jobs.includes(shown.job)) select(null);
  });

  fill(
    root,
    el("div", { class: "try-head" }, el("h1", {}, t("try.title")), el("p", { class: "lead" }, t("try.lead"))),
    hint,
    el("div", { class: "try-layout" }, el("div", { class: "try-input" }, inputRoot, options.root, list.root), output),
  );
  current = { root, takeFiles };
  select(null);
  const refresh = () => fill(hint, serviceHint(refresh));
  refresh();
  return { root, refresh, close: () => queue.clear() };
}

function optionsPart() {
  const direction = el("input", { type: "checkbox", id: freshId("direction"), checked: true });
  const size = el("input", { type: "checkbox", id: freshId("size"), checked: true });
  const choice = (box, label, field) =>
    el("p", { class: "check" }, box, el("label", { for: box.id }, label, " ", el("code", {}, field)));
  return {
    root: el(
      "fieldset",
      { class: "options" },
      el("legend", {}, t("options.title")),
      choice(direction, t("options.direction"), "detect_direction"),
      choice(size, t("options.size"), "image_size"),
    ),
    read: () => ({ detect_direction: direction.checked, image_size: size.checked }),
  };
}

// Create the container of outputs. Keyboard focus inside moves to the heading of the next output.
function outputContainer() {
  const root = el("div", { class: "output" });
  let hadFocus = false; // the focused element was removed
  function put(...children) {
    hadFocus ||= root.contains(document.activeElement);
    fill(root, ...children);
    const heading = root.querySelector("h2");
    if (!hadFocus || !heading) return;
    hadFocus = false;
    if (document.activeElement !== document.body) return; // the user has moved on
    heading.tabIndex = -1;
    heading.focus();
  }
  return { root, put };
}

// Show a job while it is selected: progress, then result or error. `actions` are
// the handlers of its buttons.
function jobOutput(put, job, actions) {
  let part = null;
  let waiting = false; // progress is shown
  let ticking = null;
  let closed = false;
  const clear = () => {
    clearInterval(ticking);
    part?.close();
    part = null;
    waiting = false;
  };
  function draw() {
    if (job.state === "done") {
      showResult();
    } else if (job.state === "failed") {
      clear();
      put(failed(job, actions));
    } else if (!waiting) {
      clear();
      waiting = true;
      const { root, tick } = inProgress(job, actions.stop);
      put(root);
      ticking = setInterval(tick, 200);
    }
  }
  // Load the result view lazily.
  async function showResult() {
    const module = await import("../image/result.js").catch(() => null);
    if (closed || job.state !== "done") return; // another image was selected
    clear();
    part = module?.resultView(job, actions.retry) ?? null;
    put(part?.root ?? reloadPrompt());
    announce(stateText(job));
  }
  put();
  job.addEventListener("change", draw);
  draw();
  return {
    job,
    close() {
      closed = true;
      job.removeEventListener("change", draw);
      clear();
    },
  };
}

const failed = (job, { retry, restorePrevious }) =>
  el(
    "div",
    { class: "card" },
    el("h2", { class: "file-name" }, job.name),
    errorBox(job.error, job.file && PERMANENT_ERRORS.has(job.error.code) ? null : retry),
    job.previous && el("button", { type: "button", on: { click: restorePrevious } }, t("result.previous")),
  );

function inProgress(job, stop) {
  const state = el("p", { role: "status" });
  const seconds = el("p", { class: "fine-print", "aria-hidden": "true" });
  const progress = el("progress", { max: 1, "aria-label": t("queue.progress_of", { name: job.name }) });
  const startedAt = Date.now();
  let announced = "";
  const tick = () => {
    const message = job.state === "paused" ? pausedUntil(job) : stateText(job);
    if (String(message) !== announced) fill(state, message); // avoid repeated announcements
    announced = String(message);
    if (job.state === "sending") progress.value = job.progress;
    else progress.removeAttribute("value");
    fill(seconds, t("state.since", { seconds: Math.floor((Date.now() - startedAt) / 1000) }));
  };
  tick();
  return {
    tick,
    root: el(
      "div",
      { class: "card in-progress" },
      el("h2", { class: "file-name" }, job.name),
      state,
      progress,
      seconds,
      el("button", { type: "button", on: { click: stop } }, t("state.stop")),
    ),
  };
}

const pausedUntil = (job) =>
  t("state.paused_until", { time: () => formatTime(job.resumesAt, { timeStyle: "medium" }) });

// Explain why calls would fail: no project, or the service is disabled.
function serviceHint(refresh) {
  if (isAuthDisabled()) return null;
  if (!session.project) {
    if (!isAdministrator()) return el("p", { class: "hint" }, t("try.no_project_caller"));
    return hintBox(t("try.no_project"), "#/administration");
  }
  if (session.project.enabled) return null;
  const other = session.projects.find((project) => project.enabled);
  const change = other && [
    " ",
    el(
      "button",
      {
        type: "button",
        class: "small",
        on: {
          click: () => {
            chooseProject(other.id);
            refresh();
          },
        },
      },
      t("try.use_other", { name: other.name }),
    ),
  ];
  return hintBox(t("try.not_enabled", { name: session.project.name }), "#/service", change);
}

const hintBox = (text, address, more = null) =>
  el("p", { class: "hint" }, text, " ", el("a", { href: address }, t("try.go")), more);
