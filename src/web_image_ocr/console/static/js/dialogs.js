// Show modal dialogs with <dialog>, which traps and restores the focus.

import { el, freshId } from "./dom.js";
import { toast } from "./feedback.js";
import { t } from "./i18n.js";

/**
 * Open a dialog; resolve to the value it is closed with, null for Escape.
 *
 * @param {object} title a Message.
 * @param {Function} content receives `close(value)` and returns the nodes below the title.
 * @param {object} options `strict` ignores Escape; `described` is the ID of the description for
 *   screen readers.
 */
export function openDialog(title, content, { strict = false, described } = {}) {
  const heading = freshId("dialog");
  return new Promise((resolve) => {
    const close = (value) => {
      dialog.close();
      dialog.remove();
      resolve(value);
    };
    const dialog = el(
      "dialog",
      {
        "aria-labelledby": heading,
        "aria-describedby": described,
        on: {
          cancel: (event) => {
            event.preventDefault();
            if (!strict) close(null);
          },
          // Chromium closes a dialog at the second Escape in spite of preventDefault.
          close: () => dialog.isConnected && dialog.showModal(),
        },
      },
      el("h2", { id: heading }, title),
      content(close),
    );
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Ask for confirmation of a destructive action; resolve to the answer. */
export async function confirmDialog(title, explanation, action) {
  const described = freshId("why");
  const answer = await openDialog(
    title,
    (close) => [
      el("p", { id: described }, explanation),
      el(
        "div",
        { class: "buttons" },
        el("button", { type: "button", autofocus: true, on: { click: () => close(false) } }, t("cancel")),
        el("button", { type: "button", class: "danger", on: { click: () => close(true) } }, action),
      ),
    ],
    { described },
  );
  return answer === true;
}

/**
 * Let the user choose a value; resolve to it, or null if it is unchanged.
 *
 * @param {object} title a Message.
 * @param {object} explanation a Message.
 * @param {Array} choices `{value, label, hint}`, the latter two Messages.
 * @param {string} selected current value.
 * @param {object} action a Message for the button.
 */
export function chooseDialog(title, explanation, choices, selected, action) {
  const described = freshId("why");
  const name = freshId("choice");
  let wanted = selected;
  const choice = ({ value, label, hint }) => {
    const id = freshId(name);
    const checked = value === selected;
    const change = () => {
      wanted = value;
    };
    return el(
      "p",
      { class: "check" },
      el("input", {
        type: "radio",
        id,
        name,
        checked,
        autofocus: checked,
        "aria-describedby": `${id}-hint`,
        on: { change },
      }),
      el("span", {}, el("label", { for: id }, label), el("span", { class: "fine-print", id: `${id}-hint` }, hint)),
    );
  };
  return openDialog(
    title,
    (close) => {
      const submit = (event) => {
        event.preventDefault();
        close(wanted === selected ? null : wanted);
      };
      return el(
        "form",
        { class: "form-stack", on: { submit } },
        el("fieldset", { class: "choices" }, el("legend", { class: "visually-hidden" }, title), choices.map(choice)),
        el("p", { id: described, class: "fine-print" }, explanation),
        el(
          "div",
          { class: "buttons" },
          el("button", { type: "button", on: { click: () => close(null) } }, t("cancel")),
          el("button", { class: "primary" }, action),
        ),
      );
    },
    { described },
  );
}

/**
 * Show secrets that the server shows only once.
 *
 * @param {object} title a Message.
 * @param {Array} rows pairs of label (a Message) and value.
 * @param {Function|null} download saves them as a file.
 */
export function showSecrets(title, rows, download = null) {
  return openDialog(
    title,
    (close) => [
      el("p", {}, t("secret.once")),
      el(
        "dl",
        { class: "definitions" },
        rows.map(([label, value]) => [
          el("dt", {}, label),
          el("dd", {}, el("code", { class: "secret" }, value), " ", copyButton(() => value, label)),
        ]),
      ),
      el(
        "div",
        { class: "buttons" },
        download && el("button", { type: "button", on: { click: download } }, t("secret.download")),
        el(
          "button",
          { type: "button", class: "primary", on: { click: () => close(true) } },
          t("secret.saved"),
        ),
      ),
    ],
    { strict: true },
  );
}

/** Create a button that copies what `text` returns; `what` names it for screen readers. */
export function copyButton(text, what, label = t("copy")) {
  return el(
    "button",
    {
      type: "button",
      class: "small",
      "aria-label": what && t("copy.what", { what }),
      on: { click: async () => copyText(await text()) },
    },
    label,
  );
}

// Copy a text and confirm it.
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast(t("copied"));
  } catch {
    // Browsers allow the clipboard over HTTPS or on localhost only.
    await openDialog(t("copy.by_hand"), (close) => [
      el("textarea", { rows: 8, readonly: true, "aria-label": t("copy.text") }, text),
      el(
        "div",
        { class: "buttons" },
        el("button", { type: "button", on: { click: () => close(null) } }, t("close")),
      ),
    ]);
  }
}
