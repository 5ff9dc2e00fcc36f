// Making elements. Texts become text nodes, so that nothing that the service says is taken for HTML.

import { t } from "/assets/i18n.js";

/**
 * An element with attributes and children. An attribute that is a function listens to the event of its name, `true`
 * stands for an attribute without a value, and `null` or `false` for none. Children that are no elements are texts.
 */
export function h(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name, value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/**
 * Puts other children in place of those that `root` has. What had the focus has it afterwards, and what was open or
 * scrolled stays so, by `data-key`.
 */
export function update(root, ...children) {
  const focused = root.contains(document.activeElement) ? document.activeElement.closest("[data-key]")?.dataset.key : null;
  const open = new Set([...root.querySelectorAll("details[open][data-key]")].map((one) => one.dataset.key));
  const scrolled = new Map([...root.querySelectorAll(".scroll[data-key]")].map((one) => [one.dataset.key, one.scrollLeft]));
  root.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  for (const one of root.querySelectorAll("details[data-key]")) if (open.has(one.dataset.key)) one.open = true;
  for (const one of root.querySelectorAll(".scroll[data-key]")) one.scrollLeft = scrolled.get(one.dataset.key) ?? 0;
  if (focused) root.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

/**
 * A table that scrolls by itself where the page is narrow. A column has `title`, `cell(row)`, and `isNumber` where its
 * values stand at the right. The first column names the row.
 */
export function table(caption, columns, rows, { key = caption, empty = t("none") } = {}) {
  const head = h("tr", {}, columns.map((one) => h("th", { scope: "col", class: one.isNumber ? "number" : null }, one.title)));
  const body = rows.map((row) => h("tr", {}, columns.map((one, place) => cell(one, row, place))));
  const nothing = h("tr", {}, h("td", { colspan: columns.length, class: "muted" }, empty));
  return h(
    "div", { class: "scroll", tabindex: 0, role: "group", "aria-label": caption, "data-key": `table:${key}` },
    h("table", {}, h("caption", {}, caption), h("thead", {}, head), h("tbody", {}, rows.length ? body : nothing)));
}

function cell(column, row, place) {
  const attributes = { class: column.isNumber ? "number" : null };
  return place === 0 ? h("th", { scope: "row", ...attributes }, column.cell(row)) : h("td", attributes, column.cell(row));
}

/** Names and their values. */
export function facts(pairs) {
  return h("dl", { class: "facts" }, pairs.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

/** A figure with its name, and perhaps a note below. */
export function tile(name, value, note = null) {
  return h("div", { class: "tile" }, h("dt", {}, name), h("dd", {}, h("span", { class: "value" }, value), note && h("span", { class: "muted" }, note)));
}

export function tiles(...children) {
  return h("dl", { class: "tiles" }, children);
}

/** A word with a colour. `tone`: ok, warn, bad or plain. */
export function chip(text, tone = "plain") {
  return h("span", { class: `chip ${tone}` }, text);
}

export function button(text, act, { key = null, kind = "", label = null, disabled = false } = {}) {
  return h("button", { type: "button", class: kind || null, click: act, "data-key": key, "aria-label": label, disabled }, text);
}

/** A labelled field of a form. */
export function field(label, input) {
  return h("label", { class: "field" }, h("span", {}, label), input);
}

export function select(name, choices, chosen) {
  return h("select", { name }, choices.map(([value, text]) => h("option", { value, selected: value === chosen }, text)));
}

/** What went wrong, said at once by screen readers. */
export function complaint(text) {
  return h("p", { class: "complaint", role: "alert" }, text);
}

/**
 * Asks a person in a dialog, and returns the values of its fields by their names, or `null` where it was closed.
 * A field is `{name, label, type, value, required, choices}`.
 */
export function ask(title, text, fields, action) {
  return new Promise((resolve) => {
    const inputs = fields.map((one) => field(one.label, inputOf(one)));
    const form = h(
      "form", {
        submit: (event) => {
          event.preventDefault();
          const values = Object.fromEntries(new FormData(form));
          dialog.close();
          resolve(values);
        },
      },
      h("h2", { id: "dialog-title" }, title), text && h("p", {}, text), inputs,
      h("div", { class: "row" }, h("button", { class: "primary", type: "submit" }, action), button(t("close"), () => dialog.close())));
    const dialog = h("dialog", { "aria-labelledby": "dialog-title", close: () => { dialog.remove(); resolve(null); } }, form);
    document.body.append(dialog);
    dialog.showModal();
  });
}

function inputOf(one) {
  if (one.choices) return select(one.name, one.choices, one.value);
  return h("input", { name: one.name, type: one.type ?? "text", value: one.value ?? "", required: one.required, maxlength: one.type ? null : 1000 });
}
