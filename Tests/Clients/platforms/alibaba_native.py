"""Alibaba's DashScope in its own shape: `input` and `parameters`, and events whose comment holds the real status."""

import json

from .checks import anything, array_of, boolean, fields, integer, number, obj, one_of, text, text_or_texts
from .openai import BUSY
from .openai_answers import vector
from .openai_messages import Rules, read_messages, read_tools, require
from .scenarios import Ask
from .wire import Failure, Refused, Wire

TEXT_PATH = "/services/aigc/text-generation/generation"
PICTURE_PATH = "/services/aigc/multimodal-generation/generation"
EMBEDDING_PATH = "/services/embeddings/text-embedding/text-embedding"
RULES = Rules(roles=("system", "user", "assistant", "tool"))


def error(code, message):
    return {"code": code, "message": message, "request_id": "902fee3b-f7f0-9a8c-96a1-6b4ea25af114"}


PARAMETERS = {
    "result_format": one_of("message", "text"), "incremental_output": boolean, "temperature": number(0, 2, below=True),
    "top_p": number(0, 1, above=True), "top_k": integer(0, 100), "repetition_penalty": number(0, 100, above=True),
    "presence_penalty": number(-2, 2), "max_tokens": integer(1, 131072), "seed": integer(0, 1 << 63),
    "stop": text_or_texts(16), "tools": anything, "tool_choice": anything, "parallel_tool_calls": boolean,
    "response_format": obj({"type": one_of("json_object", "text")}), "enable_thinking": boolean,
    "thinking_budget": integer(1, 131072),
    "enable_search": boolean, "search_options": anything, "n": integer(1, 4), "logprobs": boolean, "top_logprobs": integer(0, 5)}


