"""Baidu's Qianfan v1: a token for AK and SK, the model in the path, `result` in the answer, errors with HTTP 200."""

import itertools
import json

from .checks import anything, array_of, boolean, fields, integer, number, obj, one_of, text, texts
from .openai import BUSY
from .openai_answers import CREATED, vector
from .openai_messages import require
from .scenarios import Ask, Turn
from .wire import Failure, Refused, Wire

ROOT = "/rpc/2.0/ai_custom/v1/wenxinworkshop"
FINISH = {"stop": "normal", "tool_calls": "function_call", "length": "length", "content_filter": "content_filter"}
FUNCTION = obj({"name": text(1, 64), "parameters": anything},
    {"description": text(), "responses": anything, "examples": anything})


def error(code, message):
    return {"error_code": code, "error_msg": message, "id": "as-bcmt5ct4iy"}


def failure(name, kind, code, message="message"):
    return Failure(name, kind, 200, error(code, message))


class BaiduLegacy(Wire):
    name, provider, mode, key = "baidu/legacy", "baidu", "legacy", "AKconformance0123456789:SKconformance9876543210"
    model, embedding_model = "ERNIE-4.0-8K", "Embedding-V1"
    has_dimensions = counts_cached = False
    words = ("baidu", "qianfan", "ernie")
    max_output, max_inputs = 2048, 16
    lacks = {
        "image_url": "v1 takes no images", "image_base64": "v1 takes no images", "json_schema": "v1 knows only json_object",
        "thinking_on": "v1 has none", "reasoning_effort": "v1 has none", "reasoning_text": "v1 has none",
        "tools_results": "v1 calls one function at a time"}
    may_lack = {
        "tool_choice_none": "v1 can only name a function", "tool_choice_required": "v1 can only name a function",
        "parallel_tool_calls_off": "v1 calls one function at a time",
        "thinking_off": "v1 has none", "seed": "v1 has none"}
    silent = {"tools_parallel": "v1 calls one function at a time", "tools_text": "v1 leaves the text empty then"}
    paths = {"completions_pro": "ERNIE-4.0-8K"}

    def __init__(self):
        super().__init__()
        self.tokens, self.token_calls, self._numbers = set(), 0, itertools.count(1)
        self.expire_next = None  # the error code for the next call, whose token then counts no more

    async def other(self, call):
        if call.path != "/oauth/2.0/token":
            if self.expire_next:
                code, self.expire_next = self.expire_next, None
                self.authenticate(call)
                self.tokens.discard(call.query["access_token"])
                await call.send(error(code, "Access token expired" if code == 111 else "Access token invalid or no longer valid"))
                return True
            return False
        self.token_calls += 1
        ak, sk = self.key.split(":")
        given = call.query or dict(pair.split("=", 1) for pair in call.raw.decode().split("&") if "=" in pair)
        require(call.method == "POST", f"{call.method} for the token")
        require(given.get("grant_type") == "client_credentials", f"grant_type {given.get('grant_type')!r}")
        require(set(given) == {"grant_type", "client_id", "client_secret"}, f"fields {sorted(given)}")
        if given["client_id"] != ak or given["client_secret"] != sk:
            self.violations.append(f"{self.name}: AK or SK is wrong")
            await call.send({"error": "invalid_client", "error_description": "unknown client id"}, 401)
            return True
        token = f"24.{next(self._numbers):032x}.2592000.1798000000.282335-1234567"
        self.tokens.add(token)
        await call.send({"access_token": token, "expires_in": 2592000,
            "refresh_token": "25.x", "scope": "public",
            "session_key": "", "session_secret": ""})
        return True

    def authenticate(self, call):
        if call.query.get("access_token") not in self.tokens:
            raise Refused("access_token is missing or not one of ours",
                failure("token", "authentication", 110, "Access token invalid"))
        if "authorization" in call.headers:
            raise Refused("Authorization beside an access_token")
        if call.headers.get("content-type", "").split(";")[0] != "application/json":
            raise Refused("Content-Type is not application/json")

    def invalid(self, problem):
        return failure("invalid", "invalid_request", 336003, problem)

    def read(self, call):
        require(call.method == "POST" and call.path.startswith(ROOT) and set(call.query) == {"access_token"},
                f"no such path: {call.method} {call.path}")
        body = json.loads(call.raw)
        kind, _, endpoint = call.path.removeprefix(ROOT + "/").partition("/")
        if kind == "embeddings":
            require(endpoint == "embedding-v1", f"no such endpoint: {endpoint}")
            for problem in fields("", body, {"input": array_of(text(1, 1000), 1, self.max_inputs)}, {"user_id": text(1)}):
                raise Refused(problem)
            return Ask(model=self.embedding_model, turns=[], texts=body["input"], raw=body)
        require(kind == "chat" and endpoint in self.paths, f"no such endpoint: {kind}/{endpoint}")
        for problem in fields("", body, {"messages": anything}, {
                "system": text(1), "temperature": number(0, 1, above=True), "top_p": number(0, 1), "penalty_score": number(1, 2),
                "stop": texts(4, 20), "max_output_tokens": integer(2, 2048), "stream": boolean, "user_id": text(1),
                "response_format": one_of("json_object", "text"), "disable_search": boolean, "enable_citation": boolean,
                "functions": array_of(FUNCTION),
                "tool_choice": obj({"type": one_of("function"), "function": obj({"name": text(1)})})}):
            raise Refused(problem)
        tools = [(given["name"], given.get("description"), given["parameters"]) for given in body.get("functions", [])]
        choice = body.get("tool_choice")
        require(choice is None or choice["function"]["name"] in [tool[0] for tool in tools], "tool_choice names no function")
        return Ask(
            model=self.paths[endpoint], turns=read_messages(body["messages"]), system=body.get("system"),
            stream=body.get("stream", False),
            max_tokens=body.get("max_output_tokens"), temperature=body.get("temperature"), top_p=body.get("top_p"),
            stop=body.get("stop", []), user=body.get("user_id"),
            json="object" if body.get("response_format") == "json_object" else None,
            tools=tools, choice=("named", choice["function"]["name"]) if choice else None, parallel=False, raw=body)

    # MARK: answers

    def _answer(self, reply, **more):
        usage = {"prompt_tokens": reply.usage.input, "completion_tokens": reply.usage.output, "total_tokens": reply.usage.total}
        return {"id": "as-bcmt5ct4iy", "object": "chat.completion", "created": CREATED, "is_truncated": False,
                "need_clear_history": False, **more, "usage": usage}

    @staticmethod
    def _call(reply):
        if not reply.calls:
            return {}
        _, name, arguments = reply.calls[0]
        written = json.dumps(arguments, ensure_ascii=False)
        return {"function_call": {"name": name, "arguments": written, "thoughts": "用户想知道"}}

    def whole(self, ask, reply):
        return self._answer(reply, result="" if reply.calls else reply.text, finish_reason=FINISH[reply.finish],
            **self._call(reply))

    def _event(self, value):
        return b"data: " + json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"

    def events(self, ask, reply):
        for number, piece in enumerate(reply.text_pieces if not reply.calls else []):
            yield self._event(self._answer(reply, sentence_id=number, is_end=False, result=piece))

    def end(self, ask, reply):
        yield self._event(self._answer(
            reply, sentence_id=9, is_end=True, result="", finish_reason=FINISH[reply.finish], **self._call(reply)))

    def stream_error(self):
        return self._event(error(336100, "try again"))

    def vectors(self, ask):
        tokens = sum(map(len, ask.texts))
        data = [{"object": "embedding", "embedding": vector(said), "index": index} for index, said in enumerate(ask.texts)]
        return {"id": "as-1", "object": "embedding_list", "created": CREATED, "data": data,
                "usage": {"prompt_tokens": tokens, "total_tokens": tokens}}

    failures = [
        failure("json", "invalid_request", 336002, "Invalid JSON"),
        failure("argument", "invalid_request", 336003, "temperature range is (0, 1.0]"),
        failure("too_long", "context_too_long", 336007, "the max input characters is 20000"),
        failure("prompt", "context_too_long", 336103, "Prompt tokens too long"),
        failure("permission", "authentication", 6, "No permission to access data"),
        failure("inactive", "quota_exhausted", 17, "Open api daily request limit reached"),
        failure("total", "quota_exhausted", 19, "Open api total request limit reached"),
        failure("qps", "rate_limited", 18, "Open api qps request limit reached"),
        failure("rpm", "rate_limited", 336501, "Rate limit reached for RPM"),
        failure("tpm", "rate_limited", 336502, "Rate limit reached for TPM"),
        failure("busy", BUSY, 336100, "try again"),
        failure("internal", BUSY, 336000, "Internal error"),
        failure("unavailable", BUSY, 2, "Service temporarily unavailable"),
    ]


