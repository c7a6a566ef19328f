// Two languages. What is on the page remembers what it says, so that a switch changes the words
// and nothing else: no form is built anew, nothing typed is lost.

import { ofBrowser } from "./storage.js";

const LANGUAGES = { en: "en", zh: "zh-CN" };
const texts = new WeakMap(); // Text node -> Said
const attributes = new WeakMap(); // Element -> Map(attribute -> Said)
let language = "en";
let words = {};
let plural = new Intl.PluralRules("en");

/** Something to say in whatever language is chosen. */
class Said {
  constructor(key, values) {
    this.key = key;
    this.values = values;
  }

  toString() {
    const values = this.values ?? {};
    const number = values.count;
    const form = number === undefined ? undefined : words[`${this.key}.${plural.select(number)}`];
    const text = form ?? words[`${this.key}.other`] ?? words[this.key] ?? this.key;
    return text.replace(/\{(\w+)\}/g, (_whole, name) => shown(values[name]));
  }
}

function shown(value) {
  if (typeof value === "function") return value();
  return typeof value === "number" ? number(value) : String(value);
}

/**
 * The words of a key. Values take the places of `{name}`: texts as they are, numbers in the
 * language's form, functions by what they return (for dates). `count` chooses the plural.
 */
export const say = (key, values) => new Said(key, values);

/** Whether there are words of that key. */
export const knows = (key) => key in words;

/** The node of a text: a Said keeps up with the language, all else is shown as it is. */
export function textNode(value) {
  const node = document.createTextNode(String(value));
  if (value instanceof Said) texts.set(node, value);
  return node;
}

/** Sets an attribute, to a Said or to a text. */
export function setAttribute(element, name, value) {
  element.setAttribute(name, String(value));
  if (!(value instanceof Said)) return;
  if (!attributes.has(element)) attributes.set(element, new Map());
  attributes.get(element).set(name, value);
}

/** Says everything under a node anew. */
export function retranslate(root) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  for (let node = root; node; node = walker.nextNode()) {
    const text = texts.get(node);
    if (text) node.data = String(text);
    for (const [name, said] of attributes.get(node) ?? []) node.setAttribute(name, String(said));
  }
}

/** The language in use: `en` or `zh`. */
export const currentLanguage = () => language;

/** The chosen language, or the first of the browser's that there is. */
export function preferredLanguage() {
  const wanted = [ofBrowser.read("language"), ...navigator.languages];
  const found = wanted.map((tag) => tag?.toLowerCase().split("-")[0]);
  return found.find((tag) => tag in LANGUAGES) ?? "en";
}

/** Fetches the words of a language and uses them from now on. */
export async function useLanguage(tag) {
  const files = await Promise.all([tag, `${tag}-errors`].map((name) => import(`./words/${name}.js`)));
  words = Object.assign({}, ...files.map((file) => file.default));
  language = tag;
  plural = new Intl.PluralRules(LANGUAGES[tag]);
  document.documentElement.lang = LANGUAGES[tag];
}

/** As `useLanguage`, and remembers the choice. */
export async function chooseLanguage(tag) {
  await useLanguage(tag);
  ofBrowser.write("language", tag);
}

/** A number in the language's form. */
export function number(value, options) {
  return new Intl.NumberFormat(LANGUAGES[language], options).format(value);
}

/** A share between 0 and 1 as a percentage. */
export const percent = (share, digits = 0) =>
  number(share, { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits });

/** A moment as date and time of the reader's clock. */
export function moment(iso, options = { dateStyle: "medium", timeStyle: "short" }) {
  return new Intl.DateTimeFormat(LANGUAGES[language], options).format(new Date(iso));
}

/** A size of a file or a limit. */
export function bytes(count) {
  if (count < 1024) return `${number(count)} B`;
  const unit = count < 1024 ** 2 ? "KB" : "MB";
  const value = count / (unit === "KB" ? 1024 : 1024 ** 2);
  return `${number(value, { maximumFractionDigits: value < 10 ? 1 : 0 })} ${unit}`;
}

/** Milliseconds, or seconds from ten thousand on. */
export function duration(milliseconds) {
  if (milliseconds >= 10000) {
    return `${number(milliseconds / 1000, { maximumFractionDigits: 1 })} s`;
  }
  return `${number(milliseconds, { maximumFractionDigits: milliseconds < 10 ? 1 : 0 })} ms`;
}