class AlibabaNative(Wire):
    name, provider, key, prefix = "alibaba/native", "alibaba", "sk-conformancenative0123456789", "/api/v1"
    model, vision_model, reasoning_model, embedding_model = "qwen-plus", "qwen-vl-max", "qwen-plus", "text-embedding-v4"
    max_inputs = 10
    words = ("alibaba", "dashscope", "qwen")
    lacks = {
        "tool_choice_required": "DashScope knows none, auto and a name", "json_schema": "DashScope knows only json_object"}
    may_lack = {"user": "no counterpart"}
    stream_type = "text/event-stream;charset=UTF-8"

    def authenticate(self, call):
        if call.bearer != self.key:
            raise Refused("Authorization is not 'Bearer' and the key",
                self._failure(401, "InvalidApiKey", "Invalid API-key provided."))
        if call.headers.get("content-type", "").split(";")[0] != "application/json" and call.method == "POST":
            raise Refused("Content-Type is not application/json")

    def _failure(self, status, code, message):
        return Failure(code, "", status, error(code, message))

    def invalid(self, problem):
        return self._failure(400, "InvalidParameter", problem)

    async def other(self, call):
        # The key is proven at the twin, which has a free list of models.
        if call.method == "GET" and call.path == "/compatible-mode/v1/models":
            self.authenticate(call)
            await call.send({"object": "list", "data": []})
            return True
        return False

    def read(self, call):
        path = call.path.removeprefix(self.prefix)
        require(call.method == "POST" and call.path.startswith(self.prefix), f"no such path: {call.method} {call.path}")
        body = json.loads(call.raw)
        if path == EMBEDDING_PATH:
            return self._read_embeddings(body)
        require(path in (TEXT_PATH, PICTURE_PATH), f"no such path: {call.path}")
        for problem in fields("", body, {"model": one_of(*self.models.values()), "input": obj({"messages": anything})}, {
                "parameters": lambda value: "; ".join(fields("", value, {}, PARAMETERS)) or None}):
            raise Refused(problem)
        sees = body["model"] == self.vision_model
        require(sees == (path == PICTURE_PATH), "url error, please check url！")
        parameters = body.get("parameters", {})
        require(parameters.get("result_format") == "message", "result_format must be 'message' for tools and roles")
        switch = call.headers.get("x-dashscope-sse")
        require(switch in (None, "enable", "disable"), f"X-DashScope-SSE {switch!r}")
        messages = body["input"]["messages"]
        system, turns = read_messages(openai_parts(messages) if sees else messages, RULES, sees)
        require(not sees or all(isinstance(m["content"], (list, type(None))) for m in messages),
            "content must be a list of parts")
        stop = parameters.get("stop", [])
        ask = Ask(
            model=body["model"], turns=turns, system=system, stream=switch == "enable",
            stop=[stop] if isinstance(stop, str) else stop, max_tokens=parameters.get("max_tokens"),
            temperature=parameters.get("temperature"), top_p=parameters.get("top_p"), seed=parameters.get("seed"),
            parallel=parameters.get("parallel_tool_calls"), thinking=parameters.get("enable_thinking"),
            budget=parameters.get("thinking_budget"), raw=body)
        if ask.stream:
            require("text/event-stream" in call.headers.get("accept", "text/event-stream") or "*/*" in call.headers["accept"],
                "Accept")
        if parameters.get("response_format", {}).get("type") == "json_object":
            require("json" in json.dumps(messages).lower(), "'messages' must contain the word 'json' in some form")
            require(not ask.thinking, "Json mode response is not supported when enable_thinking is true")
            ask.json = "object"
        self._read_tools(parameters, ask)
        return ask

    def _read_tools(self, parameters, ask):
        if "tools" in parameters:
            ask.tools = read_tools(parameters["tools"])
        choice = parameters.get("tool_choice")
        if isinstance(choice, dict):
            problem = obj({"type": one_of("function"), "function": obj({"name": one_of(*[tool[0] for tool in ask.tools])})})(
                choice)
            require(not problem, f"tool_choice {problem}")
            require(not ask.thinking, "tool_choice cannot be an object in thinking mode")
            choice = ("named", choice["function"]["name"])
        else:
            require(choice in (None, "none", "auto"), f"tool_choice {choice!r} is one that should be in ['none', 'auto']")
        require(choice is None or ask.tools, "tool_choice only with tools")
        ask.choice = choice

    def _read_embeddings(self, body):
        for problem in fields("", body, {
                "model": one_of(self.embedding_model), "input": obj({"texts": array_of(text(1), 1, self.max_inputs)})}, {
                "parameters": obj({}, {"dimension": integer(64, 2048), "text_type": one_of("query", "document"),
                                       "output_type": one_of("dense", "sparse", "dense&sparse")})}):
            raise Refused(problem)
        return Ask(model=body["model"], turns=[], texts=body["input"]["texts"], raw=body,
                   dimensions=body.get("parameters", {}).get("dimension"))

    def thinks(self, ask):
        return ask.thinking is True

    # MARK: answers

    def _usage(self, usage):
        return {"input_tokens": usage.input, "output_tokens": usage.output, "total_tokens": usage.total,
                "output_tokens_details": {"reasoning_tokens": usage.reasoning},
                "prompt_tokens_details": {"cached_tokens": usage.cached}}

    def _answer(self, ask, usage, finish, **message):
        if ask.model == self.vision_model:
            message["content"] = [{"text": message["content"]}] if message["content"] else []
        choice = {"finish_reason": finish, "message": {"role": "assistant", **message}}
        return {"output": {"choices": [choice]}, "usage": self._usage(usage), "request_id": "902fee3b"}

    @staticmethod
    def _call(index, id, name, arguments):
        return {"index": index, "id": id, "type": "function", "function": {"name": name, "arguments": arguments}}

    def whole(self, ask, reply):
        more = {"reasoning_content": reply.thought} if reply.thought else {}
        if reply.calls:
            more["tool_calls"] = [
                self._call(index, id, name, json.dumps(arguments, ensure_ascii=False))
                for index, (id, name, arguments) in enumerate(reply.calls)]
        return self._answer(ask, reply.usage, self._finish(reply), content=reply.text, **more)

    @staticmethod
    def _finish(reply):
        return {"content_filter": "content_filter"}.get(reply.finish, reply.finish)

    def _event(self, value, kind="result", status=200):
        data = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return f"id:1\nevent:{kind}\n:HTTP_STATUS/{status}\ndata:{data}\n\n".encode()

    def events(self, ask, reply):
        growing = not ask.raw["parameters"].get("incremental_output", False)
        usage, said, thought = reply.usage, "", ""
        for piece in reply.thought_pieces:
            thought = thought + piece if growing else piece
            yield self._event(self._answer(ask, usage, "null", content="", reasoning_content=thought))
        for piece in reply.text_pieces:
            said = said + piece if growing else piece
            yield self._event(self._answer(ask, usage, "null", content=said, reasoning_content=thought if growing else ""))
        for index, (id, name, arguments) in enumerate(reply.calls):
            written = json.dumps(arguments, ensure_ascii=False)
            for start in range(0, len(written), 5):
                known = (id, name) if start == 0 or growing else ("", "")
                part = written[:start + 5] if growing else written[start:start + 5]
                yield self._event(self._answer(
                    ask, usage, "null", content=said if growing else "", tool_calls=[self._call(index, *known, part)]))

    def end(self, ask, reply):
        growing = not ask.raw["parameters"].get("incremental_output", False)
        yield self._event(self._answer(ask, reply.usage, self._finish(reply), content=reply.text if growing else ""))

    def stream_error(self):
        return self._event(error("InternalError.Algo", "An internal error has occurred."), "error", 500)

    def vectors(self, ask):
        found = [{"text_index": index, "embedding": vector(text, ask.dimensions)} for index, text in enumerate(ask.texts)]
        return {"output": {"embeddings": found}, "usage": {"total_tokens": sum(map(len, ask.texts))}, "request_id": "902fee3b"}

    async def send_failure(self, call, failure):
        """A stream fails inside: by an event `error` with the real status in a comment, or by status and the type of a stream."""
        if call.headers.get("x-dashscope-sse") != "enable" or failure.only_stream or not failure.name.endswith("_event"):
            return await super().send_failure(call, failure)
        await call.head(200, self.stream_type)
        statuses = {"invalid_request": 400, "content_filtered": 400, "rate_limited": 429}
        status = statuses.get(failure.kind, 500)
        await call.chunk(self._event(failure.body, "error", status))
        await call.finish()

    failures = [
        Failure("parameter", "invalid_request", 400, error("InvalidParameter", "temperature is out of range")),
        Failure("parameter_event", "invalid_request", 200, error("InvalidParameter", "temperature is out of range")),
        Failure("model_as_parameter", "model_not_found|invalid_request", 400, error("InvalidParameter", "Model not exist.")),
        Failure("context", "context_too_long", 400, error("InvalidParameter", "Range of input length should be [1, 129024]")),
        Failure("inspection", "content_filtered", 400, error("DataInspectionFailed",
            "Input data may contain inappropriate content.")),
        Failure("inspection_event", "content_filtered", 200, error("DataInspectionFailed",
            "Output may contain inappropriate content.")),
        Failure("arrears", "quota_exhausted", 400, error("Arrearage", "Access denied, your account is overdue.")),
        Failure("key", "authentication", 401, error("InvalidApiKey", "Invalid API-key provided.")),
        Failure("denied", "authentication|model_not_found", 403, error("Model.AccessDenied", "Model access denied.")),
        Failure("workspace", "authentication|model_not_found", 403, error("Workspace.AccessDenied", "Denied.")),
        Failure("free_tier", "quota_exhausted", 403, error("AllocationQuota.FreeTierOnly", "The free tier is exhausted.")),
        Failure("model", "model_not_found|invalid_request", 404, error("ModelNotFound", "Model can not be found.")),
        Failure("timeout", BUSY + "|timeout", 408, error("RequestTimeOut", "Request timed out.")),
        Failure("too_large", "context_too_long", 413, error("BadRequest.TooLarge", "Payload Too Large")),
        Failure("rate", "rate_limited", 429, error("Throttling.RateQuota", "Requests rate limit exceeded.")),
        Failure("rate_event", "rate_limited", 200, error("Throttling.RateQuota", "Requests rate limit exceeded.")),
        Failure("tokens_per_minute", "rate_limited", 429, error("Throttling.AllocationQuota", "Allocated quota exceeded.")),
        Failure("overdue", "quota_exhausted", 429, error("PostpaidBillOverdue", "Postpaid bill is overdue.")),
        Failure("internal", BUSY, 500, error("InternalError.Algo", "An internal error has occurred.")),
        Failure("internal_event", BUSY, 200, error("InternalError.Algo", "An internal error has occurred.")),
        Failure("unavailable", BUSY, 503, error("ModelUnavailable", "Model is unavailable.")),
    ]


def openai_parts(messages):
    """`{"image": …}` and `{"text": …}` without `type`, written as OpenAI's parts, so that the same rules read them."""
    def part(value):
        require(isinstance(value, dict) and len(value) == 1 and set(value) <= {"image", "text"}, f"content part {value}")
        [(kind, data)] = value.items()
        return {"type": "text", "text": data} if kind == "text" else {"type": "image_url", "image_url": {"url": data}}

    return [
        {**message, "content": [part(value) for value in message["content"]]} if isinstance(message.get("content"), list)
        else message
        for message in messages]
