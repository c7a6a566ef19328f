// Try it: pictures in, their text out, with all that a developer wants to know about the call.

import { el, fill, freshId } from "../dom.js";
import { moment, say } from "../i18n.js";
import { announce, problem } from "../messages.js";
import { intake, takeFromAnywhere } from "../picture/intake.js";
import { Job } from "../picture/job.js";
import { Queue } from "../picture/queue.js";
import { jobList, stateOf } from "../picture/rows.js";
import { renewed } from "../router.js";
import { chooseProject, isAdministrator, isOpen, projectId, session } from "../session.js";
import { showcase } from "./showcase.js";

/** What will fail again as long as the file is the same. */
const USELESS_AGAIN = new Set(["picture_too_large", "empty_file", "AIS.0102", "AIS.0103", "ModelArts.4104"]);

let current = null; // the view that pictures pasted anywhere go to

takeFromAnywhere(
  () => current?.root.isConnected && !document.querySelector("dialog[open]"),
  (files) => current.takeFiles(files),
);

/** Builds the view. */
export function build() {
  const queue = new Queue();
  const options = optionsPart();
  const { place, put } = outcomePlace();
  const hint = el("div", {});
  const root = el("div", { class: "try" });
  let shown = null; // the outcome of the picture that is looked at

  const chosen = () => ({ ...options.read(), project: projectId() });
  const take = (sources) => {
    const jobs = sources.map((source) => new Job(source, chosen()));
    // One picture after the other is looked at alone; what is still on its way stays beside it.
    if (jobs.length === 1 && queue.jobs.length === 1 && !queue.busy) queue.clear();
    queue.add(jobs);
    look(jobs[0]);
  };
  const look = (job) => {
    shown?.close();
    list.choose(job);
    const acts = {
      again() {
        job.options = chosen(); // they may have been changed for this
        queue.again(job);
      },
      stop: () => queue.stop([job]),
      keepEarlier: () => queue.keepEarlier(job),
    };
    shown = job ? outcome(put, job, acts) : null;
    root.classList.toggle("has-picture", job !== null);
    if (!job) put(showcase());
    // On a small screen the outcome lies below what was pressed.
    else if (place.getBoundingClientRect().top > 0.7 * innerHeight) place.scrollIntoView({ block: "start" });
  };
  const { root: intakeRoot, takeFiles, focus } = intake(take);
  const list = jobList(queue, look, focus);
  queue.addEventListener("change", () => {
    if (shown && !queue.jobs.includes(shown.job)) look(null);
  });

  fill(
    root,
    el("div", { class: "try-head" }, el("h1", {}, say("try.title")), el("p", { class: "lead" }, say("try.lead"))),
    hint,
    el("div", { class: "bench" }, el("div", { class: "bench-in" }, intakeRoot, options.root, list.root), place),
  );
  current = { root, takeFiles };
  look(null);
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
      el("legend", {}, say("options.title")),
      choice(direction, say("options.direction"), "detect_direction"),
      choice(size, say("options.size"), "image_size"),
    ),
    read: () => ({ detect_direction: direction.checked, image_size: size.checked }),
  };
}

// Where outcomes are shown. Whoever is in it by keyboard is at the heading of what comes next.
function outcomePlace() {
  const place = el("div", { class: "outcome" });
  let left = false; // what had the focus is gone
  function put(...children) {
    left ||= place.contains(document.activeElement);
    fill(place, ...children);
    const heading = place.querySelector("h2");
    if (!left || !heading) return;
    left = false;
    if (document.activeElement !== document.body) return; // he has gone elsewhere
    heading.tabIndex = -1;
    heading.focus();
  }
  return { place, put };
}

// Shows a job for as long as it is looked at: its progress, then its answer or its error. `acts`
// is what can be done with it.
function outcome(put, job, acts) {
  let part = null;
  let waiting = false; // its progress is on show
  let ticking = null;
  let left = false;
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
      put(failed(job, acts));
    } else if (!waiting) {
      clear();
      waiting = true;
      const { root, tick } = underWay(job, acts.stop);
      put(root);
      ticking = setInterval(tick, 200);
    }
  }
  // What shows results is fetched with the first one: nobody needs it before.
  async function showResult() {
    const module = await import("../picture/result.js").catch(() => null);
    if (left || job.state !== "done") return; // somebody looks at another one by now
    clear();
    part = module?.resultOf(job, acts.again) ?? null;
    put(part?.root ?? renewed());
    announce(stateOf(job));
  }
  put();
  job.addEventListener("change", draw);
  draw();
  return {
    job,
    close() {
      left = true;
      job.removeEventListener("change", draw);
      clear();
    },
  };
}

const failed = (job, { again, keepEarlier }) =>
  el(
    "div",
    { class: "card" },
    el("h2", { class: "file-name" }, job.name),
    problem(job.error, job.file && USELESS_AGAIN.has(job.error.code) ? null : again),
    job.earlier && el("button", { type: "button", on: { click: keepEarlier } }, say("result.earlier")),
  );

function underWay(job, stop) {
  const state = el("p", { role: "status" });
  const seconds = el("p", { class: "fine", "aria-hidden": "true" });
  const progress = el("progress", { max: 1, "aria-label": say("queue.progress_of", { name: job.name }) });
  const began = Date.now();
  let told = "";
  const tick = () => {
    const said = job.state === "paused" ? pausedUntil(job) : stateOf(job);
    if (String(said) !== told) fill(state, said); // a screen reader says it once
    told = String(said);
    if (job.state === "sending") progress.value = job.progress;
    else progress.removeAttribute("value");
    fill(seconds, say("state.since", { seconds: Math.floor((Date.now() - began) / 1000) }));
  };
  tick();
  return {
    tick,
    root: el(
      "div",
      { class: "card under-way" },
      el("h2", { class: "file-name" }, job.name),
      state,
      progress,
      seconds,
      el("button", { type: "button", on: { click: stop } }, say("state.stop")),
    ),
  };
}

const pausedUntil = (job) =>
  say("state.paused_until", { time: () => moment(job.resumesAt, { timeStyle: "medium" }) });

// What stands in the way of a call, before one is made.
function serviceHint(refresh) {
  if (isOpen()) return null;
  if (!session.project) {
    if (!isAdministrator()) return el("p", { class: "hint" }, say("try.no_project_caller"));
    return hintBox(say("try.no_project"), "#/administration");
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
      say("try.use_other", { name: other.name }),
    ),
  ];
  return hintBox(say("try.not_enabled", { name: session.project.name }), "#/service", change);
}

const hintBox = (text, address, more = null) =>
  el("p", { class: "hint" }, text, " ", el("a", { href: address }, say("try.go")), more);
