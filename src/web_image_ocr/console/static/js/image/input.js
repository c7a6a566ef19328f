// Take images: dropped, pasted, chosen, by URL, or from the samples.

import { el, fill, freshId } from "../dom.js";
import { errorBox } from "../feedback.js";
import { t } from "../i18n.js";
import { session } from "../session.js";
import { SAMPLES, sampleFile, sampleUrl } from "./samples.js";

/** Limit on images taken at once. */
const MAX_FILES = 500;

/**
 * Create the input for images.
 *
 * @param {Function} take receives a list of sources, `{file}` or `{url}`.
 * @returns `{root, takeFiles, focus}`; `takeFiles(files)` takes files from elsewhere.
 */
export function imageInput(take) {
  const errors = el("div", {});
  const takeFiles = (files) => {
    fill(errors, files.length > MAX_FILES && el("p", { role: "alert" }, t("intake.too_many", { count: MAX_FILES })));
    if (files.length > 0) take([...files].slice(0, MAX_FILES).map((file) => ({ file })));
  };
  const input = fileInput(takeFiles);
  const root = el(
    "div",
    { class: "image-input" },
    dropZone(input),
    urlForm(take),
    samples(take, (error) => fill(errors, error && errorBox(error))),
    errors,
  );
  return { root, takeFiles, focus: () => input.focus() };
}

/** Pass files pasted or dropped anywhere on the page to `takeFiles` while `active()` is true. */
export function acceptPasteAndDrop(active, takeFiles) {
  const files = (transfer) => [...(transfer?.files ?? [])];
  document.addEventListener("paste", (event) => {
    const pasted = files(event.clipboardData);
    if (active() && pasted.length > 0) {
      event.preventDefault();
      takeFiles(pasted);
    }
  });
  // Otherwise the browser would navigate to the dropped file.
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
    class: "visually-hidden",
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
    { class: "dropzone", for: input.id },
    el("strong", {}, t("intake.choose")),
    el("span", {}, t("intake.drop")),
    el("span", { class: "fine-print" }, t("intake.formats", { formats: () => session.service.formats.join(", ") })),
  );
  for (const event of ["dragenter", "dragover"]) {
    zone.addEventListener(event, () => zone.classList.add("dragover"));
  }
  for (const event of ["dragleave", "drop"]) {
    zone.addEventListener(event, () => zone.classList.remove("dragover"));
  }
  return el("div", { class: "dropzone-wrapper" }, input, zone);
}

function urlForm(take) {
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
    { class: "url-form", on: { submit } },
    el("label", { for: field.id }, t("intake.url")),
    el("div", { class: "input-group" }, field, el("button", {}, t("intake.recognize"))),
  );
}

function samples(take, onError) {
  const choose = async (file) => {
    onError(null);
    try {
      take([{ file: await sampleFile(file), sample: true }]);
    } catch (error) {
      onError(error);
    }
  };
  return el(
    "div",
    { class: "samples" },
    el("h2", { class: "minor" }, t("intake.samples")),
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
            el("img", { src: sampleUrl(`${name}-small.webp`), alt: "", width: 120, height: 90 }),
            t(`sample.${name}`),
          ),
        ),
      ),
    ),
  );
}
