// The language of the page, and its texts.

import { keep, kept } from "/assets/settings.js";

export const LANGUAGES = { en: "English", zh: "中文" };

let words = {};
export let language = "en";

function wanted() {
  const choice = kept("language");
  if (choice in LANGUAGES) return choice;
  const known = (navigator.languages ?? [navigator.language]).map((name) => name.slice(0, 2).toLowerCase());
  return known.find((name) => name in LANGUAGES) ?? "en";
}

export async function loadWords() {
  language = wanted();
  const answer = await fetch(`/assets/words/${language}.json`);
  if (!answer.ok) throw new Error(`the texts cannot be loaded: ${answer.status}`);
  words = await answer.json();
  document.documentElement.lang = locale();
}

export function chooseLanguage(name) {
  keep("language", name);
}

/** For Intl. */
export function locale() {
  return language === "zh" ? "zh-CN" : "en";
}

/** The text of a key, with `{name}` replaced by its value. A key of another release stands for itself. */
export function t(key, values = {}) {
  const text = words[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** The text for a word of the API, such as a state, or the word itself where there is none. */
export function word(group, value) {
  return words[`${group}.${value}`] ?? String(value);
}
