// One picture to read, from the moment it is chosen to its answer.

/** The states in which nothing more will come of a job by itself. */
const ENDED = new Set(["done", "failed"]);

/** A picture and what has become of it; tells its listeners of every change. */
export class Job extends EventTarget {
  /**
   * @param {object} source `file` or `url`; `sample` where the file is one of the console's own.
   * @param {object} options `detect_direction`, `image_size` and `project`, as chosen for this
   *   reading.
   */
  constructor({ file = null, url = "", sample = false }, options) {
    super();
    this.file = file;
    this.url = url;
    this.sample = sample;
    this.options = options;
    /** `waiting`, `sending`, `reading`, `paused`, `done` or `failed`. */
    this.state = "waiting";
    /** While it is sent: the share that has left, 0 to 1. */
    this.progress = 0;
    /** While it is paused: when it is tried again, milliseconds of the clock. */
    this.resumesAt = 0;
    this.tries = 0;
    this.error = null;
    /** `{sent, received, requestId, timings}` once it is done: see `recognize`. */
    this.answer = null;
    /** The answer that there was before it is read again. */
    this.earlier = null;
  }

  /** What the answer holds, or the earlier one where there is no other; null without both. */
  get result() {
    return (this.answer ?? this.earlier)?.received.result ?? null;
  }

  /** How the picture is called: its file's name, or its address. */
  get name() {
    return this.file ? this.file.name || "picture" : this.url;
  }

  get ended() {
    return ENDED.has(this.state);
  }

  /** Changes it, and says so. */
  change(values) {
    Object.assign(this, values);
    this.dispatchEvent(new Event("change"));
  }

  /** Makes it wait for its turn once more. */
  reset() {
    const earlier = this.answer ?? this.earlier;
    this.change({ state: "waiting", progress: 0, error: null, answer: null, earlier, tries: 0 });
  }

  /** Takes an answer, or the earlier one where reading again came to nothing. */
  finish(answer = this.earlier) {
    this.change({ state: "done", error: null, answer, earlier: null });
  }
}
