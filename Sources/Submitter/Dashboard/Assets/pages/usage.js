// The ledger: sums by any groups, as a chart and a table, and the attempts one by one.

import { address, get, told } from "/assets/api.js";
import { bar, lineChart } from "/assets/charts.js";
import { button, chip, complaint, field, h, select, table, update } from "/assets/dom.js";
import { compact, decimal, duration, moment, money, NOTHING, percent, stamp, whole } from "/assets/format.js";
import { t, word } from "/assets/i18n.js";
import { askedZone, axis, byCurrency, over, sums } from "/assets/statistics.js";

const VIEWS = ["usage", "performance", "cost", "errors"];
const PERIODS = ["1h", "24h", "7d", "30d", "90d"];
const GROUPS = ["model", "provider", "account", "user", "tenant", "status", "error_kind", "hour", "day"];
const FILTERS = ["model", "provider", "account", "user", "tenant", "status", "error_kind"];
/** The figure of each view that is drawn. */
const DRAWN = { usage: "attempts", performance: "ttft_p95_ms", cost: "cost", errors: "errors" };
const LINES = 6;
const PAGE = 50;

export async function show({ root, signal, query }) {
  const asked = question(query);
  const result = h("section", { "aria-label": t("usage.sums"), "aria-busy": "true" }, h("p", { class: "muted" }, t("loading")));
  const log = h("section", { "aria-label": t("usage.attempts") });
  update(root, form(asked), result, log);
  attempts(log, asked, signal);
  try {
    const answer = await sums(asked.view, asked.query, signal);
    update(result, sheet(asked), drawing(asked, answer), groups(asked, answer));
  } catch (error) {
    const message = told(error);
    if (message) update(result, complaint(t("error.statistics", { message })));
  }
  result.removeAttribute("aria-busy");
}

/** The question in the page's address, so that it can be kept and sent. */
function question(query) {
  const view = VIEWS.includes(query.get("view")) ? query.get("view") : "usage";
  const group = [query.get("group"), query.get("group2")].filter((name) => GROUPS.includes(name));
  const filters = Object.fromEntries(FILTERS.map((name) => [name, query.get(name) ?? ""]));
  const period = PERIODS.includes(query.get("period")) ? query.get("period") : "24h";
  const by = [...new Set(group)];
  if (!query.has("group") && by.length === 0) by.push("model");
  return { view, period, by, filters, query: { period, group_by: by.join(","), ...filters } };
}

function form(asked) {
  const none = [["", t("usage.none")]];
  const groupChoices = none.concat(GROUPS.map((name) => [name, t(`group.${name}`)]));
  const fields = [
    field(t("usage.view"), select("view", VIEWS.map((name) => [name, t(`view.${name}`)]), asked.view)),
    field(t("period"), select("period", PERIODS.map((name) => [name, t(`period.${name}`)]), asked.period)),
    field(t("usage.by"), select("group", groupChoices, asked.by[0] ?? "")),
    field(t("usage.then"), select("group2", groupChoices, asked.by[1] ?? "")),
    ...FILTERS.map((name) => field(t("usage.only", { name: t(`group.${name}`) }), h("input", { name, value: asked.filters[name], maxlength: 512 }))),
  ];
  return h("form", {
    class: "filters",
    submit: (event) => {
      event.preventDefault();
      const given = [...new FormData(event.target)].filter(([name, value]) => value !== "" || name === "group");
      location.hash = `#/usage?${new URLSearchParams(given)}`;
    },
  }, fields, h("button", { class: "primary", type: "submit" }, t("usage.ask")));
}

const sheet = (asked) =>
  h("p", {}, h("a", { href: address(`/api/v1/status/${asked.view}`, { ...asked.query, tz: askedZone(), format: "csv", limit: 10000 }), download: `${asked.view}.csv` }, t("usage.csv")));

// MARK: - Sums

function drawing(asked, answer) {
  const unit = ["hour", "day"].find((name) => asked.by.includes(name));
  if (!unit) return null;
  const { names, labels } = axis(answer, unit);
  const figure = DRAWN[asked.view];
  const others = asked.by.filter((name) => name !== unit);
  const missing = asked.view === "performance" ? null : 0;
  // Money of two currencies never stands in one chart.
  const parts = asked.view === "cost" ? [...byCurrency(answer.data)] : [[null, answer.data]];
  return parts.map(([currency, rows]) => {
    const lines = byName(rows, others).slice(0, LINES);
    const series = lines.map(([name, of]) => ({ name: name || t(`figure.${figure}`), values: over(names, of, unit, figure, missing) }));
    const title = currency ? t("chart.cost", { currency }) : t(`figure.${figure}`);
    const note = lines.length === LINES ? t("usage.lines", { n: LINES }) : null;
    return lineChart(title, labels, series, { format: (value) => shown(figure, value, { currency }), key: `usage-${currency}`, note });
  });
}

