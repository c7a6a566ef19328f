// Modal windows, on the browser's own <dialog>: it keeps the focus inside and gives it back.

import { el, freshId } from "./dom.js";
import { notice } from "./messages.js";
import { say } from "./i18n.js";

/**
 * Opens a window; resolves to what it was closed with, null for Escape.
 *
 * @param {object} title a Said.
 * @param {Function} content gets `close(value)`, gives the nodes below the title.
 * @param {object} options `strict` leaves no way out but the window's own buttons; `described`
 *   is the id of what a screen reader reads after the title.
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
          // Chromium closes a window at the second Escape in a row, whatever it is told.
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

/** Asks before something is lost, or somebody refused; resolves to whether to do it. */
export async function confirmed(title, explanation, action) {
  const described = freshId("why");
  const answer = await openDialog(
    title,
    (close) => [
      el("p", { id: described }, explanation),
      el(
        "div",
        { class: "buttons" },
        el("button", { type: "button", autofocus: true, on: { click: () => close(false) } }, say("cancel")),
        el("button", { type: "button", class: "danger", on: { click: () => close(true) } }, action),
      ),
    ],
    { described },
  );
  return answer === true;
}

/**
 * Lets the person choose one of several values; resolves to it, null if it stays as it is.
 *
 * @param {object} title a Said.
 * @param {object} explanation a Said.
 * @param {Array} choices `{value, label, hint}` of each; the latter two a Said each.
 * @param {string} chosen the value that holds now.
 * @param {object} action a Said, on the button.
 */
export function chooseOne(title, explanation, choices, chosen, action) {
  const described = freshId("why");
  const name = freshId("choice");
  let wanted = chosen;
  const choice = ({ value, label, hint }) => {
    const id = freshId(name);
    const checked = value === chosen;
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
      el("span", {}, el("label", { for: id }, label), el("span", { class: "fine", id: `${id}-hint` }, hint)),
    );
  };
  return openDialog(
    title,
    (close) => {
      const submit = (event) => {
        event.preventDefault();
        close(wanted === chosen ? null : wanted);
      };
      return el(
        "form",
        { class: "stack", on: { submit } },
        el("fieldset", { class: "choices" }, el("legend", { class: "unseen" }, title), choices.map(choice)),
        el("p", { id: described, class: "fine" }, explanation),
        el(
          "div",
          { class: "buttons" },
          el("button", { type: "button", on: { click: () => close(null) } }, say("cancel")),
          el("button", { class: "primary" }, action),
        ),
      );
    },
    { described },
  );
}

/**
 * Shows secrets that the server will not tell again.
 *
 * @param {object} title a Said.
 * @param {Array} rows pairs of label (Said) and value.
 * @param {Function|null} download saves them as a file.
 */
export function showSecrets(title, rows, download = null) {
  return openDialog(
    title,
    (close) => [
      el("p", {}, say("secret.once")),
      el(
        "dl",
        { class: "facts" },
        rows.map(([label, value]) => [
          el("dt", {}, label),
          el("dd", {}, el("code", { class: "secret" }, value), " ", copyButton(() => value, label)),
        ]),
      ),
      el(
        "div",
        { class: "buttons" },
        download && el("button", { type: "button", on: { click: download } }, say("secret.download")),
        el(
          "button",
          { type: "button", class: "primary", on: { click: () => close(true) } },
          say("secret.saved"),
        ),
      ),
    ],
    { strict: true },
  );
}

/** A button that copies; `text` gives what, perhaps later. `what` is said to screen readers. */
export function copyButton(text, what, label = say("copy")) {
  return el(
    "button",
    {
      type: "button",
      class: "small",
      "aria-label": what && say("copy.what", { what }),
      on: { click: async () => copyText(await text()) },
    },
    label,
  );
}

// Copies a text and says so.
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    notice(say("copied"));
  } catch {
    // Browsers give the clipboard to pages by https or of this machine only.
    await openDialog(say("copy.by_hand"), (close) => [
      el("textarea", { rows: 8, readonly: true, "aria-label": say("copy.text") }, text),
      el(
        "div",
        { class: "buttons" },
        el("button", { type: "button", on: { click: () => close(null) } }, say("close")),
      ),
    ]);
  }
}
