// What the service does, and did over time: requests, tokens, cost, errors, time to the first token.

import { told } from "/assets/api.js";
import { lineChart } from "/assets/charts.js";
import { complaint, field, h, select, tile, tiles, update } from "/assets/dom.js";
import { compact, duration, money, NOTHING, percent, ratio, whole } from "/assets/format.js";
import { t } from "/assets/i18n.js";
import { onLive } from "/assets/live.js";
import { axis, byCurrency, over, step, sums, total } from "/assets/statistics.js";

const PERIODS = ["24h", "7d", "30d"];
const CURRENCIES = 6;

export async function show({ root, signal, query }) {
  const period = PERIODS.includes(query.get("period")) ? query.get("period") : "24h";
  const now = h("section", { "aria-label": t("overview.now") });
  const past = h("section", { "aria-label": t("overview.past"), "aria-busy": "true" }, h("p", { class: "muted" }, t("loading")));
  const periods = select("period", PERIODS.map((name) => [name, t(`period.${name}`)]), period);
  periods.addEventListener("change", () => { location.hash = `#/overview?period=${periods.value}`; });
  update(root, now, h("div", { class: "row" }, field(t("period"), periods)), past);
  onLive((live) => update(now, current(live.figures)), signal);
  try {
    update(past, await history(period, signal));
  } catch (error) {
    const message = told(error);
    if (message) update(past, complaint(t("error.statistics", { message })));
  }
  past.removeAttribute("aria-busy");
}

function current(figures) {
  const { workers, queue } = figures ?? {};
  return tiles(
    tile(t("overview.running"), whole(workers?.running), t("overview.slots", { n: whole(workers?.slots) })),
    tile(t("overview.waiting"), whole(queue ? queue.ready + queue.waiting_for_capacity + queue.delayed : null)),
    tile(t("overview.workers"), whole(workers?.alive)),
    tile(t("overview.streams"), whole(figures?.requests.streams_open), t("overview.shim")),
    tile(t("overview.dead"), whole(queue?.dead_letters)));
}

async function history(period, signal) {
  const unit = step(period);
  const [usage, performance, all] = await Promise.all([
    sums("usage", { period, group_by: unit }, signal),
    sums("performance", { period, group_by: unit, status: "done" }, signal),
    sums("performance", { period, status: "done" }, signal),
  ]);
  const { names, labels } = axis(usage, unit);
  const at = (answer, figure, missing) => over(names, answer.data, unit, figure, missing);
  return [totals(usage, all), h("div", { class: "charts" }, charts(usage, performance, labels, at, names, unit))];
}

function totals(usage, all) {
  const rows = usage.totals ?? [];
  const [attempts, errors] = [total(rows, "attempts"), total(rows, "errors")];
  const costs = [...byCurrency(rows)].map(([currency, of]) => money(total(of, "cost"), currency));
  const first = all.data[0];
  return tiles(
    tile(t("overview.requests"), compact(total(rows, "requests") ?? 0), t("overview.attempts", { n: compact(attempts ?? 0) })),
    tile(t("overview.tokens"), compact((total(rows, "tokens_in") ?? 0) + (total(rows, "tokens_out") ?? 0)),
      t("overview.inout", { in: compact(total(rows, "tokens_in") ?? 0), out: compact(total(rows, "tokens_out") ?? 0) })),
    tile(t("overview.cost"), costs.length ? costs.map((cost) => h("span", { class: "block" }, cost)) : NOTHING),
    tile(t("overview.errors"), percent(ratio(errors ?? 0, attempts ?? 0)), t("overview.failed", { n: whole(errors ?? 0) })),
    tile(t("overview.ttft"), duration(first?.ttft_p50_ms), t("overview.p95", { time: duration(first?.ttft_p95_ms) })));
}

function charts(usage, performance, labels, at, names, unit) {
  const attempts = at(usage, "attempts", 0);
  const rates = at(usage, "errors", 0).map((errors, row) => ratio(errors, attempts[row]));
  const costs = [...byCurrency(usage.data)].slice(0, CURRENCIES).map(([currency, rows]) =>
    lineChart(t("chart.cost", { currency }), labels, [{ name: currency, values: over(names, rows, unit, "cost", 0) }],
      { format: (value) => money(value, currency), key: `cost-${currency}` }));
  return [
    lineChart(t("chart.requests"), labels, [{ name: t("overview.requests"), values: at(usage, "requests", 0) }], { format: compact, key: "requests" }),
    lineChart(t("chart.tokens"), labels, [
      { name: t("tokens.in"), values: at(usage, "tokens_in", 0) }, { name: t("tokens.out"), values: at(usage, "tokens_out", 0) },
    ], { format: compact, key: "tokens" }),
    ...costs,
    lineChart(t("chart.errors"), labels, [{ name: t("overview.errors"), values: rates }], { format: percent, key: "errors" }),
    lineChart(t("chart.ttft"), labels, [
      { name: "P50", values: at(performance, "ttft_p50_ms", null) }, { name: "P95", values: at(performance, "ttft_p95_ms", null) },
    ], { format: duration, key: "ttft", note: t("chart.ttft.note") }),
  ];
}
