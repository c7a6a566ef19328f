// What stands around every view: name, navigation, project, language, theme, who is signed in.

import { openDialog } from "./dialogs.js";
import { el, fill } from "./dom.js";
import { chooseLanguage, currentLanguage, retranslate, say } from "./i18n.js";
import { announce } from "./messages.js";
import { dropViews, refreshView, renewed, retranslateViews, show } from "./router.js";
import { chooseProject, isAdministrator, isOpen, onChange, session } from "./session.js";
import { THEMES, chooseTheme, currentTheme } from "./theme.js";

const VIEWS = ["try", "service", "keys", "monitoring", "administration"];

/** Whether this person, on this server, has a use for the view. */
export function mayShow(name) {
  if (isOpen()) return name === "try" || name === "service";
  return name !== "administration" || isAdministrator();
}

/**
 * Builds the frame.
 *
 * @param {Function} leave called to sign out.
 * @returns the frame's root, the place of the views, and `mark(name)` for the one on show.
 */
export function buildShell(leave) {
  const main = el("main", { id: "main", tabindex: "-1" });
  const nav = el("nav", { "aria-label": say("nav.label") });
  const person = el("div", { class: "person" });
  const links = new Map();
  let shown = "";
  let known = who();

  const mark = (name) => {
    shown = name;
    for (const [view, link] of links) {
      if (view === name) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    document.title = `${say(`nav.${name}`)} – Web Image OCR`;
  };
  const draw = () => {
    links.clear();
    for (const name of VIEWS.filter(mayShow)) {
      links.set(name, el("a", { href: `#/${name}` }, say(`nav.${name}`)));
    }
    fill(nav, el("ul", {}, [...links.values()].map((link) => el("li", {}, link))));
    fill(person, isOpen() ? openNote() : personParts(leave));
    if (shown) mark(shown);
  };
  onChange(() => {
    if (!session.me && !isOpen()) return;
    const changed = known !== who();
    known = who();
    draw();
    if (changed) {
      // Another person signed in where the first one's session had ended, or the person's role
      // is another one: nothing of it stays.
      dropViews();
      show();
    }
  });
  draw();

  const header = el(
    "header",
    { class: "bar" },
    el("a", { href: "#/try", class: "brand" }, brandMark(), "Web Image OCR"),
    nav,
    person,
    preferences(() => mark(shown)),
  );
  const skip = el(
    "a",
    { href: "#main", class: "skip", on: { click: (event) => skipTo(event, main) } },
    say("skip"),
  );
  return { root: [skip, header, main, footer()], main, mark };
}

const who = () => session.me && `${session.me.user.id} ${session.me.user.role}`;

/** The sign of the project, a picture with a line of text found in it. */
export const brandMark = () =>
  el("img", { src: new URL("../icon.svg", import.meta.url).pathname, alt: "", width: 28, height: 28 });

/** The switches of language and theme; `after` is called once the words have changed. */
export function preferences(after = () => {}) {
  const language = el(
    "button",
    {
      type: "button",
      class: "quiet",
      lang: currentLanguage() === "en" ? "zh-CN" : "en",
      on: { click: () => switchLanguage(language, after) },
    },
    otherLanguage(),
  );
  const theme = el(
    "select",
    {
      class: "quiet",
      "aria-label": say("theme.label"),
      on: { change: (event) => chooseTheme(event.target.value) },
    },
    THEMES.map((name) =>
      el("option", { value: name, selected: name === currentTheme() }, say(`theme.${name}`)),
    ),
  );
  return el("div", { class: "preferences" }, language, theme);
}

const otherLanguage = () => (currentLanguage() === "en" ? "中文" : "English");

async function switchLanguage(button, after) {
  try {
    await chooseLanguage(currentLanguage() === "en" ? "zh" : "en");
  } catch {
    await openDialog(say("renewed.title"), (close) => [
      renewed(),
      el(
        "div",
        { class: "buttons" },
        el("button", { type: "button", on: { click: () => close(null) } }, say("close")),
      ),
    ]);
    return;
  }
  retranslate(document.documentElement);
  retranslateViews();
  fill(button, otherLanguage());
  button.setAttribute("lang", currentLanguage() === "en" ? "zh-CN" : "en");
  after();
  announce(say("language.changed"));
}

function personParts(leave) {
  return [
    projectChoice(),
    el("a", { href: "#/account", class: "who", title: say("account.title") }, session.me.user.name),
    el("button", { type: "button", class: "quiet", on: { click: leave } }, say("sign_out")),
  ];
}

function projectChoice() {
  if (session.projects.length === 0) return el("span", { class: "fine" }, say("project.none"));
  return el(
    "select",
    {
      class: "quiet project",
      "aria-label": say("project.label"),
      on: {
        change: (event) => {
          chooseProject(event.target.value);
          refreshView();
        },
      },
    },
    session.projects.map((project) =>
      el("option", { value: project.id, selected: project.id === session.project?.id }, project.name),
    ),
  );
}

const openNote = () => el("span", { class: "tag" }, say("open.note"));

function skipTo(event, main) {
  event.preventDefault(); // the address belongs to the views
  main.focus();
}

const footer = () =>
  el(
    "footer",
    {},
    el("span", {}, `Web Image OCR ${session.service?.version ?? ""}`),
    el("span", {}, say("footer.promise")),
    el("a", { href: "/openapi.json" }, "OpenAPI"),
  );
