// The queue: what waits and runs, for how long, and who works on it.

import { get, told } from "/assets/api.js";
import { lineChart } from "/assets/charts.js";
import { complaint, facts, h, table, tile, tiles, update } from "/assets/dom.js";
import { bytes, clock, compact, duration, NOTHING, whole } from "/assets/format.js";
import { t, word } from "/assets/i18n.js";
import { onLive } from "/assets/live.js";

/** Time over which the rate of answers is measured. */
const WINDOW = 60000;

export async function show({ root, signal }) {
  const current = h("div", { "aria-busy": "true" }, h("p", { class: "muted" }, t("loading")));
  const scaling = h("section", { "aria-label": t("queue.scaling") });
  update(root, current, scaling);
  onLive((live) => {
    if (!live.figures) return;
    current.removeAttribute("aria-busy");
    update(current, live.figures.queue ? view(live.figures, live.history) : complaint(t("banner.redis")));
    ask(scaling, signal);
  }, signal);
}

async function ask(scaling, signal) {
  try {
    const wish = await get("/api/v1/queue/scaling", { signal });
    update(scaling, h("h2", {}, t("queue.scaling")), facts([
      [t("queue.wanted"), whole(wish.wanted_workers)], [t("queue.why"), word("scaling", wish.reason)],
    ]));
  } catch (error) {
    const message = told(error);
    if (message) update(scaling, h("p", { class: "muted" }, message));
  }
}

function view(figures, history) {
  const { queue, workers } = figures;
  const wait = expectedWait(figures, history);
  const oldest = Math.max(...queue.lanes.map((lane) => lane.oldest_age_seconds)) * 1000;
  return [
    tiles(
      tile(t("queue.ready"), whole(queue.ready)),
      tile(t("queue.oldest"), duration(oldest)),
      tile(t("queue.wait"), wait === null ? NOTHING : duration(wait), t("queue.wait.note")),
      tile(t("queue.capacity"), whole(queue.waiting_for_capacity)),
      tile(t("queue.delayed"), whole(queue.delayed)),
      tile(t("queue.dead"), h("a", { href: "#/dead", "data-key": "dead" }, whole(queue.dead_letters)))),
    lanes(queue.lanes),
    h("section", { "aria-label": t("queue.workers") }, h("h2", {}, t("queue.workers")), busy(workers), work(workers, queue)),
    charts(history),
  ];
}

function lanes(rows) {
  return table(t("queue.lanes"), [
    { title: t("queue.lane"), cell: (row) => word("lane", row.lane) },
    { title: t("queue.waiting"), isNumber: true, cell: (row) => whole(row.waiting) },
    { title: t("queue.running"), isNumber: true, cell: (row) => whole(row.running) },
    { title: t("queue.oldest"), isNumber: true, cell: (row) => duration(row.oldest_age_seconds * 1000) },
  ], rows, { key: "lanes" });
}

function busy(workers) {
  const text = t("queue.busy", { running: whole(workers.running), slots: whole(workers.slots) });
  const share = workers.slots > 0 ? workers.running / workers.slots : 0;
  return h("p", {}, h("meter", { min: 0, max: 1, high: 0.8, optimum: 0, value: share, "aria-label": text }), " ", text);
}

function work(workers, queue) {
  return facts([
    [t("queue.alive"), whole(workers.alive)], [t("queue.attempts"), compact(workers.attempts)],
    [t("queue.failed"), compact(workers.failed_attempts)],
    [t("tokens.in"), compact(workers.tokens.input)], [t("tokens.out"), compact(workers.tokens.output)],
    [t("queue.outbox"), t("queue.outbox.rows", { n: whole(queue.outbox.rows), age: duration(queue.outbox.oldest_age_seconds * 1000) })],
  ]);
}

function charts(history) {
  const known = history.filter((one) => one.queue);
  const labels = known.map((one) => clock(one.at));
  const depth = (name) => known.map((one) => one.queue.lanes.reduce((sum, lane) => sum + lane[name], 0));
  const oldest = known.map((one) => Math.max(...one.queue.lanes.map((lane) => lane.oldest_age_seconds)) * 1000);
  const memory = known.map((one) => one.process.resident_memory_bytes);
  return h("div", { class: "charts" },
    lineChart(t("chart.depth"), labels, [
      { name: t("queue.waiting"), values: depth("waiting") }, { name: t("queue.running"), values: depth("running") },
    ], { format: compact, key: "depth", note: t("chart.live") }),
    lineChart(t("chart.age"), labels, [{ name: t("queue.oldest"), values: oldest }], { format: duration, key: "age", note: t("chart.live") }),
    lineChart(t("chart.memory"), labels, [{ name: t("chart.memory"), values: memory }], { format: bytes, key: "memory", note: t("chart.live") }));
}

/** Milliseconds until what is ready now has begun, at the rate of the last minute, or `null` where that is not known. */
function expectedWait(figures, history) {
  if (figures.queue.ready === 0) return 0;
  const first = history.find((one) => one.workers && figures.at - one.at <= WINDOW);
  if (!first || first.at === figures.at) return null;
  const done = figures.workers.attempts - first.workers.attempts;
  return done > 0 ? (figures.queue.ready / done) * (figures.at - first.at) : null;
}
