// Dead letters: requests and ledger rows that the queue gave up on, to be tried again or dropped.

import { call, get, part, told } from "/assets/api.js";
import { ask, button, complaint, h, table, update } from "/assets/dom.js";
import { bytes, moment, NOTHING, whole } from "/assets/format.js";
import { t, word } from "/assets/i18n.js";

const PAGE = 50;

export async function show({ root, signal }) {
  const page = { outcome: h("div", { role: "status" }), list: h("div", { "aria-busy": "true" }, h("p", { class: "muted" }, t("loading"))), signal, rows: [] };
  update(root, h("p", {}, t("dead.what")), page.outcome, page.list);
  await load(page, null);
  page.list.removeAttribute("aria-busy");
}

/** The page after the letter `before`, or all from the newest on. */
async function load(page, before) {
  try {
    const answer = await get("/api/v1/queue/dead", { query: { limit: PAGE, before }, signal: page.signal });
    page.rows = before ? [...page.rows, ...answer.data] : answer.data;
    const last = answer.data.length === PAGE ? answer.data.at(-1).id : null;
    update(page.list, view(page, answer.total), last && h("p", {}, button(t("more"), () => load(page, last), { key: "more" })));
  } catch (error) {
    const message = told(error);
    if (message) update(page.list, complaint(message));
  }
}

function view(page, total) {
  return table(t("dead.all", { n: whole(total) }), [
    { title: t("dead.id"), cell: (row) => row.id },
    { title: t("dead.died"), cell: (row) => moment(row.died_at) },
    { title: t("dead.why"), cell: (row) => word("kind", row.why) },
    { title: t("queue.lane"), cell: (row) => word("lane", row.lane) },
    { title: t("dead.request"), cell: (row) => (row.request_id ? h("a", { href: `#/jobs/${encodeURIComponent(row.request_id)}?${new URLSearchParams({ tenant: row.tenant ?? "" })}`, "data-key": `job:${row.id}` }, row.request_id) : NOTHING) },
    { title: t("group.tenant"), cell: (row) => row.tenant ?? NOTHING },
    { title: t("dead.size"), isNumber: true, cell: (row) => bytes(row.bytes) },
    { title: t("accounts.act"), cell: (row) => acts(row, page) },
  ], page.rows, { key: "dead", empty: t("dead.none") });
}

function acts(row, page) {
  return h("div", { class: "row" },
    row.retryable
      ? button(t("dead.retry"), () => retry(row, page), { key: `retry:${row.id}`, label: t("dead.retry.label", { id: row.id }) })
      : h("span", { class: "muted" }, row.obstacle ?? ""),
    button(t("dead.drop"), () => drop(row, page), { key: `drop:${row.id}`, kind: "danger", label: t("dead.drop.label", { id: row.id }) }));
}

async function retry(row, page) {
  await act(page, async () => {
    const answer = await call("POST", `/api/v1/queue/dead/${part(row.id)}/retry`, { signal: page.signal });
    if (!answer.id) return t("dead.retried", { id: row.id });
    return [t("dead.retried", { id: row.id }), " ", h("a", { href: `#/jobs/${encodeURIComponent(answer.id)}?${new URLSearchParams({ tenant: row.tenant ?? "" })}` }, answer.id)];
  });
}

async function drop(row, page) {
  if (!(await ask(t("dead.drop.label", { id: row.id }), t("dead.drop.text"), [], t("dead.drop")))) return;
  await act(page, async () => {
    await call("DELETE", `/api/v1/queue/dead/${part(row.id)}`, { signal: page.signal });
    return t("dead.dropped", { id: row.id });
  });
}

async function act(page, work) {
  try {
    update(page.outcome, h("p", {}, await work()));
    await load(page, null);
  } catch (error) {
    const message = told(error);
    if (message) update(page.outcome, complaint(message));
  }
}
