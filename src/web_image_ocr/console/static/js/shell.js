// Build the frame around the views: brand, navigation, project, user, language, theme.

import { openDialog } from "./dialogs.js";
import { el, fill } from "./dom.js";
import { announce, reloadPrompt } from "./feedback.js";
import { chooseLanguage, currentLanguage, retranslate, t } from "./i18n.js";
import { closeViews, refreshView, retranslateViews, showView } from "./router.js";
import { chooseProject, isAdministrator, isAuthDisabled, onChange, session } from "./session.js";
import { THEMES, chooseTheme, currentTheme } from "./theme.js";

const VIEWS = ["try", "service", "keys", "monitoring", "administration"];

/** Return whether the user may open the view. */
export function canView(name) {
  if (isAuthDisabled()) return name === "try" || name === "service";
  return name !== "administration" || isAdministrator();
}

/**
 * Build the frame.
 *
 * @param {Function} onSignOut called to sign out.
 * @returns `{root, main, setActive}`: the container of the views, and a function that takes the
 *   name of the current one.
 */
export function buildShell(onSignOut) {
  const main = el("main", { id: "main", tabindex: "-1" });
  const nav = el("nav", { "aria-label": t("nav.label") });
  const userBar = el("div", { class: "user-menu" });
  const links = new Map();
  let shown = "";
  let known = identity();

  const setActive = (name) => {
    shown = name;
    for (const [view, link] of links) {
      if (view === name) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    document.title = `${t(`nav.${name}`)} – Web Image OCR`;
  };
  const render = () => {
    links.clear();
    for (const name of VIEWS.filter(canView)) {
      links.set(name, el("a", { href: `#/${name}` }, t(`nav.${name}`)));
    }
    fill(nav, el("ul", {}, [...links.values()].map((link) => el("li", {}, link))));
    fill(userBar, isAuthDisabled() ? noSignInTag() : userMenu(onSignOut));
    if (shown) setActive(shown);
  };
  onChange(() => {
    if (!session.me && !isAuthDisabled()) return;
    const changed = known !== identity();
    known = identity();
    render();
    if (changed) {
      // Another user has signed in, or the role has changed: rebuild everything.
      closeViews();
      showView();
    }
  });
  render();

  const header = el(
    "header",
    { class: "bar" },
    el("a", { href: "#/try", class: "brand" }, brandMark(), "Web Image OCR"),
    nav,
    userBar,
    preferences(() => setActive(shown)),
  );
  const skip = el(
    "a",
    { href: "#main", class: "skip-link", on: { click: (event) => skipToMain(event, main) } },
    t("skip"),
  );
  return { root: [skip, header, main, footer()], main, setActive };
}

const identity = () => session.me && `${session.me.user.id} ${session.me.user.role}`;

/** Create the logo. */
export const brandMark = () =>
  el("img", { src: new URL("../icon.svg", import.meta.url).pathname, alt: "", width: 28, height: 28 });

/** Create the controls of language and theme; `after` is called when the language has changed. */
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
      "aria-label": t("theme.label"),
      on: { change: (event) => chooseTheme(event.target.value) },
    },
    THEMES.map((name) =>
      el("option", { value: name, selected: name === currentTheme() }, t(`theme.${name}`)),
    ),
  );
  return el("div", { class: "preferences" }, language, theme);
}

const otherLanguage = () => (currentLanguage() === "en" ? "中文" : "English");

async function switchLanguage(button, after) {
  try {
    await chooseLanguage(currentLanguage() === "en" ? "zh" : "en");
  } catch {
    await openDialog(t("reload.title"), (close) => [
      reloadPrompt(),
      el(
        "div",
        { class: "buttons" },
        el("button", { type: "button", on: { click: () => close(null) } }, t("close")),
      ),
    ]);
    return;
  }
  retranslate(document.documentElement);
  retranslateViews();
  fill(button, otherLanguage());
  button.setAttribute("lang", currentLanguage() === "en" ? "zh-CN" : "en");
  after();
  announce(t("language.changed"));
}

function userMenu(onSignOut) {
  return [
    projectSelect(),
    el("a", { href: "#/account", class: "user-name", title: t("account.title") }, session.me.user.name),
    el("button", { type: "button", class: "quiet", on: { click: onSignOut } }, t("sign_out")),
  ];
}

function projectSelect() {
  if (session.projects.length === 0) return el("span", { class: "fine-print" }, t("project.none"));
  return el(
    "select",
    {
      class: "quiet project",
      "aria-label": t("project.label"),
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

const noSignInTag = () => el("span", { class: "tag" }, t("open.note"));

function skipToMain(event, main) {
  event.preventDefault(); // the hash names the view
  main.focus();
}

const footer = () =>
  el(
    "footer",
    {},
    el("span", {}, `Web Image OCR ${session.service?.version ?? ""}`),
    el("span", {}, t("footer.promise")),
    el("a", { href: "/openapi.json" }, "OpenAPI"),
  );
