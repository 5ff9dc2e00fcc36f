// The figures of the service as they change, from one stream for the whole page.

const ADDRESS = "/api/v1/status/live";
const RETRY = 3000;
/** Readings that are kept for charts: twenty minutes at one each five seconds. */
const KEPT = 240;

const listeners = new Set();
let source = null;
let timer = null;

/** `figures` as in `/api/v1/status/metrics`, `isHere` while the stream stands, `history` the latest readings. */
export const live = { figures: null, isHere: true, history: [] };

export function startLive() {
  connect();
  // A browser has six connections to one server, and a hidden page should have none of them.
  document.addEventListener("visibilitychange", () => (document.hidden ? disconnect() : connect()));
}

/** Calls `listener` with each reading and each change of the connection until the page is left. */
export function onLive(listener, signal) {
  listeners.add(listener);
  signal?.addEventListener("abort", () => listeners.delete(listener), { once: true });
  listener(live);
}

function connect() {
  clearTimeout(timer);
  if (source && source.readyState !== EventSource.CLOSED) return;
  source = new EventSource(ADDRESS);
  source.onmessage = (event) => received(JSON.parse(event.data));
  source.onerror = () => {
    live.isHere = false;
    tell();
    // It comes back by itself, unless it was refused.
    if (source.readyState === EventSource.CLOSED) timer = setTimeout(connect, RETRY);
  };
}

function disconnect() {
  clearTimeout(timer);
  source?.close();
}

function received(figures) {
  live.figures = figures;
  live.isHere = true;
  live.history.push(figures);
  if (live.history.length > KEPT) live.history.shift();
  tell();
}

function tell() {
  for (const listener of listeners) listener(live);
}
