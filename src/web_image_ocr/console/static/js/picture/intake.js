// The ways a picture comes in: dropped, pasted, chosen, by its address, or one of the samples.

import { el, fill, freshId } from "../dom.js";
import { say } from "../i18n.js";
import { problem } from "../messages.js";
import { session } from "../session.js";
import { SAMPLES, sampleAddress, sampleFile } from "./samples.js";

/** Pictures taken at once; more would only wait, and their names fill the page. */
const MOST = 500;

/**
 * The part of the page that takes pictures.
 *
 * @param {Function} take called with a list of sources, `{file}` or `{url}`.
 * @returns its root, `takeFiles(files)` for files that come in elsewhere, and `focus()`.
 */
export function intake(take) {
  const errors = el("div", {});
  const takeFiles = (files) => {
    fill(errors, files.length > MOST && el("p", { role: "alert" }, say("intake.too_many", { count: MOST })));
    if (files.length > 0) take([...files].slice(0, MOST).map((file) => ({ file })));
  };
  const input = fileInput(takeFiles);
  const root = el(
    "div",
    { class: "intake" },
    dropZone(input),
    addressForm(take),
    samples(take, (error) => fill(errors, error && problem(error))),
    errors,
  );
  return { root, takeFiles, focus: () => input.focus() };
}

/**
 * Gives `takeFiles` what is pasted or dropped anywhere on the page, while `active()` says so.
 */
export function takeFromAnywhere(active, takeFiles) {
  const files = (transfer) => [...(transfer?.files ?? [])];
  document.addEventListener("paste", (event) => {
    const pasted = files(event.clipboardData);
    if (active() && pasted.length > 0) {
      event.preventDefault();
      takeFiles(pasted);
    }
  });
  // Without this the browser would leave the console to show the dropped file.
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    const dropped = files(event.dataTransfer);
    if (active()) takeFiles(dropped);
  });
}

function fileInput(takeFiles) {
  const input = el("input", {
    type: "file",
    id: freshId("files"),
    multiple: true,
    accept: "image/*,.tif,.tiff,.bmp,.tga,.pcx,.ico",
    class: "unseen",
    on: {
      change: () => {
        takeFiles(input.files);
        input.value = ""; // so that the same file can be chosen again
      },
    },
  });
  return input;
}

function dropZone(input) {
  const zone = el(
    "label",
    { class: "drop", for: input.id },
    el("strong", {}, say("intake.choose")),
    el("span", {}, say("intake.drop")),
    el("span", { class: "fine" }, say("intake.formats", { formats: () => session.service.formats.join(", ") })),
  );
  for (const event of ["dragenter", "dragover"]) {
    zone.addEventListener(event, () => zone.classList.add("over"));
  }
  for (const event of ["dragleave", "drop"]) {
    zone.addEventListener(event, () => zone.classList.remove("over"));
  }
  return el("div", { class: "drop-place" }, input, zone);
}

function addressForm(take) {
  const field = el("input", {
    type: "url",
    id: freshId("url"),
    name: "url",
    required: true,
    placeholder: "https://",
    autocomplete: "off",
    maxlength: 8192,
  });
  const submit = (event) => {
    event.preventDefault();
    take([{ url: field.value.trim() }]);
  };
  return el(
    "form",
    { class: "address", on: { submit } },
    el("label", { for: field.id }, say("intake.address")),
    el("div", { class: "joined" }, field, el("button", {}, say("intake.read"))),
  );
}

function samples(take, failed) {
  const choose = async (file) => {
    failed(null);
    try {
      take([{ file: await sampleFile(file), sample: true }]);
    } catch (error) {
      failed(error);
    }
  };
  return el(
    "div",
    { class: "samples" },
    el("h2", { class: "minor" }, say("intake.samples")),
    el(
      "ul",
      {},
      SAMPLES.map(({ file, name }) =>
        el(
          "li",
          {},
          el(
            "button",
            { type: "button", on: { click: () => choose(file) } },
            el("img", { src: sampleAddress(`${name}-small.webp`), alt: "", width: 120, height: 90 }),
            say(`sample.${name}`),
          ),
        ),
      ),
    ),
  );
}
