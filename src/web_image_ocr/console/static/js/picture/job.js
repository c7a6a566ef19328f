// One picture to read, from the moment it is chosen to its answer.

let count = 0;

/** The states in which nothing more will come of a job by itself. */
const ENDED = new Set(["done", "failed"]);

/** A picture and what has become of it; tells its listeners of every change. */
export class Job extends EventTarget {
  /**
   * @param {object} source `file` or `url`; `sample` where the file is one of the console's own.
   * @param {object} options `detect_direction` and `image_size`, as chosen for this reading.
   */
  constructor({ file = null, url = "", sample = false }, options) {
    super();
    this.id = ++count;
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
    this.result = null;
    this.error = null;
    /** `{requestId, timings: [{stage, ms}], received}` of the last answer. */
    this.answer = null;
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
    this.change({ state: "waiting", progress: 0, error: null, result: null, answer: null, tries: 0 });
  }
}
