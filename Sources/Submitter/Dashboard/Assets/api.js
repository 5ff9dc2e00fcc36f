// The service's API, asked by this page alone.

import { t } from "/assets/i18n.js";

/** An answer that is no success, in the words of the service. */
export class Failure extends Error {
  constructor(status, error) {
    super(error?.message ?? t("error.status", { status }));
    this.status = status;
    this.code = error?.code ?? null;
    this.param = error?.param ?? null;
  }
}

/**
 * The JSON of an answer, or `null` where it has none. `accepts` are statuses beside the successes whose body is
 * wanted as it is.
 */
export async function call(method, path, { query = {}, body, headers = {}, signal, accepts = [] } = {}) {
  const answer = await request(method, path, { query, body, headers, signal });
  if (answer.status === 204) return null;
  const text = await answer.text();
  const json = parsed(text);
  if (!answer.ok && !accepts.includes(answer.status)) throw new Failure(answer.status, json?.error);
  return json;
}

/** The answer itself, for streams. Throws where it is no success. */
export async function stream(method, path, options = {}) {
  const answer = await request(method, path, options);
  if (!answer.ok) throw new Failure(answer.status, parsed(await answer.text())?.error);
  return answer;
}

async function request(method, path, { query = {}, body, headers = {}, signal }) {
  const options = { method, signal, headers: { "x-actor": "dashboard", ...headers } };
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers["content-type"] = "application/json";
  }
  try {
    return await fetch(address(path, query), options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure(0, { message: t("error.unreachable") });
  }
}

/** A path with those members of `query` that say anything. */
export function address(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export const get = (path, options) => call("GET", path, options);

/** An id as a part of a path. */
export const part = (id) => encodeURIComponent(id);

/** What to show of an error, or `null` where the page was left meanwhile. */
export function told(error) {
  if (error.name === "AbortError") return null;
  if (!(error instanceof Failure)) throw error;
  return error.message;
}
