// Starts the page: languages, theme, navigation, and the banner about what cannot be reached.

import { h, complaint, update } from "/assets/dom.js";
import { clock } from "/assets/format.js";
import { LANGUAGES, chooseLanguage, language, loadWords, t } from "/assets/i18n.js";
import { onLive, startLive } from "/assets/live.js";
import { keep } from "/assets/settings.js";

const PAGES = ["overview", "queue", "accounts", "models", "usage", "jobs", "dead", "alerts", "playground"];
const main = document.getElementById("main");
let left = new AbortController();

/** `#/jobs/ID?tenant=a` is the page `jobs` with one part and a query. */
function route() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [name, ...parts] = path.split("/").filter(Boolean);
  return { name: PAGES.includes(name) ? name : "overview", parts: parts.map(decoded), query: new URLSearchParams(query ?? "") };
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function show({ isFirst = false } = {}) {
  left.abort();
  left = new AbortController();
  const { signal } = left;
  const { name, parts, query } = route();
  for (const link of document.querySelectorAll("#nav a")) {
    if (link.dataset.page === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${t(`page.${name}`)} – AI Model Service`;
  const title = h("h1", { tabindex: -1 }, t(`page.${name}`));
  const root = h("div", { class: `page ${name}` });
  main.replaceChildren(title, root);
  if (!isFirst) title.focus({ preventScroll: true });
  scrollTo(0, 0);
  try {
    const page = await import(`/assets/pages/${name}.js`);
    if (!signal.aborted) await page.show({ root, signal, parts, query });
  } catch (error) {
    if (error.name === "AbortError") return;
    root.append(complaint(t("error.page", { message: error.message })));
  }
}

function navigation() {
  const nav = document.getElementById("nav");
  nav.setAttribute("aria-label", t("pages"));
  update(nav, h("ul", {}, PAGES.map((name) => h("li", {}, h("a", { href: `#/${name}`, "data-page": name }, t(`page.${name}`))))));
  const skip = document.getElementById("skip");
  skip.textContent = t("skip");
  skip.onclick = () => main.focus();
}

function switches() {
  const languages = h(
    "select", { "aria-label": t("language"), "data-key": "language", change: (event) => choose(event.target.value) },
    Object.entries(LANGUAGES).map(([name, text]) => h("option", { value: name, lang: name, selected: name === language }, text)));
  const themes = h(
    "select", { "aria-label": t("theme"), "data-key": "theme", change: (event) => dress(event.target.value) },
    ["system", "light", "dark"].map((name) =>
      h("option", { value: name, selected: name === (document.documentElement.dataset.theme ?? "system") }, t(`theme.${name}`))));
  update(document.getElementById("switches"), languages, themes, h("a", { href: "/docs" }, "API"));
}

async function choose(name) {
  chooseLanguage(name);
  try {
    await begin();
  } catch (error) {
    main.prepend(complaint(error.message));
  }
}

function dress(theme) {
  keep("theme", theme);
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

/** Says what cannot be reached. Unchanged words are left alone, since screen readers say each change. */
function banner(live) {
  const words = [];
  if (!live.isHere) words.push(t("banner.shim", { time: clock(live.figures?.at) }));
  else if (live.figures) {
    const { redis, postgres } = live.figures.dependencies;
    if (redis.status !== "ok") words.push(t("banner.redis"));
    if (postgres && postgres.status !== "ok") words.push(t("banner.postgres"));
    if (live.figures.workers?.alive === 0) words.push(t("banner.workers"));
  }
  const element = document.getElementById("banner");
  if (element.textContent !== words.join("")) update(element, words.map((text) => h("p", {}, text)));
}

async function begin() {
  await loadWords();
  navigation();
  switches();
  await show({ isFirst: true });
}

addEventListener("hashchange", () => show());
try {
  await begin();
  startLive();
  onLive(banner);
} catch (error) {
  main.replaceChildren(h("h1", {}, "AI Model Service"), complaint(error.message));
}
