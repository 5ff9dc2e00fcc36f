"""The part that platforms with OpenAI's wire share. Each one's own rules stand in its own file."""

import json

from .checks import anything, array_of, boolean, fields, integer, number, obj, one_of, text, text_or_texts
from .openai_answers import OpenAIAnswers
from .openai_messages import Rules, read_messages, read_tools, require
from .scenarios import Ask
from .wire import Failure, Refused

SCHEMA = obj({"name": text(1, 64), "schema": anything}, {"strict": boolean, "description": text()})


class OpenAIShaped(OpenAIAnswers):
    """`rules` and `optional` are what a platform's documents name. Everything else is refused."""

    rules = Rules()
    choices = ("none", "auto", "required", "named")
    formats = ("text", "json_object", "json_schema")
    json_word = False  # "json" must occur in the messages
    chat_path, embeddings_path, models_path = "/chat/completions", "/embeddings", "/models"
    bearer_starts = "sk-"
    max_inputs = 2048
    has_stream_options = True

    optional = {
        "max_tokens": integer(1, 131072), "temperature": number(0, 2), "top_p": number(0, 1),
        "stop": text_or_texts(4), "seed": integer(-(1 << 63), 1 << 63), "user": text(1),
        "presence_penalty": number(-2, 2), "frequency_penalty": number(-2, 2)}

    # MARK: who asks

    def authenticate(self, call):
        if call.bearer != self.key:
            raise Refused(f"Authorization is not 'Bearer' and the key: {call.headers.get('authorization')!r}",
                self.unauthorized())
        if call.method == "POST" and call.headers.get("content-type", "").split(";")[0].strip() != "application/json":
            raise Refused(f"Content-Type {call.headers.get('content-type')!r}")
        if "x-api-key" in call.headers:
            raise Refused("x-api-key is sent to a platform that does not know it")

    def unauthorized(self):
        return Failure("unauthorized", "authentication", 401, self.refusal("invalid_api_key", "Incorrect API key provided"))

    def refusal(self, code, message, type="invalid_request_error", param=None):
        return {"error": {"message": message, "type": type, "param": param, "code": code}}

    def invalid(self, problem):
        return Failure("invalid", "invalid_request", 400, self.refusal("invalid_value", problem))

    async def other(self, call):
        if call.method == "GET" and call.path == self.prefix + self.models_path:
            self.authenticate(call)
            await call.send({"object": "list", "data": [{"id": self.model, "object": "model", "created": 1}]})
            return True
        return False

    # MARK: what is asked

    def read(self, call):
        require(call.method == "POST", f"{call.method} {call.path}")
        try:
            body = json.loads(call.raw)
        except ValueError as error:
            raise Refused(f"the body is no JSON: {error}") from None
        if call.path == self.prefix + self.embeddings_path and self.embedding_model:
            return self.read_embeddings(body)
        require(call.path == self.prefix + self.chat_path, f"no such path: {call.path}")
        return self.read_chat(body)

    def table(self, body):
        """Rules of the optional fields, for this model."""
        shared = {
            "stream": boolean, "tools": anything, "tool_choice": anything, "parallel_tool_calls": boolean,
            "response_format": anything}
        if self.has_stream_options:
            shared["stream_options"] = obj({}, {"include_usage": boolean})
        return {**shared, **self.optional}

    def read_chat(self, body):
        for problem in fields("", body, {"model": text(1), "messages": anything}, self.table(body)):
            raise Refused(problem)
        model = body["model"]
        require(model in self.models.values(), f"model {model!r} is none of {sorted(set(self.models.values()))}")
        system, turns = read_messages(body["messages"], self.rules, model == (self.vision_model or self.model))
        stream = body.get("stream", False)
        require(stream or "stream_options" not in body, "stream_options only with stream")
        ask = Ask(
            model=model, turns=turns, system=system, stream=stream,
            usage_in_stream=bool(body.get("stream_options", {}).get("include_usage")),
            parallel=body.get("parallel_tool_calls"),
            max_tokens=body.get("max_completion_tokens", body.get("max_tokens")), temperature=body.get("temperature"),
            top_p=body.get("top_p"), seed=body.get("seed"), user=body.get("user"), raw=body)
        stop = body.get("stop", [])
        ask.stop = [stop] if isinstance(stop, str) else stop
        require(not ("max_tokens" in body and "max_completion_tokens" in body), "max_tokens and max_completion_tokens")
        self._read_tools(body, ask)
        ask.json = self._read_format(body)
        self.read_thinking(body, ask)
        return ask

    def _read_tools(self, body, ask):
        if "tools" in body:
            ask.tools = read_tools(body["tools"])
        require(ask.tools or not {"tool_choice", "parallel_tool_calls"} & set(body), "tool_choice only with tools")
        if "tool_choice" in body:
            ask.choice = self.read_choice(body["tool_choice"], body)
            require(not isinstance(ask.choice, tuple) or ask.choice[1] in [tool[0] for tool in ask.tools],
                "tool_choice names no tool")

    def read_choice(self, choice, body):
        if isinstance(choice, str):
            require(choice in self.choices, f"tool_choice {choice!r} is not supported")
            return choice
        problem = obj({"type": one_of("function"), "function": obj({"name": text(1)})})(choice)
        require(not problem and "named" in self.choices, f"tool_choice {problem or 'cannot name a function'}")
        return ("named", choice["function"]["name"])

    def _read_format(self, body):
        wanted = body.get("response_format")
        if wanted is None:
            return None
        kind = wanted.get("type") if isinstance(wanted, dict) else None
        require(kind in self.formats, f"response_format.type {kind!r} is none of {self.formats}")
        known = {"type": anything} | ({"json_schema": SCHEMA} if kind == "json_schema" else {})
        for problem in fields("response_format", wanted, known, {}):
            raise Refused(problem)
        spoken = json.dumps(body["messages"]).lower()
        require(kind != "json_object" or not self.json_word or "json" in spoken, "messages must contain the word 'json'")
        return {"text": None, "json_object": "object"}.get(kind, wanted.get("json_schema", {}).get("schema"))

    def read_thinking(self, body, ask):
        """The platform's own words for thinking."""

    def read_embeddings(self, body):
        optional = {"dimensions": integer(1, 4096), "encoding_format": one_of("float", "base64"), "user": text(1)}
        for problem in fields("", body, {"model": one_of(self.embedding_model), "input": anything}, optional):
            raise Refused(problem)
        wanted = body["input"]
        problem = None if isinstance(wanted, str) and wanted else array_of(text(1), 1, self.max_inputs)(wanted)
        require(not problem, f"input {problem}")
        return Ask(
            model=body["model"], turns=[], texts=[wanted] if isinstance(wanted, str) else wanted,
            dimensions=body.get("dimensions"), raw=body)
