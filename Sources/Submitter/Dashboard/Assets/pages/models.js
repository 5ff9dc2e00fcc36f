// The models that can be asked, with what they cost and can do.

import { get, told } from "/assets/api.js";
import { complaint, field, h, table, update } from "/assets/dom.js";
import { money, NOTHING, whole } from "/assets/format.js";
import { t } from "/assets/i18n.js";

export async function show({ root, signal }) {
  const list = h("div", { "aria-busy": "true" }, h("p", { class: "muted" }, t("loading")));
  const wanted = h("input", { type: "search", name: "filter" });
  update(root, h("div", { class: "row" }, field(t("models.filter"), wanted)), h("p", { class: "muted" }, t("models.note")), list);
  try {
    const models = (await get("/api/v1/models", { signal })).data;
    const draw = () => update(list, view(models.filter((model) => fits(model, wanted.value))));
    wanted.addEventListener("input", draw);
    draw();
  } catch (error) {
    const message = told(error);
    if (message) update(list, complaint(message));
  }
  list.removeAttribute("aria-busy");
}

function fits(model, text) {
  const words = [model.id, model.name, model.provider, ...model.aliases].join("\n").toLowerCase();
  return text.toLowerCase().split(/\s+/).every((word) => words.includes(word));
}

function view(models) {
  const price = (name) => ({ title: t(`models.${name}`), isNumber: true, cell: (row) => money(row[`${name}_price`], row.currency) });
  return table(t("models.all"), [
    { title: t("models.model"), cell: (row) => [row.id, row.aliases.length > 0 && h("span", { class: "muted block" }, row.aliases.join(", "))] },
    { title: t("models.platform"), cell: (row) => row.provider },
    price("input"), price("cached_input"), price("cache_write"), price("output"),
    { title: t("models.context"), isNumber: true, cell: (row) => whole(row.context_tokens) },
    { title: t("models.answer"), isNumber: true, cell: (row) => whole(row.max_tokens) },
    { title: t("models.priority"), isNumber: true, cell: (row) => whole(row.priority) },
    { title: t("models.abilities"), cell: abilities },
  ], models, { key: "models" });
}

function abilities(row) {
  const named = Object.entries(row.capabilities).filter(([, can]) => can).map(([name]) => name);
  return named.length ? named.join(", ") : NOTHING;
}