/** Rows by their other groups, those with the largest sums first. */
function byName(rows, groups) {
  const found = new Map();
  for (const row of rows) {
    const name = groups.map((group) => label(group, row[group])).join(" · ");
    if (!found.has(name)) found.set(name, []);
    found.get(name).push(row);
  }
  const size = (of) => of.reduce((sum, row) => sum + (row.attempts ?? row.errors ?? 0), 0);
  return [...found].sort(([, one], [, other]) => size(other) - size(one));
}

function groups(asked, answer) {
  const figures = Object.keys(answer.data[0] ?? {}).filter((name) => !answer.group_by.includes(name) && name !== "currency");
  const drawn = DRAWN[asked.view];
  // Bars of one currency are compared with each other alone.
  const most = new Map();
  for (const row of answer.data) most.set(row.currency, Math.max(most.get(row.currency) ?? 0, row[drawn] ?? 0));
  const names = answer.group_by.filter((name) => name !== "currency");
  const columns = [
    ...(names.length ? names : [null]).map((name) => ({ title: name ? t(`group.${name}`) : t("usage.all"), cell: (row) => (name ? label(name, row[name]) : t("usage.all")) })),
    ...("currency" in (answer.data[0] ?? {}) ? [{ title: t("group.currency"), cell: (row) => row.currency ?? NOTHING }] : []),
    { title: t(`figure.${drawn}`), cell: (row) => bar((row[drawn] ?? 0) / (most.get(row.currency) || 1)) },
    ...figures.map((name) => ({ title: t(`figure.${name}`), isNumber: true, cell: (row) => shown(name, row[name], row) })),
  ];
  const title = t("usage.table", { view: t(`view.${asked.view}`), period: t(`period.${asked.period}`), n: whole(answer.groups) });
  return table(title, columns, answer.data, { key: "sums" });
}

function label(group, value) {
  if (value === null || value === undefined) return t("usage.without");
  if (group === "hour" || group === "day") return stamp(value, group === "day");
  if (group === "status") return word("status", value);
  return group === "error_kind" ? word("kind", value) : value;
}

function shown(name, value, { currency }) {
  if (name === "cost" || name === "waste" || name === "cancelled_cost") return money(value, currency);
  if (name === "error_rate") return percent(value);
  if (name.endsWith("_ms")) return duration(value);
  return name.endsWith("_second") ? decimal(value) : compact(value);
}

// MARK: - Attempts

async function attempts(log, asked, signal) {
  const rows = [];
  const more = async (cursor) => {
    try {
      const page = await get("/api/v1/usage", { query: { ...asked.filters, limit: PAGE, cursor }, signal });
      rows.push(...page.data);
      update(log, logged(rows), page.next_cursor && h("p", {}, button(t("more"), () => more(page.next_cursor), { key: "more" })));
    } catch (error) {
      const message = told(error);
      if (message) log.append(complaint(t("error.statistics", { message })));
    }
  };
  await more(null);
}

function logged(rows) {
  const columns = [
    { title: t("attempt.request"), cell: (row) => h("a", { href: jobPage(row), "data-key": `job:${row.request_id}:${row.attempt}` }, row.request_id) },
    { title: t("attempt.began"), cell: (row) => moment(row.started_at) },
    { title: t("group.status"), cell: (row) => chip(word("status", row.status), row.status === "done" ? "ok" : row.status === "cancelled" ? "plain" : "bad") },
    { title: t("group.error_kind"), cell: (row) => (row.error_kind ? word("kind", row.error_kind) : NOTHING) },
    { title: t("group.model"), cell: (row) => row.model }, { title: t("group.account"), cell: (row) => row.account ?? NOTHING },
    { title: t("group.tenant"), cell: (row) => row.tenant }, { title: t("group.user"), cell: (row) => row.user ?? NOTHING },
    { title: t("tokens.in"), isNumber: true, cell: (row) => whole(row.tokens_in) },
    { title: t("tokens.out"), isNumber: true, cell: (row) => whole(row.tokens_out) },
    { title: t("figure.cost"), isNumber: true, cell: (row) => money(row.cost, row.currency) },
    { title: t("attempt.ttft"), isNumber: true, cell: (row) => duration(row.ttft_ms) },
    { title: t("attempt.latency"), isNumber: true, cell: (row) => duration(row.latency_ms) },
  ];
  return table(t("usage.attempts"), columns, rows, { key: "attempts" });
}

const jobPage = (row) => `#/jobs/${encodeURIComponent(row.request_id)}?${new URLSearchParams({ tenant: row.tenant })}`;
