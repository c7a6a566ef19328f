// The pictures to read: a few at a time, and none while the server asks for patience.

import { ApiError } from "../api.js";
import { recognize } from "./call.js";

/** Pictures on their way at once: one is read while the next is sent, and others are let in. */
const AT_ONCE = 2;
/** A limit that lasts longer is no pause but an answer, seconds. */
const LONGEST_PAUSE_S = 300;
/** How often a picture is sent again because of a limit. */
const TRIES = 10;

/** Works through jobs in their order; dispatches `change` when jobs come, go or end. */
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

  /** Reads a job once more. */
  again(job) {
    job.reset();
    this.#changed();
    this.#next();
  }

  /** Leaves it with the result that it had before it was read again. */
  keepEarlier(job) {
    job.finish();
    this.#changed();
  }

  /** Gives up what has not ended: the one job, or all. What was read before stays read. */
  stop(jobs = this.jobs) {
    for (const job of [...jobs]) {
      this.running.get(job)?.abort();
      if (job.ended) continue;
      if (job.earlier) job.finish();
      else job.change({ state: "failed", error: new ApiError({ code: "given_up" }) });
    }
    this.#changed();
  }

  /** Forgets all jobs; those under way are given up. */
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
    for (const job of ready.slice(0, AT_ONCE - this.running.size)) this.#run(job);
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
    if (pause === null || pause > LONGEST_PAUSE_S || ++job.tries >= TRIES) {
      job.change({ state: "failed", error });
      return;
    }
    // The limit is the project's: what waits would only meet it again.
    this.resumesAt = Math.max(this.resumesAt, Date.now() + Math.max(1, pause) * 1000);
    job.change({ state: "paused", error, resumesAt: this.resumesAt });
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