def read_messages(messages):
    """user and assistant strictly in turn, an odd number, user first and last. `function` stands for a user."""
    require(isinstance(messages, list) and len(messages) % 2 == 1, "the number of messages must be odd")
    turns = []
    for index, message in enumerate(messages):
        role = message.get("role") if isinstance(message, dict) else None
        require(role in (("user", "function") if index % 2 == 0 else ("assistant",)), f"messages[{index}].role {role!r}")
        for problem in fields(f"messages[{index}]", message, {"role": anything}, {
                "content": text(), "name": text(1), "function_call": obj(
                    {"name": text(1), "arguments": text(2)}, {"thoughts": text()})}):
            raise Refused(problem)
        call = message.get("function_call")
        require(message.get("content") or call, f"messages[{index}].content must not be empty")
        turn = Turn("tool" if role == "function" else role, message.get("content") or "")
        if call:
            require(role == "assistant", f"messages[{index}]: function_call of a {role}")
            turn.calls.append(("function_call", call["name"], json.loads(call["arguments"])))
        if role == "function":
            require(message.get("name") and turns[-1].calls and turns[-1].calls[0][1] == message["name"],
                f"messages[{index}].name")
        turns.append(turn)
    require(messages[-1]["role"] in ("user", "function"), "the last message must be the user's")
    return turns
