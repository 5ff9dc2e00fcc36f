// A conversation with any model, by the same path that every caller takes.

import { get, stream, told } from "/assets/api.js";
import { button, complaint, field, h, update } from "/assets/dom.js";
import { duration, whole } from "/assets/format.js";
import { t } from "/assets/i18n.js";
import { events } from "/assets/sse.js";

/** What was said, as long as the page stands: nothing of it is kept by the browser. */
let history = [];

export async function show({ root, signal }) {
  const page = { signal, talk: h("div", { class: "talk" }), state: h("div", { role: "status", class: "muted" }), running: null };
  const models = h("datalist", { id: "models" });
  const form = h("form", { submit: (event) => { event.preventDefault(); send(page, new FormData(form)); } },
    h("div", { class: "filters" },
      field(t("play.model"), h("input", { name: "model", list: "models", required: true, autocomplete: "off", maxlength: 200 })),
      field(t("play.temperature"), h("input", { name: "temperature", type: "number", min: 0, max: 2, step: 0.1 })),
      field(t("play.most"), h("input", { name: "max", type: "number", min: 1, step: 1 }))),
    field(t("play.system"), h("textarea", { name: "system", rows: 2 })),
    field(t("play.message"), h("textarea", { name: "message", rows: 4, required: true, keydown: sendByKey })),
    h("div", { class: "row" }, h("button", { class: "primary", type: "submit", "data-key": "send" }, t("play.send")),
      button(t("play.stop"), () => page.running?.abort(), { key: "stop" }),
      button(t("play.fresh"), () => { page.running?.abort(); history = []; draw(page); }, { key: "fresh" })),
    h("p", { class: "muted" }, t("play.note")));
  update(root, models, page.talk, page.state, form);
  page.form = form;
  signal.addEventListener("abort", () => page.running?.abort(), { once: true });
  draw(page);
  try {
    const list = (await get("/v1/models", { signal })).data;
    update(models, list.map((model) => h("option", { value: model.id })));
    if (list.length && !form.elements.model.value) form.elements.model.value = (list.find((one) => one.id === "sandbox") ?? list[0]).id;
  } catch (error) {
    const message = told(error);
    if (message) root.prepend(complaint(message));
  }
}

/** Enter sends with Control or Command, and alone it begins a line, as in every field. */
function sendByKey(event) {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.target.form.requestSubmit();
}

function draw(page) {
  update(page.talk, history.map(turn));
}

function turn(one) {
  return h("article", { class: `turn ${one.role}` }, h("h2", {}, t(`play.${one.role}`)), one.body ?? h("pre", { class: "answer", role: "group", tabindex: 0, "aria-label": t(`play.${one.role}`) }, one.content), one.note);
}

async function send(page, given) {
  page.running?.abort();
  const running = new AbortController();
  page.running = running;
  history.push({ role: "user", content: given.get("message") });
  const answer = { role: "assistant", content: "", thoughts: "", isWhole: false };
  const text = h("pre", { class: "answer", role: "group", tabindex: 0, "aria-label": t("play.assistant") });
  const thoughts = h("pre", { class: "thoughts", hidden: true });
  draw(page);
  page.talk.append(turn({ role: "assistant", body: [thoughts, text] }));
  page.form.elements.message.value = "";
  page.state.textContent = t("job.waiting");
  const began = performance.now();
  try {
    const reply = await stream("POST", "/v1/chat/completions", { body: body(given), signal: running.signal });
    const seen = { job: reply.headers.get("x-job-id"), first: null, usage: null };
    await read(reply, answer, seen, page, { text, thoughts, began });
    answer.note = note(seen, performance.now() - began);
    page.state.textContent = answer.isWhole ? t("play.done") : page.state.textContent;
  } catch (error) {
    failed(error, page);
  }
  if (answer.content) history.push(answer);
  if (page.running === running) draw(page);
}

function body(given) {
  const messages = history.filter((one) => one.content).map(({ role, content }) => ({ role, content }));
  const system = given.get("system").trim();
  if (system) messages.unshift({ role: "system", content: system });
  const request = { model: given.get("model").trim(), messages, stream: true, stream_options: { include_usage: true } };
  if (given.get("temperature") !== "") request.temperature = Number(given.get("temperature"));
  if (given.get("max") !== "") request.max_tokens = Number(given.get("max"));
  return request;
}

async function read(reply, answer, seen, page, { text, thoughts, began }) {
  for await (const event of events(reply)) {
    if (event.comment) { if (event.comment !== "ping") page.state.textContent = event.comment; continue; }
    if (event.event === "restart") {
      answer.content = "";
      text.textContent = "";
      continue;
    }
    if (event.data === "[DONE]") { answer.isWhole = true; return; }
    const chunk = JSON.parse(event.data);
    if (chunk.error) return update(page.state, complaint(chunk.error.message));
    seen.usage = chunk.usage ?? seen.usage;
    const { content, reasoning_content: thought } = chunk.choices?.[0]?.delta ?? {};
    if (!content && !thought) continue;
    seen.first ??= performance.now() - began;
    page.state.textContent = t("job.running");
    if (thought) { thoughts.hidden = false; thoughts.append(thought); }
    if (content) { answer.content += content; text.append(content); }
  }
}

function note({ job, first, usage }, time) {
  const parts = [
    first !== null && t("play.first", { time: duration(first) }), t("play.time", { time: duration(time) }),
    usage && t("overview.inout", { in: whole(usage.prompt_tokens), out: whole(usage.completion_tokens) }),
  ].filter(Boolean).join(" · ");
  return h("p", { class: "muted" }, parts, " ", job && h("a", { href: `#/jobs/${encodeURIComponent(job)}` }, t("play.job")));
}

/** A stop by hand is no failure. */
function failed(error, page) {
  if (error.name === "AbortError") page.state.textContent = t("play.stopped");
  else update(page.state, complaint(told(error)));
}
