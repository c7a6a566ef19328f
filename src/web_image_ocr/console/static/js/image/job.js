// Represent one image to recognize, from its selection to its result.

/** Final states of a job. */
const ENDED = new Set(["done", "failed"]);

/** Hold an image and its state; dispatch `change` on every change. */
export class Job extends EventTarget {
  /**
   * @param {object} source `file` or `url`; `sample` if the file is one of the console's samples.
   * @param {object} options `detect_direction`, `image_size` and `project`, as selected for this
   *   call.
   */
  constructor({ file = null, url = "", sample = false }, options) {
    super();
    this.file = file;
    this.url = url;
    this.sample = sample;
    this.options = options;
    /** `waiting`, `sending`, `recognizing`, `paused`, `done` or `failed`. */
    this.state = "waiting";
    /** Fraction that was sent, 0 to 1. */
    this.progress = 0;
    /** Time of the next attempt while paused, milliseconds since the epoch. */
    this.resumesAt = 0;
    this.tries = 0;
    this.error = null;
    /** `{sent, received, requestId, timings}` once it is done: see `recognize`. */
    this.answer = null;
    /** Answer before the current retry. */
    this.previous = null;
  }

  /** Result of the current answer, else of the previous one, else null. */
  get result() {
    return (this.answer ?? this.previous)?.received.result ?? null;
  }

  /** Name of the file, or the URL. */
  get name() {
    return this.file ? this.file.name || "image" : this.url;
  }

  get ended() {
    return ENDED.has(this.state);
  }

  /** Change properties and notify listeners. */
  change(values) {
    Object.assign(this, values);
    this.dispatchEvent(new Event("change"));
  }

  /** Queue the job again; the current answer becomes the previous one. */
  reset() {
    const previous = this.answer ?? this.previous;
    this.change({ state: "waiting", progress: 0, error: null, answer: null, previous, tries: 0 });
  }

  /** Finish with an answer, by default the previous one. */
  finish(answer = this.previous) {
    this.change({ state: "done", error: null, answer, previous: null });
  }
}
