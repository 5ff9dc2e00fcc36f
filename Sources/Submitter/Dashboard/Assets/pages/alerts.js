// Alerts: what people should know of, and what is silenced for a time.

import { call, get, part, told } from "/assets/api.js";
import { ask, button, chip, complaint, field, h, select, table, update } from "/assets/dom.js";
import { moment, NOTHING, whole } from "/assets/format.js";
import { t, word } from "/assets/i18n.js";

const PAGE = 50;
const PAUSE = 10000;
const LENGTHS = [["3600", "1h"], ["28800", "8h"], ["86400", "24h"], ["604800", "7d"]];

export async function show({ root, signal, query }) {
  const isOpen = query.get("show") !== "all";
  const page = {
    signal, isOpen, pages: 1, outcome: h("div", { role: "status" }),
    list: h("div", { "aria-busy": "true" }, h("p", { class: "muted" }, t("loading"))), silences: h("div"),
  };
  const shown = select("show", [["open", t("alerts.open")], ["all", t("alerts.all")]], isOpen ? "open" : "all");
  shown.addEventListener("change", () => { location.hash = `#/alerts?show=${shown.value}`; });
  update(root, h("div", { class: "row" }, field(t("alerts.show"), shown), button(t("alerts.silence"), () => silence(page, { kind: "*", subject: "*" }), { key: "silence" })), page.outcome, page.list, page.silences);
  await refresh(page);
  page.list.removeAttribute("aria-busy");
  const timer = setInterval(() => { if (!document.hidden) refresh(page); }, PAUSE);
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
}

async function refresh(page) {
  try {
    const [alerts, silences] = await Promise.all([
      open(page), get("/api/v1/alerts/silences", { signal: page.signal }),
    ]);
    update(page.list, list(alerts.rows, page), alerts.hasMore && h("p", {}, button(t("more"), () => { page.pages += 1; refresh(page); }, { key: "more" })));
    update(page.silences, quiet(silences.data, page));
  } catch (error) {
    const message = told(error);
    if (message) update(page.list, complaint(message));
  }
}

/** As many pages as a person has asked for. */
async function open(page) {
  const rows = [];
  let before = null;
  for (let number = 1; ; number += 1) {
    const answer = await get("/api/v1/alerts", { query: { limit: PAGE, open: page.isOpen ? "true" : null, before }, signal: page.signal });
    rows.push(...answer.data);
    before = answer.data.at(-1)?.id ?? null;
    if (!answer.has_more || number === page.pages) return { rows, hasMore: answer.has_more };
  }
}

function list(rows, page) {
  return table(page.isOpen ? t("alerts.open") : t("alerts.all"), [
    { title: t("alerts.kind"), cell: (row) => word("alert", row.kind) },
    { title: t("alerts.severity"), cell: (row) => chip(word("severity", row.severity), row.cleared_at ? "plain" : row.severity === "critical" ? "bad" : "warn") },
    { title: t("alerts.subject"), cell: (row) => row.subject },
    { title: t("alerts.message"), cell: (row) => row.message },
    { title: t("alerts.raised"), cell: (row) => moment(row.raised_at) },
    { title: t("alerts.last"), cell: (row) => moment(row.last_at) },
    { title: t("alerts.cleared"), cell: (row) => (row.cleared_at ? moment(row.cleared_at) : NOTHING) },
    { title: t("alerts.count"), isNumber: true, cell: (row) => whole(row.count) },
    { title: t("alerts.told"), cell: (row) => (row.silenced ? t("alerts.silenced") : row.notified_at ? moment(row.notified_at) : NOTHING) },
    { title: t("accounts.act"), cell: (row) => (row.cleared_at ? NOTHING : button(t("alerts.silence"), () => silence(page, row), { key: `silence:${row.id}`, label: t("alerts.silence.label", { kind: word("alert", row.kind), subject: row.subject }) })) },
  ], rows, { key: "alerts", empty: page.isOpen ? t("alerts.none") : t("none") });
}

function quiet(rows, page) {
  return table(t("alerts.silences"), [
    { title: t("alerts.kind"), cell: (row) => word("alert", row.kind) },
    { title: t("alerts.subject"), cell: (row) => row.subject },
    { title: t("alerts.until"), cell: (row) => moment(row.until) },
    { title: t("reason"), cell: (row) => row.reason ?? NOTHING },
    { title: t("alerts.actor"), cell: (row) => row.actor },
    { title: t("accounts.act"), cell: (row) => button(t("alerts.end"), () => end(page, row), { key: `end:${row.id}`, label: t("alerts.end.label", { kind: row.kind, subject: row.subject }) }) },
  ], rows, { key: "silences" });
}

async function silence(page, { kind, subject }) {
  const given = await ask(t("alerts.silence"), t("alerts.silence.text"), [
    { name: "kind", label: t("alerts.kind"), value: kind, required: true }, { name: "subject", label: t("alerts.subject"), value: subject, required: true },
    { name: "seconds", label: t("alerts.length"), value: "3600", choices: LENGTHS.map(([value, name]) => [value, t(`period.${name}`)]) },
    { name: "reason", label: t("reason") },
  ], t("alerts.silence"));
  if (!given) return;
  const body = { kind: given.kind, subject: given.subject, seconds: Number(given.seconds) };
  if (given.reason) body.reason = given.reason;
  await act(page, t("alerts.quiet"), () => call("POST", "/api/v1/alerts/silences", { body, signal: page.signal }));
}

const end = (page, row) =>
  act(page, t("alerts.ended"), () => call("DELETE", `/api/v1/alerts/silences/${part(row.id)}`, { signal: page.signal }));

async function act(page, words, work) {
  try {
    await work();
    update(page.outcome, h("p", {}, words));
    await refresh(page);
  } catch (error) {
    const message = told(error);
    if (message) update(page.outcome, complaint(message));
  }
}
