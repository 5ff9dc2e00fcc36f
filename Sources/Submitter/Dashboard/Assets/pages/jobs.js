// One request: its state, its attempts, its time line, and its answer as it comes.

import { call, get, part, stream, told } from "/assets/api.js";
import { ask, button, chip, complaint, facts, field, h, table, update } from "/assets/dom.js";
import { duration, moment, money, NOTHING, whole } from "/assets/format.js";
import { t, word } from "/assets/i18n.js";
import { events } from "/assets/sse.js";

const PAUSE = 2000;
const TONES = { done: "ok", running: "warn", queued: "plain", cancelled: "plain", error: "bad", lost: "bad" };
/** Text that is kept of an answer: more than a person reads, and less than a page can hold. */
const MOST = 1000000;

export async function show({ root, signal, parts, query }) {
  const job = { id: parts[0] ?? "", tenant: query.get("tenant") ?? "", signal };
  const outcome = h("div", { role: "status" });
  const report = h("div");
  const tail = h("section", { "aria-label": t("job.answer") });
  update(root, form(job), outcome, report, tail);
  if (!job.id) return update(report, h("p", { class: "muted" }, t("job.which")));
  job.headers = job.tenant ? { "x-tenant": job.tenant } : {};
  job.report = report;
  job.outcome = outcome;
  update(tail, h("h2", {}, t("job.answer")), h("p", { class: "muted" }, t("job.answer.note")),
    button(t("job.follow"), () => follow(job, tail), { key: "follow", kind: "primary" }));
  await watch(job);
}

function form(job) {
  return h("form", {
    class: "filters",
    submit: (event) => {
      event.preventDefault();
      const given = new FormData(event.target);
      const tenant = given.get("tenant").trim();
      location.hash = `#/jobs/${encodeURIComponent(given.get("id").trim())}${tenant ? `?${new URLSearchParams({ tenant })}` : ""}`;
    },
  },
  field(t("job.id"), h("input", { name: "id", value: job.id, required: true, maxlength: 200 })),
  field(t("job.tenant"), h("input", { name: "tenant", value: job.tenant, maxlength: 64, placeholder: "default" })),
  h("button", { class: "primary", type: "submit" }, t("job.show")));
}

/** Looks again as long as the job has not ended. */
async function watch(job) {
  while (!job.signal.aborted) {
    let isOpen = true;
    try {
      const trail = await look(job);
      isOpen = ["queued", "running"].includes(trail.job?.status);
      update(job.report, view(trail, job));
    } catch (error) {
      const message = told(error);
      if (message) update(job.report, complaint(message));
      // A job that does not exist will not come to be.
      isOpen = error.status === 0 || error.status >= 500;
    }
    if (!isOpen) return;
    await pause(job.signal);
  }
}

/** The trail, or while PostgreSQL is away the report alone, in the trail's form. */
async function look({ id, headers, signal }) {
  try {
    return await get(`/api/v1/jobs/${part(id)}/trail`, { headers, signal });
  } catch (error) {
    if (error.code !== "database_unavailable") throw error;
    const { result, ...job } = await get(`/api/v1/jobs/${part(id)}`, { headers, signal });
    return { id, job, attempts: [], timeline: [], isPart: true };
  }
}

function pause(signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, PAUSE);
    signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}

function view(trail, job) {
  const report = trail.job;
  const status = report?.status ?? trail.attempts.at(-1)?.status ?? "unknown";
  return [
    h("p", { class: "row" }, h("strong", {}, trail.id), chip(word("status", status), TONES[status] ?? "plain"),
      ["queued", "running"].includes(status) && button(t("job.cancel"), () => cancel(job), { key: "cancel", kind: "danger" })),
    trail.isPart && complaint(t("banner.postgres")),
    report === null && h("p", { class: "muted" }, t("job.expired")),
    report && facts(members(report)),
    report?.error && complaint(`${report.error.code ?? ""}: ${report.error.message}`),
    attempts(trail.attempts), timeline(trail.timeline),
  ];
}

function members(report) {
  const texts = ["lane", "tenant", "model", "provider", "account", "worker", "problem"].filter((name) => report[name]);
  const times = ["enqueued_at", "due_at", "deadline_at"].filter((name) => report[name]);
  const { usage } = report;
  return [
    ...texts.map((name) => [t(`job.${name}`), name === "lane" ? word("lane", report[name]) : report[name]]),
    ...times.map((name) => [t(`job.${name}`), moment(report[name])]),
    report.queue && [t("job.place"), t("job.place.value", { n: whole(report.queue.position), time: duration(report.queue.expected_wait_ms) })],
    report.waits_for && [t("job.waits_for"), report.waits_for.join(", ")],
    usage && [t("job.tokens"), t("overview.inout", { in: whole(usage.prompt_tokens), out: whole(usage.completion_tokens) })],
    typeof report.cost === "number" && [t("figure.cost"), money(report.cost, report.currency)],
  ].filter(Boolean);
}

