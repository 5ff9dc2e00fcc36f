// Questions to the ledger's sums, and their answers over time.

import { Failure, get } from "/assets/api.js";
import { stamp, zone } from "/assets/format.js";

/** Rows of one answer: a month of hours with some currencies. */
const MOST = 5000;
const HOUR = 3600000;

/** The zone that is asked for: the browser's, or its offset where PostgreSQL does not know the name. */
let asked = null;

export function askedZone() {
  return (asked ??= zone());
}

/** The answer of `/api/v1/status/<view>`. */
export async function sums(view, query, signal) {
  const ask = () => get(`/api/v1/status/${view}`, { query: { limit: MOST, ...query, tz: askedZone() }, signal });
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof Failure) || error.param !== "tz") throw error;
    asked = offset();
    return ask();
  }
}

function offset() {
  const minutes = -new Date().getTimezoneOffset();
  const two = (number) => String(Math.floor(number)).padStart(2, "0");
  return `${minutes < 0 ? "-" : "+"}${two(Math.abs(minutes) / 60)}:${two(Math.abs(minutes) % 60)}`;
}

/** `hour` for short periods, so that a chart has neither a few points nor thousands. */
export const step = (period) => (period === "1h" || period === "24h" || period === "7d" ? "hour" : "day");

/** All hours or days of an answer, those without a row too: `{names, labels}`. */
export function axis(answer, unit) {
  const end = Math.min(Date.parse(answer.until), Date.now());
  const names = [];
  if (unit === "hour") {
    for (let at = Math.floor(Date.parse(answer.from) / HOUR) * HOUR; at < end; at += HOUR) names.push(at);
    return { names, labels: names.map((at) => stamp(new Date(at).toISOString(), false)) };
  }
  const day = new Date(Date.parse(answer.from));
  for (day.setHours(0, 0, 0, 0); day.getTime() < end; day.setDate(day.getDate() + 1)) names.push(dayName(day));
  return { names, labels: names.map((name) => stamp(name, true)) };
}

function dayName(day) {
  const two = (number) => String(number).padStart(2, "0");
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}

/** The name in an axis of a row's hour or day. */
export const nameOf = (row, unit) => (unit === "hour" ? Date.parse(row.hour) : row.day);

/** A figure at each name of an axis, summed over rows that share one, and `missing` where there is no row. */
export function over(names, rows, unit, figure, missing) {
  const found = new Map();
  for (const row of rows) {
    const value = row[figure];
    if (value === null || value === undefined) continue;
    const name = nameOf(row, unit);
    found.set(name, (found.get(name) ?? 0) + value);
  }
  return names.map((name) => found.get(name) ?? missing);
}

/** The sum of a figure, or `null` where no row has it. */
export function total(rows, figure) {
  const values = rows.map((row) => row[figure]).filter((value) => typeof value === "number");
  return values.length ? values.reduce((sum, value) => sum + value, 0) : null;
}

/** The rows of each currency, since money of two currencies is never added. */
export function byCurrency(rows) {
  const found = new Map();
  for (const row of rows) {
    if (row.currency === null) continue;
    if (!found.has(row.currency)) found.set(row.currency, []);
    found.get(row.currency).push(row);
  }
  return found;
}
