// Charts as SVG, each with its values as a table below.

import { h, svg, table } from "/assets/dom.js";
import { t } from "/assets/i18n.js";

const HEIGHT = 190;
const EDGE = { top: 12, right: 14, bottom: 26, left: 64 };

/** The width of the last chart, with which the next is drawn before its own width is known. */
let known = 640;

/**
 * Lines over labels. A series has `name` and `values`, with `null` where there is no value. `format` writes a value.
 * `note` says what is shown where the title does not.
 */
export function lineChart(title, labels, series, { format, key = title, note = null }) {
  const place = h("div", { class: "plot" });
  const draw = (width) => place.replaceChildren(plot(title, labels, series, format, width));
  draw(known);
  new ResizeObserver(([entry]) => {
    const width = Math.round(entry.contentRect.width);
    if (width < 1 || width === Number(place.firstChild?.getAttribute("width"))) return;
    known = width;
    draw(width);
  }).observe(place);
  const legend = series.length > 1 && h("ul", { class: "legend" }, series.map((one, number) => h("li", {}, swatch(number), one.name)));
  return h("figure", { class: "chart" }, h("figcaption", {}, title), note && h("p", { class: "muted" }, note), legend, place, values(title, labels, series, format, key));
}

function swatch(number) {
  return svg("svg", { width: 24, height: 10, "aria-hidden": "true" }, svg("line", { x1: 0, x2: 24, y1: 5, y2: 5, class: `line s${number % 6}` }));
}

/** The table is made when it is opened. */
function values(title, labels, series, format, key) {
  const details = h("details", { "data-key": `chart:${key}` }, h("summary", {}, t("chart.table")));
  details.addEventListener("toggle", () => {
    if (!details.open || details.childElementCount > 1) return;
    const columns = [
      { title: t("chart.time"), cell: (row) => labels[row] },
      ...series.map((one) => ({ title: one.name, isNumber: true, cell: (row) => format(one.values[row]) })),
    ];
    details.append(table(title, columns, labels.map((_, row) => row), { key: `values:${key}` }));
  });
  return details;
}

function plot(title, labels, series, format, width) {
  const numbers = series.flatMap((one) => one.values).filter((value) => value !== null);
  const top = ceiling(Math.max(0, ...numbers));
  const right = Math.max(EDGE.left + 1, width - EDGE.right);
  const x = (row) => EDGE.left + (labels.length > 1 ? (row / (labels.length - 1)) * (right - EDGE.left) : (right - EDGE.left) / 2);
  const y = (value) => HEIGHT - EDGE.bottom - (value / top) * (HEIGHT - EDGE.top - EDGE.bottom);
  const ticks = [0, top / 2, top].flatMap((value) => [
    svg("line", { x1: EDGE.left, x2: right, y1: y(value), y2: y(value), class: "grid" }),
    svg("text", { x: EDGE.left - 6, y: y(value) + 4, "text-anchor": "end" }, format(value)),
  ]);
  const times = marks(labels.length, width).map(([row, anchor]) =>
    svg("text", { x: x(row), y: HEIGHT - 8, "text-anchor": anchor }, labels[row]));
  const lines = series.map((one, number) => line(one.values, x, y, number));
  const attributes = { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": summary(title, series, format) };
  return svg("svg", attributes, ticks, times, lines);
}

/** Rows whose labels are written. */
function marks(count, width) {
  if (count === 0) return [];
  if (count === 1) return [[0, "middle"]];
  const ends = [[0, "start"], [count - 1, "end"]];
  return count > 2 && width > 480 ? [ends[0], [Math.floor((count - 1) / 2), "middle"], ends[1]] : ends;
}

/** A gap in the values is one in the line, and a value alone is a dot. */
function line(values, x, y, number) {
  const runs = [];
  values.forEach((value, row) => {
    if (value === null) return;
    if (row > 0 && values[row - 1] !== null) runs.at(-1).push(row);
    else runs.push([row]);
  });
  const points = (run) => run.map((row) => `${x(row).toFixed(1)},${y(values[row]).toFixed(1)}`).join(" ");
  return runs.map((run) =>
    run.length > 1
      ? svg("polyline", { points: points(run), class: `line s${number % 6}` })
      : svg("circle", { cx: x(run[0]), cy: y(values[run[0]]), r: 3, class: `dot s${number % 6}` }));
}

/** The next number with one digit that is 1, 2 or 5. */
function ceiling(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return power * [1, 2, 5, 10].find((step) => step * power >= value * (1 - 1e-9));
}

function summary(title, series, format) {
  const parts = series.map((one) => {
    const numbers = one.values.filter((value) => value !== null);
    if (numbers.length === 0) return t("chart.empty", { name: one.name });
    return t("chart.series", { name: one.name, last: format(numbers.at(-1)), most: format(Math.max(...numbers)) });
  });
  return [title, ...parts].join(". ");
}

/** A bar as long as a share from 0 to 1, beside the value that it shows. */
export function bar(share) {
  const width = Math.max(0, Math.min(1, share || 0)) * 100;
  return svg("svg", { class: "bar", viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" }, svg("rect", { width, height: 8 }));
}
