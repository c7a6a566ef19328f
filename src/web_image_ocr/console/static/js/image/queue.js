// Recognize queued images, a few at a time; pause at the rate limit.

import { ApiError } from "../api.js";
import { recognize } from "./call.js";

/** Concurrent calls: one image is recognized while the next is sent. */
const CONCURRENCY = 2;
/** Longest Retry-After to wait for, seconds. */
const MAX_PAUSE_S = 300;
/** Attempts at the rate limit before an image fails. */
const MAX_TRIES = 10;

/** Run jobs in order; dispatch `change` when jobs are added, removed or finished. */
export class Queue extends EventTarget {
  constructor() {
    super();
    this.jobs = [];
    this.running = new Map(); // Job -> AbortController
    this.resumesAt = 0;
  }

  add(jobs) {
    this.jobs.push(...jobs);
    this.#changed();
    this.#next();
  }

  /** Run a job again. */
  retry(job) {
    job.reset();
    this.#changed();
    this.#next();
  }

  /** Restore the result that a job had before its retry. */
  restorePrevious(job) {
    job.finish();
    this.#changed();
  }

  /** Cancel unfinished jobs; a job with a previous result returns to it. */
  stop(jobs = this.jobs) {
    for (const job of [...jobs]) {
      this.running.get(job)?.abort();
      if (job.ended) continue;
      if (job.previous) job.finish();
      else job.change({ state: "failed", error: new ApiError({ code: "cancelled" }) });
    }
    this.#changed();
  }

  /** Cancel and remove all jobs. */
  clear() {
    this.stop();
    this.jobs = [];
    this.#changed();
  }

  get busy() {
    return this.jobs.some((job) => !job.ended);
  }

  #next() {
    const wait = this.resumesAt - Date.now();
    if (wait > 0) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.#next(), wait);
      return;
    }
    const ready = this.jobs.filter((job) => !job.ended && !this.running.has(job));
    for (const job of ready.slice(0, CONCURRENCY - this.running.size)) this.#run(job);
  }

  async #run(job) {
    const controller = new AbortController();
    this.running.set(job, controller);
    try {
      const answer = await recognize(job, controller.signal);
      if (!controller.signal.aborted) job.finish(answer);
    } catch (error) {
      if (!controller.signal.aborted) this.#failed(job, error);
    } finally {
      this.running.delete(job);
      this.#changed();
      this.#next();
    }
  }

  #failed(job, error) {
    const pause = error instanceof ApiError && error.status === 429 ? (error.retryAfter ?? 5) : null;
    if (pause === null || pause > MAX_PAUSE_S || ++job.tries >= MAX_TRIES) {
      job.change({ state: "failed", error });
      return;
    }
    // The limit applies to the project, so pause all jobs.
    this.resumesAt = Math.max(this.resumesAt, Date.now() + Math.max(1, pause) * 1000);
    job.change({ state: "paused", error, resumesAt: this.resumesAt });
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