function attempts(rows) {
  return table(t("job.attempts"), [
    { title: t("attempt.number"), cell: (row) => whole(row.attempt) },
    { title: t("group.status"), cell: (row) => chip(word("status", row.status), TONES[row.status] ?? "plain") },
    { title: t("group.error_kind"), cell: (row) => (row.error_kind ? word("kind", row.error_kind) : NOTHING) },
    { title: t("group.model"), cell: (row) => row.model ?? NOTHING },
    { title: t("group.account"), cell: (row) => row.account ?? NOTHING },
    { title: t("attempt.began"), cell: (row) => moment(row.started_at) },
    { title: t("attempt.ttft"), isNumber: true, cell: (row) => duration(row.ttft_ms) },
    { title: t("attempt.latency"), isNumber: true, cell: (row) => duration(row.latency_ms) },
    { title: t("tokens.in"), isNumber: true, cell: (row) => whole(row.tokens_in) },
    { title: t("tokens.out"), isNumber: true, cell: (row) => whole(row.tokens_out) },
    { title: t("figure.cost"), isNumber: true, cell: (row) => money(row.cost, row.currency) },
    { title: t("attempt.source"), cell: (row) => word("source", row.source) },
  ], rows, { key: "trail" });
}

function timeline(rows) {
  if (rows.length === 0) return null;
  const detail = (one) => [
    one.attempt && t("attempt.nth", { n: one.attempt }), one.model, one.account, one.worker,
    one.waited_ms !== undefined && t("job.waited", { time: duration(one.waited_ms) }),
    one.status && word("status", one.status), one.error_kind && word("kind", one.error_kind), one.waits_for?.join(", "),
  ].filter(Boolean).join(" · ");
  return [
    h("h2", {}, t("job.timeline")),
    h("ol", { class: "timeline" }, rows.map((one) => h("li", {}, h("strong", {}, word("event", one.event)), " ", one.at && h("time", { datetime: new Date(one.at).toISOString() }, moment(one.at)), " ", h("span", { class: "muted" }, detail(one))))),
  ];
}

async function cancel(job) {
  if (!(await ask(t("job.cancel"), t("job.cancel.text", { id: job.id }), [], t("job.cancel")))) return;
  try {
    await call("DELETE", `/api/v1/jobs/${part(job.id)}`, { headers: job.headers, signal: job.signal });
    update(job.outcome, h("p", {}, t("job.cancelled")));
  } catch (error) {
    const message = told(error);
    if (message) update(job.outcome, complaint(message));
  }
}

// MARK: - The answer

/** Reads along: the request does not depend on this reader (`watch`). */
async function follow(job, tail) {
  const state = h("p", { role: "status", class: "muted" }, t("job.waiting"));
  const thoughts = h("pre", { class: "thoughts", hidden: true });
  const text = h("pre", { class: "answer", role: "group", tabindex: 0, "aria-label": t("job.answer") });
  update(tail, h("h2", {}, t("job.answer")), state, thoughts, text);
  try {
    const answer = await stream("GET", `/api/v1/jobs/${part(job.id)}/stream`, { query: { watch: true }, headers: job.headers, signal: job.signal });
    for await (const event of events(answer)) {
      if (event.comment) state.textContent = event.comment === "ping" ? t("job.waiting") : event.comment;
      else if (event.event === "restart") for (const one of [thoughts, text]) one.textContent = "";
      else if (event.data === "[DONE]") state.textContent = t("job.ended");
      else say(JSON.parse(event.data), state, thoughts, text);
    }
  } catch (error) {
    const message = told(error);
    if (message) update(state, message);
  }
}

function say(chunk, state, thoughts, text) {
  if (chunk.error) return state.replaceChildren(`${chunk.error.code ?? ""}: ${chunk.error.message}`);
  const choice = chunk.choices?.find((one) => (one.index ?? 0) === 0);
  if (!choice) return;
  const { content, reasoning_content: thought, tool_calls: calls } = choice.delta ?? {};
  if (content || thought) state.textContent = t("job.running");
  if (thought && thoughts.textContent.length < MOST) { thoughts.hidden = false; thoughts.append(thought); }
  if (content && text.textContent.length < MOST) text.append(content);
  if (calls) text.append(calls.map((one) => `${one.function?.name ?? ""}${one.function?.arguments ?? ""}`).join(""));
}
