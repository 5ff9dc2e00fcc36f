// Numbers, times and money as people read them.

import { locale, t } from "/assets/i18n.js";

export const NOTHING = "–";

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

function formatted(value, options) {
  return isNumber(value) ? new Intl.NumberFormat(locale(), options).format(value) : NOTHING;
}

export const whole = (value) => formatted(value, { maximumFractionDigits: 0 });
export const decimal = (value) => formatted(value, { maximumFractionDigits: 3 });
export const compact = (value) => formatted(value, { notation: "compact", maximumFractionDigits: 1 });
export const percent = (share) => formatted(share, { style: "percent", maximumFractionDigits: 1 });

/** A share of a whole that may be nothing. */
export const ratio = (part, all) => (all > 0 ? part / all : null);

/** With its currency. Prices of one token are small, so small amounts have more digits. */
export function money(amount, currency) {
  if (!isNumber(amount)) return NOTHING;
  const digits = { minimumFractionDigits: 2, maximumFractionDigits: Math.abs(amount) < 1 ? 6 : 2 };
  try {
    return new Intl.NumberFormat(locale(), { style: "currency", currency, ...digits }).format(amount);
  } catch {
    // The catalogue takes currencies that Intl does not know.
    return `${new Intl.NumberFormat(locale(), digits).format(amount)} ${currency ?? ""}`.trim();
  }
}

/** Milliseconds as a length of time. */
export function duration(milliseconds) {
  if (!isNumber(milliseconds)) return NOTHING;
  const seconds = milliseconds / 1000;
  if (seconds < 1) return t("unit.ms", { n: whole(milliseconds) });
  if (seconds < 60) return t("unit.s", { n: formatted(seconds, { maximumFractionDigits: seconds < 10 ? 1 : 0 }) });
  if (seconds < 3600) return t("unit.min", { n: whole(Math.floor(seconds / 60)), s: whole(Math.floor(seconds % 60)) });
  if (seconds < 172800) return t("unit.h", { n: whole(Math.floor(seconds / 3600)), m: whole(Math.floor((seconds % 3600) / 60)) });
  return t("unit.d", { n: formatted(seconds / 86400, { maximumFractionDigits: 1 }) });
}

export const bytes = (value) =>
  isNumber(value) ? formatted(value / 1048576, { style: "unit", unit: "megabyte", maximumFractionDigits: 1 }) : NOTHING;

/** Milliseconds since 1970 as date and time of this browser's zone. */
export function moment(milliseconds) {
  if (!isNumber(milliseconds)) return NOTHING;
  return new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeStyle: "medium" }).format(milliseconds);
}

export function clock(milliseconds) {
  return isNumber(milliseconds) ? new Intl.DateTimeFormat(locale(), { timeStyle: "medium" }).format(milliseconds) : NOTHING;
}

/** The name of an hour or a day as the ledger writes it, short enough for an axis. */
export function stamp(text, isDay) {
  const time = new Date(isDay ? `${text}T00:00` : text);
  if (Number.isNaN(time.getTime())) return String(text);
  const options = isDay ? { month: "short", day: "numeric" } : { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" };
  return new Intl.DateTimeFormat(locale(), options).format(time);
}

export const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone ?? "UTC";
