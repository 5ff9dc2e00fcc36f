"""Anthropic's Messages API: checks as the newest version does, answers in blocks and named events."""

import json

from .anthropic_messages import read_messages, read_system, read_tools
from .checks import anything, boolean, fields, integer, number, obj, one_of, text, texts
from .openai import BUSY
from .openai_messages import require
from .scenarios import Ask
from .wire import Failure, Refused, Wire

STOPS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}
VERSIONS = ("2023-06-01", "2026-10-21")


def error(type, message, **more):
    return {"type": "error", "error": {"type": type, "message": message, **more}, "request_id": "req_011C"}


def failure(name, kind, status, type, message, headers=(), **more):
    return Failure(name, kind, status, error(type, message, **more), headers=(("request-id", "req_011C"), *headers))


class Anthropic(Wire):
    name, provider, key = "anthropic", "anthropic", "sk-ant-api03-conformance0123456789"
    model = reasoning_model = vision_model = "claude-haiku-5-5"
    prefill_model = "claude-haiku-4-5"
    words = ("anthropic", "claude")
    lacks = {
        "seed": "no counterpart", "embeddings": "Anthropic has none"}
    # The newest models and the newest version take none. The older version does, for older models.
    may_lack = {"json_object": "only JSON schemas", "temperature": "refused by the newest models",
        "top_p": "refused by the newest models"}
    silent = {"temperature": "dropped: the newest models refuse it", "top_p": "dropped: the newest models refuse it"}

    def authenticate(self, call):
        key, bearer = call.headers.get("x-api-key"), call.bearer
        if self.key not in (key, bearer) or {key, bearer} - {None, self.key}:
            raise Refused("neither x-api-key nor Authorization hold the key", failure(
                "key", "authentication", 401, "authentication_error", "invalid x-api-key"))
        if call.headers.get("anthropic-version") not in VERSIONS:
            raise Refused(f"anthropic-version {call.headers.get('anthropic-version')!r}")
        if call.method == "POST" and call.headers.get("content-type", "").split(";")[0] != "application/json":
            raise Refused("Content-Type is not application/json")

    def invalid(self, problem):
        return failure("invalid", "invalid_request", 400, "invalid_request_error", problem)

    async def other(self, call):
        if call.method == "GET" and call.path == "/v1/models":
            self.authenticate(call)
            await call.send({"data": [{"type": "model", "id": self.model}], "has_more": False})
        elif call.path == "/v1/messages/count_tokens":
            self.authenticate(call)
            await call.send({"input_tokens": 9})
        else:
            return False
        return True

    def read(self, call):
        require(call.method == "POST" and call.path == "/v1/messages", f"no such path: {call.method} {call.target}")
        body = json.loads(call.raw)
        sampling = {"temperature": number(0, 1), "top_p": number(0, 1), "top_k": integer(0)}
        if call.headers["anthropic-version"] == "2026-10-21" or body.get("model") == self.model:
            # Models from 4.7 on take their defaults only, and the new version not even these.
            sampling = {}
        for problem in fields("", body, {"model": one_of(*self.models.values()), "messages": anything,
            "max_tokens": integer(1, 128_000)}, {
                "system": anything, "stream": boolean, "stop_sequences": texts(8191), "tools": anything, "tool_choice": anything,
                "metadata": obj({}, {"user_id": text(1, 256)}), "thinking": anything,
                "service_tier": one_of("auto", "standard_only"),
                "output_config": obj({}, {
                    "effort": one_of("low", "medium", "high", "xhigh", "max"),
                    "format": obj({"type": one_of("json_schema"), "schema": anything})}), **sampling}):
            raise Refused(problem)
        require(all(stop.strip() for stop in body.get("stop_sequences", [])), "stop_sequences: only whitespace")
        config = body.get("output_config", {})
        ask = Ask(
            model=body["model"], turns=read_messages(body["messages"]), system=read_system(body.get("system")),
            stream=body.get("stream", False), stop=body.get("stop_sequences", []), max_tokens=body["max_tokens"],
            effort=config.get("effort"), json=config.get("format", {}).get("schema"),
            user=body.get("metadata", {}).get("user_id"),
            tools=read_tools(body.get("tools", [])), raw=body)
        require(ask.turns[-1].role != "assistant" or ask.model == self.prefill_model,
            "this model does not take a prefilled answer")
        last = body["messages"][-1]["content"]
        last = last if isinstance(last, str) else last[-1].get("text", "")
        require(ask.turns[-1].role != "assistant" or last == last.rstrip(),
            "final assistant content cannot end with trailing whitespace")
        self._read_choice(body, ask)
        self._read_thinking(body, ask)
        return ask

    def _read_choice(self, body, ask):
        choice = body.get("tool_choice")
        if choice is None:
            return
        require(ask.tools, "tool_choice may only be specified while providing tools")
        kind = choice.get("type")
        known = {"type": one_of("auto", "any", "none", "tool")}
        if kind == "tool":
            known["name"] = one_of(*[tool[0] for tool in ask.tools])
        optional = {} if kind == "none" else {"disable_parallel_tool_use": boolean}
        for problem in fields("tool_choice", choice, known, optional):
            raise Refused(problem)
        ask.choice = {"any": "required", "tool": ("named", choice.get("name"))}.get(kind, kind)
        ask.parallel = not choice.get("disable_parallel_tool_use", False)

    def _read_thinking(self, body, ask):
        thinking = body.get("thinking")
        if thinking is None:
            return
        for problem in fields("thinking", thinking, {"type": one_of("adaptive", "disabled", "between_tools")}, {
                "display": one_of("summarized", "omitted")}):
            raise Refused(problem)
        ask.thinking = thinking["type"] != "disabled"
        forced = ask.choice == "required" or isinstance(ask.choice, tuple)
        require(not (ask.thinking and forced), "Thinking may not be enabled when tool_choice forces tool use.")

    def thinks(self, ask):
        return ask.thinking is True

    # MARK: answers

    def reply_headers(self, ask):
        return (("request-id", "req_1"), ("anthropic-ratelimit-requests-remaining", "99"))

    def _usage(self, usage):
        # Tokens that are read from the cache or written to it are not in input_tokens.
        written = 4
        return {"input_tokens": usage.input - usage.cached - written, "cache_creation_input_tokens": written,
                "cache_read_input_tokens": usage.cached, "output_tokens": usage.output, "service_tier": "standard"}

    def _message(self, ask, **more):
        return {"id": "msg_01", "type": "message", "role": "assistant", "model": ask.model, **more}

    def _stop(self, ask, reply):
        if ask.scenario == "stop" and ask.stop:
            return {"stop_reason": "stop_sequence", "stop_sequence": ask.stop[0]}
        return {"stop_reason": STOPS[reply.finish], "stop_sequence": None}

    def whole(self, ask, reply):
        content = []
        if reply.thought:
            content.append({"type": "thinking", "thinking": reply.thought, "signature": "EqQB=="})
        if reply.text:
            content.append({"type": "text", "text": reply.text})
        content += [{"type": "tool_use", "id": f"toolu_{id}", "name": name, "input": arguments}
            for id, name, arguments in reply.calls]
        return self._message(ask, content=content, **self._stop(ask, reply), stop_details=None, usage=self._usage(reply.usage))

    @staticmethod
    def event(type, **more):
        data = json.dumps({"type": type, **more}, ensure_ascii=False, separators=(",", ":"))
        return f"event: {type}\ndata: {data}\n\n".encode()

    def events(self, ask, reply):
        usage = self._usage(reply.usage) | {"output_tokens": 1}
        yield self.event("message_start", message=self._message(ask, content=[], stop_reason=None, stop_sequence=None,
            usage=usage))
        yield self.event("ping")
        yield self.event("an_event_of_tomorrow", data=[1])
        index = 0
        for block, deltas in self._blocks(reply):
            yield self.event("content_block_start", index=index, content_block=block)
            for delta in deltas:
                yield self.event("content_block_delta", index=index, delta=delta)
            yield self.event("content_block_stop", index=index)
            index += 1

    @staticmethod
    def _blocks(reply):
        if reply.thought:
            deltas = [{"type": "thinking_delta", "thinking": piece} for piece in reply.thought_pieces]
            yield {"type": "thinking", "thinking": "", "signature": ""}, [*deltas,
                {"type": "signature_delta", "signature": "EqQB=="}]
        if reply.text:
            yield {"type": "text", "text": ""}, [{"type": "text_delta", "text": piece} for piece in reply.text_pieces]
        for id, name, arguments in reply.calls:
            written = json.dumps(arguments, ensure_ascii=False) if arguments else ""
            pieces = ["", *(written[start:start + 5] for start in range(0, len(written), 5))]
            block = {"type": "tool_use", "id": f"toolu_{id}", "name": name, "input": {}}
            yield block, [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]

    def end(self, ask, reply):
        yield self.event("message_delta", delta=self._stop(ask, reply), usage={"output_tokens": reply.usage.output})
        yield self.event("message_stop")

    def stream_error(self):
        return self.event("error", error={"type": "overloaded_error", "message": "Overloaded"})

    failures = [
        failure("invalid", "invalid_request", 400, "invalid_request_error", "messages.0: bad"),
        failure("credit", "quota_exhausted", 400, "invalid_request_error",
                "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing."),
        failure("spend", "quota_exhausted", 400, "invalid_request_error",
                "You have reached your specified API usage limits. You will regain access on 2026-12-01."),
        failure("hold", "authentication|quota_exhausted", 400, "invalid_request_error", "This organization has been disabled."),
        failure("context", "context_too_long", 400, "invalid_request_error",
            "prompt is too long: 210000 tokens > 200000 maximum"),
        failure("body", "context_too_long", 413, "request_too_large", "Request exceeds the maximum size"),
        failure("blocked", "content_filtered", 400, "invalid_request_error", "Output blocked by content filtering policy"),
        failure("key", "authentication", 401, "authentication_error", "invalid x-api-key"),
        failure("billing", "quota_exhausted", 402, "billing_error", "There is an issue with your billing."),
        failure("permission", "authentication", 403, "permission_error", "Your API key lacks permission."),
        failure("model", "model_not_found|invalid_request", 404, "not_found_error", "model: claude-x"),
        failure("rate", "rate_limited", 429, "rate_limit_error",
                "This request would exceed your rate limit.", (("retry-after", "1"),)),
        failure("contract", "quota_exhausted", 429, "rate_limit_error", "limit",
                details={"error_code": "contract_spend_limit_reached"}),
        failure("server", BUSY, 500, "api_error", "Internal server error"),
        failure("overloaded", BUSY, 529, "overloaded_error", "Overloaded"),
        Failure("edge", BUSY, 502, b"<html>502</html>", "text/html"),
        Failure("inside_200", BUSY, 200, error("overloaded_error", "Overloaded")),
    ]
