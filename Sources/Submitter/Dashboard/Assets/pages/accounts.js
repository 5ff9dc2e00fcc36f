// The accounts at the platforms: what they do, what is left of their limits, and why one is left alone.

import { call, get, part, told } from "/assets/api.js";
import { ask, button, chip, complaint, h, table, update } from "/assets/dom.js";
import { duration, NOTHING, decimal, whole } from "/assets/format.js";
import { t, word } from "/assets/i18n.js";
import { onLive } from "/assets/live.js";

const TONES = { ok: "ok", resting: "warn", circuit_open: "bad", quota_exhausted: "bad", disabled: "plain" };

export async function show({ root, signal }) {
  const outcome = h("div", { role: "status" });
  const list = h("div", { "aria-busy": "true" }, h("p", { class: "muted" }, t("loading")));
  update(root, outcome, list);
  const page = { list, outcome, signal, isAsking: false };
  onLive((live) => { if (live.figures) refresh(page); }, signal);
  const timer = setInterval(() => countDown(list), 1000);
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
}

async function refresh(page) {
  if (page.isAsking) return;
  page.isAsking = true;
  try {
    // 503 says that no request could be answered, and has the same report.
    const report = await get("/api/v1/status/health", { signal: page.signal, accepts: [503] });
    update(page.list, report.accounts ? view(report, page) : complaint(t("banner.redis")));
  } catch (error) {
    const message = told(error);
    if (message) update(page.list, complaint(message));
  } finally {
    page.isAsking = false;
    page.list.removeAttribute("aria-busy");
  }
}

function view(report, page) {
  const models = report.accounts.flatMap((account) => account.models.map((model) => ({ account: account.id, ...model })));
  return [
    platforms(report.providers),
    table(t("accounts.all"), [
      { title: t("accounts.account"), cell: (row) => [row.id, h("span", { class: "muted block" }, row.provider)] },
      { title: t("accounts.state"), cell: state },
      { title: t("accounts.score"), isNumber: true, cell: (row) => decimal(row.score) },
      { title: t("accounts.circuit"), cell: circuit },
      { title: t("accounts.running"), isNumber: true, cell: (row) => whole(row.running) },
      { title: t("accounts.headroom"), cell: headroom },
      { title: t("accounts.ttft"), isNumber: true, cell: (row) => firstToken(row) },
      { title: t("accounts.act"), cell: (row) => acts(row, page) },
    ], report.accounts, { key: "accounts" }),
    models.length > 0 && table(t("accounts.models"), [
      { title: t("accounts.account"), cell: (row) => row.account },
      { title: t("accounts.model"), cell: (row) => row.model },
      { title: t("accounts.score"), isNumber: true, cell: (row) => decimal(row.score) },
      { title: t("accounts.circuit"), cell: circuit },
      { title: t("accounts.row"), isNumber: true, cell: (row) => whole(row.failures_in_row) },
      { title: t("accounts.ttft"), isNumber: true, cell: (row) => firstToken(row) },
      { title: t("accounts.reason"), cell: (row) => (row.reason ? word("kind", row.reason) : NOTHING) },
    ], models, { key: "routes" }),
  ];
}

function platforms(rows) {
  return h("ul", { class: "chips", "aria-label": t("accounts.platforms") }, rows.map((row) =>
    h("li", {}, chip(t("accounts.platform", { name: row.provider, usable: row.usable, all: row.accounts }),
      { ok: "ok", degraded: "warn", unavailable: "bad" }[row.status]))));
}

const firstToken = (row) => duration(row.first_token_seconds === null ? null : row.first_token_seconds * 1000);

function state(row) {
  return [
    chip(word("state", row.state), TONES[row.state]), row.reason && h("span", { class: "block" }, word("kind", row.reason)),
    rest(row.rests_ms, "accounts.rests"),
  ];
}

function circuit(row) {
  const tone = { closed: "ok", half_open: "warn", open: "bad" }[row.circuit];
  return [chip(word("circuit", row.circuit), tone), rest(row.opens_again_ms, "accounts.opens")];
}

/** A time that counts down between two readings. */
function rest(milliseconds, key) {
  if (!(milliseconds > 0)) return null;
  return h("span", { class: "block countdown", "data-until": Date.now() + milliseconds, "data-text": key }, t(key, { time: duration(milliseconds) }));
}

function countDown(list) {
  for (const one of list.querySelectorAll(".countdown")) {
    const left = Math.max(0, Number(one.dataset.until) - Date.now());
    one.textContent = t(one.dataset.text, { time: duration(Math.ceil(left / 1000) * 1000) });
  }
}

function headroom(row) {
  const limits = Object.entries(row.limits).filter(([, limit]) => limit.limit !== null);
  if (limits.length === 0) return h("span", { class: "muted" }, t("accounts.unlimited"));
  return h("ul", { class: "plain" }, limits.map(([name, limit]) => {
    const left = limit.limit > 0 ? Math.max(0, 1 - (limit.used ?? 0) / limit.limit) : 0;
    const text = t("accounts.used", { name: t(`limit.${name}`), used: whole(limit.used ?? 0), limit: whole(limit.limit) });
    return h("li", {}, h("meter", { min: 0, max: 1, low: 0.1, high: 0.3, optimum: 1, value: left, "aria-label": t("accounts.left", { text }) }), " ", text);
  }));
}

// MARK: - What people do with an account

function acts(row, page) {
  const named = (key) => t(`${key}.label`, { id: row.id });
  const isOff = row.status === "disabled" || row.state === "disabled";
  return h("div", { class: "row" },
    button(t("accounts.test"), () => test(row, page), { key: `test:${row.id}`, label: named("accounts.test") }),
    isOff
      ? button(t("accounts.enable"), () => enable(row, page), { key: `state:${row.id}`, label: named("accounts.enable") })
      : button(t("accounts.disable"), () => disable(row, page), { key: `state:${row.id}`, kind: "danger", label: named("accounts.disable") }));
}

async function test(row, page) {
  await say(page, t("accounts.testing", { id: row.id }), async () => {
    const result = await call("POST", `/api/v1/accounts/${part(row.id)}/test`, { signal: page.signal });
    return result.ok
      ? t("accounts.good", { id: row.id, time: duration(result.ms) })
      : t("accounts.bad", { id: row.id, why: word("kind", result.error.kind), message: result.error.message });
  });
}

async function enable(row, page) {
  await say(page, null, async () => {
    await call("POST", `/api/v1/accounts/${part(row.id)}/enable`, { body: {}, signal: page.signal });
    return t("accounts.enabled", { id: row.id });
  });
}

async function disable(row, page) {
  const given = await ask(
    t("accounts.disable.label", { id: row.id }), t("accounts.disable.text"), [{ name: "reason", label: t("reason"), required: true }],
    t("accounts.disable"));
  if (!given) return;
  await say(page, null, async () => {
    await call("POST", `/api/v1/accounts/${part(row.id)}/disable`, { body: { reason: given.reason }, signal: page.signal });
    return t("accounts.disabled", { id: row.id });
  });
}

async function say(page, before, act) {
  if (before) update(page.outcome, h("p", { class: "muted" }, before));
  try {
    update(page.outcome, h("p", {}, await act()));
    await refresh(page);
  } catch (error) {
    const message = told(error);
    if (message) update(page.outcome, complaint(message));
  }
}
