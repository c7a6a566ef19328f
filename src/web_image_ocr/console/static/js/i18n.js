// Translate the page. Nodes remember their message, so that a switch of language only changes
// texts: forms and their content stay.

import { browserStore } from "./storage.js";

const LANGUAGES = { en: "en", zh: "zh-CN" };
const textNodes = new WeakMap(); // Text node -> Message
const attributes = new WeakMap(); // Element -> Map(attribute -> Message)
let language = "en";
let messages = {};
let plural = new Intl.PluralRules("en");

/** Represent a text in the current language. */
class Message {
  constructor(key, values) {
    this.key = key;
    this.values = values;
  }

  toString() {
    const values = this.values ?? {};
    const number = values.count;
    const form = number === undefined ? undefined : messages[`${this.key}.${plural.select(number)}`];
    const text = form ?? messages[`${this.key}.other`] ?? messages[this.key] ?? this.key;
    return text.replace(/\{(\w+)\}/g, (_match, name) => formatValue(values[name]));
  }
}

function formatValue(value) {
  if (typeof value === "function") return value();
  return typeof value === "number" ? formatNumber(value) : String(value);
}

/**
 * Return the message of a key. Values replace `{name}`: texts as they are, numbers formatted,
 * functions by their result (for dates). `count` selects the plural form.
 */
export const t = (key, values) => new Message(key, values);

/** Return whether a key exists. */
export const hasMessage = (key) => key in messages;

/** Create a text node; a Message follows the language. */
export function textNode(value) {
  const node = document.createTextNode(String(value));
  if (value instanceof Message) textNodes.set(node, value);
  return node;
}

/** Set an attribute to a Message or a text. */
export function setAttribute(element, name, value) {
  element.setAttribute(name, String(value));
  if (!(value instanceof Message)) return;
  if (!attributes.has(element)) attributes.set(element, new Map());
  attributes.get(element).set(name, value);
}

/** Translate everything under a node. */
export function retranslate(root) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  for (let node = root; node; node = walker.nextNode()) {
    const text = textNodes.get(node);
    if (text) node.data = String(text);
    for (const [name, message] of attributes.get(node) ?? []) node.setAttribute(name, String(message));
  }
}

/** Return the current language: `en` or `zh`. */
export const currentLanguage = () => language;

/** Return the stored language, or the first supported one of the browser. */
export function preferredLanguage() {
  const wanted = [browserStore.read("language"), ...navigator.languages];
  const tags = wanted.map((tag) => tag?.toLowerCase().split("-")[0]);
  return tags.find((tag) => tag in LANGUAGES) ?? "en";
}

/** Load a language and make it current. */
export async function useLanguage(tag) {
  const files = await Promise.all([tag, `${tag}-errors`].map((name) => import(`./locales/${name}.js`)));
  messages = Object.assign({}, ...files.map((file) => file.default));
  language = tag;
  plural = new Intl.PluralRules(LANGUAGES[tag]);
  document.documentElement.lang = LANGUAGES[tag];
}

/** Load a language and store the choice. */
export async function chooseLanguage(tag) {
  await useLanguage(tag);
  browserStore.write("language", tag);
}

/** Format a number. */
export function formatNumber(value, options) {
  return new Intl.NumberFormat(LANGUAGES[language], options).format(value);
}

/** Format a ratio between 0 and 1 as a percentage. */
export const formatPercent = (ratio, digits = 0) =>
  formatNumber(ratio, { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits });

/** Format a timestamp in the local time zone. */
export function formatTime(iso, options = { dateStyle: "medium", timeStyle: "short" }) {
  return new Intl.DateTimeFormat(LANGUAGES[language], options).format(new Date(iso));
}

/** Format a number of bytes. */
export function formatBytes(count) {
  if (count < 1024) return `${formatNumber(count)} B`;
  const unit = count < 1024 ** 2 ? "KB" : "MB";
  const value = count / (unit === "KB" ? 1024 : 1024 ** 2);
  return `${formatNumber(value, { maximumFractionDigits: value < 10 ? 1 : 0 })} ${unit}`;
}

/** Format a duration: milliseconds, or seconds from 10,000 ms on. */
export function formatDuration(milliseconds) {
  if (milliseconds >= 10000) {
    return `${formatNumber(milliseconds / 1000, { maximumFractionDigits: 1 })} s`;
  }
  return `${formatNumber(milliseconds, { maximumFractionDigits: milliseconds < 10 ? 1 : 0 })} ms`;
}
