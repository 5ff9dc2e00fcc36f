"""Tencent's API 3.0 of Hunyuan: PascalCase, TC3 signatures recomputed by the official SDK's own code, errors with HTTP 200."""

import hashlib
import json
import re
import time

from tencentcloud.common.sign import Sign

from .checks import anything, array_of, boolean, fields, integer, number, obj, one_of, text, texts
from .openai import BUSY
from .openai_answers import CREATED, vector
from .openai_messages import Rules, read_messages, read_tools, require
from .scenarios import Ask
from .wire import Failure, Refused, Wire

RULES = Rules(
    roles=("system", "user", "assistant", "tool"), system_first=True, alternates=True, last=("user", "tool"), empty_content=False)
TOOL = obj({"Type": one_of("function"), "Function": obj({"Name": text(1, 64), "Parameters": text(2)}, {"Description": text()})})
FINISH = {"content_filter": "sensitive"}
AUTHORIZATION = re.compile(
    r"TC3-HMAC-SHA256 Credential=(?P<id>[^/]+)/(?P<scope>[\d-]+/hunyuan/tc3_request), ?"
    r"SignedHeaders=(?P<signed>[\w;-]+), ?Signature=(?P<signature>[0-9a-f]{64})")


def error(code, message):
    return {"Response": {"Error": {"Code": code, "Message": message}, "RequestId": "tc-request-1"}}


def failure(name, kind, code, message="message"):
    return Failure(name, kind, 200, error(code, message), headers=(("X-TC-RequestId", "tc-request-1"),))


def recomputed(call, found, secret):
    """The signature that the SDK's own functions make of the received bytes."""
    lines = "".join(f"{name}:{call.headers.get(name, '').strip().lower()}\n" for name in found["signed"].split(";"))
    payload = hashlib.sha256(call.raw).hexdigest()
    canonical = f"{call.method}\n{call.target}\n\n{lines}\n{found['signed']}\n{payload}"
    stamp = call.headers["x-tc-timestamp"]
    to_sign = f"TC3-HMAC-SHA256\n{stamp}\n{found['scope']}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    return Sign.sign_tc3(secret, found["scope"].split("/")[0], "hunyuan", to_sign)


class TencentNative(Wire):
    name, provider, mode = "tencent/native", "tencent", "native"
    key = "AKIDconformance0123456789:TencentConformanceSecret01"
    model, vision_model, reasoning_model = "hunyuan-turbos-latest", "hunyuan-vision", "hunyuan-a13b"
    embedding_model = "hunyuan-embedding"
    has_dimensions = counts_cached = False
    words = ("tencent", "hunyuan")
    lacks = {
        "max_tokens": "Hunyuan takes no limit",
        "max_completion_tokens": "Hunyuan takes no limit", "json_object": "Hunyuan has no JSON mode",
        "json_schema": "Hunyuan has no JSON mode", "tool_choice_required": "Hunyuan knows none, auto and custom",
        "parallel_tool_calls_off": "Hunyuan decides by itself"}
    may_lack = {"reasoning_effort": "thinking is on or off"}
    expire_next = False  # the next signature counts as too old
    max_inputs = 50

    def authenticate(self, call):
        header = call.headers.get("authorization", "")
        found = AUTHORIZATION.fullmatch(header)
        bad = failure("bad", "authentication", "AuthFailure.InvalidAuthorization")
        if not found:
            raise Refused(f"Authorization has another form: {header!r}", bad)
        id, secret = self.key.split(":")
        stamp = call.headers.get("x-tc-timestamp", "")
        problems = [
            (found["id"] != id, "the SecretId is another"), (abs(int(stamp or 0) - time.time()) > 300, "the clock is wrong"),
            (not {"content-type", "host"} <= set(found["signed"].split(";")), "content-type and host must be signed"),
            (found["signed"].split(";") != sorted(found["signed"].split(";")), "the signed headers are not sorted"),
            (found["scope"].split("/")[0] != time.strftime("%Y-%m-%d", time.gmtime(int(stamp or 0))),
             "the date is not the timestamp's"),
            (recomputed(call, found, secret) != found["signature"], "the signature is wrong"),
            (call.headers.get("x-tc-version") != "2023-09-01", "X-TC-Version"),
            (call.headers.get("content-type") != "application/json", f"Content-Type {call.headers.get('content-type')!r}")]
        for is_broken, text in problems:
            if is_broken:
                raise Refused(text, failure("signature", "authentication", "AuthFailure.SignatureFailure", text))

    def invalid(self, problem):
        return failure("invalid", "invalid_request", "InvalidParameter", problem)

    async def other(self, call):
        if self.expire_next:
            self.expire_next = False
            self.authenticate(call)
            await call.send(error("AuthFailure.SignatureExpire", "The signature has expired."))
            return True
        return False

    def read(self, call):
        require(call.method == "POST" and call.target == "/", f"no such path: {call.method} {call.target}")
        action = call.headers.get("x-tc-action")
        require(action in ("ChatCompletions", "GetEmbedding"), f"X-TC-Action {action!r}")
        body = json.loads(call.raw)
        if action == "GetEmbedding":
            for problem in fields("", body, {}, {"Input": text(1), "InputList": array_of(text(1), 1, self.max_inputs)}):
                raise Refused(problem)
            require(len(body) == 1, "one of Input and InputList")
            return Ask(model=self.embedding_model, turns=[], texts=body.get("InputList") or [body["Input"]], raw=body)
        for problem in fields("", body, {"Model": one_of(*self.models.values()), "Messages": array_of(anything, 1, 40)}, {
                "Stream": boolean, "StreamModeration": boolean, "Temperature": number(0, 2),
                "TopP": number(0, 1), "Seed": integer(1, 10000),
                "Stop": texts(16), "Tools": array_of(TOOL), "ToolChoice": one_of("none", "auto", "custom"), "CustomTool": TOOL,
                "EnableThinking": boolean, "EnableEnhancement": boolean, "SearchInfo": boolean, "Citation": boolean}):
            raise Refused(problem)
        sees = body["Model"] == self.vision_model
        system, turns = read_messages([openai_message(message) for message in body["Messages"]], RULES, sees)
        thinking = body.get("EnableThinking")
        require(thinking is None or body["Model"] == self.reasoning_model, "EnableThinking is for hunyuan-a13b")
        tools = read_tools([openai_tool(tool) for tool in body["Tools"]]) if "Tools" in body else []
        choice = body.get("ToolChoice")
        require((choice == "custom") == ("CustomTool" in body), "CustomTool goes with ToolChoice custom")
        require(choice in (None, "none") or tools or choice == "custom", "ToolChoice only with Tools")
        return Ask(
            model=body["Model"], turns=turns, system=system, stream=body.get("Stream", False),
            temperature=body.get("Temperature"),
            top_p=body.get("TopP"), seed=body.get("Seed"), stop=body.get("Stop", []), tools=tools,
            choice=("named", body["CustomTool"]["Function"]["Name"]) if choice == "custom" else choice, thinking=thinking,
            raw=body)

    def thinks(self, ask):
        return ask.model == self.reasoning_model and ask.thinking is not False

    # MARK: answers

    def reply_headers(self, ask):
        return (("X-TC-RequestId", "tc-request-1"),)

    def _usage(self, usage):
        return {"PromptTokens": usage.input, "CompletionTokens": usage.output, "TotalTokens": usage.total}

    def _envelope(self, choice, reply):
        return {"Note": "以上内容为AI生成", "Choices": [{"Index": 0, **choice}],
                "Created": CREATED, "Id": "tc-id-1", "Usage": self._usage(reply.usage)}

    @staticmethod
    def _call(index, id, name, arguments):
        return {"Id": id, "Type": "function", "Index": index, "Function": {"Name": name, "Arguments": arguments}}

    @staticmethod
    def _text_of(ask, reply):
        """Unlike OpenAI's, the text ends after the stop text, not before it."""
        return reply.text + (ask.stop[0] if ask.scenario == "stop" and ask.stop else "")

    def whole(self, ask, reply):
        message = {"Role": "assistant", "Content": self._text_of(ask, reply)}
        if reply.thought:
            message["ReasoningContent"] = reply.thought
        if reply.calls:
            message["ToolCalls"] = [
                self._call(index, id, name, json.dumps(arguments, ensure_ascii=False))
                for index, (id, name, arguments) in enumerate(reply.calls)]
        envelope = self._envelope({"Message": message, "FinishReason": FINISH.get(reply.finish, reply.finish)}, reply)
        return {"Response": {"RequestId": "tc-request-1", **envelope}}

    def _event(self, reply, finish="", **delta):
        value = self._envelope({"Delta": {"Role": "assistant", **delta}, "FinishReason": finish}, reply)
        return b"data: " + json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"

    def events(self, ask, reply):
        for piece in reply.thought_pieces:
            yield self._event(reply, Content="", ReasoningContent=piece)
        pieces = reply.text_pieces
        if (extra := self._text_of(ask, reply)[len(reply.text):]) and pieces:
            # The stop text arrives cut in two.
            pieces = [*pieces[:-1], pieces[-1] + extra[:3], extra[3:]]
        for piece in pieces:
            yield self._event(reply, Content=piece)
        for index, (id, name, arguments) in enumerate(reply.calls):
            written = json.dumps(arguments, ensure_ascii=False)
            for start in range(0, len(written), 5):
                known = name if start == 0 else ""
                yield self._event(reply, Content="", ToolCalls=[self._call(index, id, known, written[start:start + 5])])

    def end(self, ask, reply):
        yield self._event(reply, FINISH.get(reply.finish, reply.finish), Content="")

    def stream_error(self):
        value = {"Note": "", "Choices": [], "Created": CREATED, "Id": "tc-id-1", "ErrorMsg": {"Msg": "模型超时", "Code": 4001}}
        return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"

    def vectors(self, ask):
        tokens = sum(map(len, ask.texts))
        data = [{"Embedding": vector(said), "Index": index, "Object": "embedding"} for index, said in enumerate(ask.texts)]
        return {"Response": {"RequestId": "tc-request-1", "Data": data, "Usage": {"PromptTokens": tokens, "TotalTokens": tokens}}}

    failures = [
        failure("parameter", "invalid_request", "InvalidParameterValue"),
        failure("missing", "invalid_request", "MissingParameter"),
        failure("model", "model_not_found|invalid_request", "InvalidParameterValue.Model"),
        failure("retired", "model_not_found|invalid_request", "ActionOffline"),
        failure("text", "content_filtered", "OperationDenied.TextIllegalDetected"),
        failure("image", "content_filtered", "OperationDenied.ImageIllegalDetected"),
        failure("signature", "authentication", "AuthFailure.SignatureFailure"),
        failure("secret_id", "authentication", "AuthFailure.SecretIdNotFound"),
        failure("unauthorized", "authentication", "UnauthorizedOperation"),
        failure("resource_pack", "quota_exhausted", "FailedOperation.ResourcePackExhausted"),
        failure("arrears", "quota_exhausted", "ResourceUnavailable.InArrears"),
        failure("not_activated", "quota_exhausted", "FailedOperation.ServiceNotActivated"),
        failure("rate", "rate_limited", "RequestLimitExceeded"),
        failure("concurrency", "rate_limited", "LimitExceeded"),
        failure("engine_busy", BUSY, "FailedOperation.EngineServerLimitExceeded"),
        failure("engine_slow", BUSY + "|timeout", "FailedOperation.EngineRequestTimeout"),
        failure("internal", BUSY, "InternalError"),
    ]


def openai_message(message):
    """PascalCase written as OpenAI's, so that the same rules read it."""
    for problem in fields("Messages", message, {"Role": text(1)}, {
            "Content": text(), "Contents": anything, "ToolCalls": anything, "ToolCallId": text(1)}):
        raise Refused(problem)
    require(not ("Content" in message and message.get("Contents")), "one of Content and Contents")
    found = {"role": message["Role"]}
    if "Contents" in message:
        found["content"] = [openai_part(part) for part in message["Contents"]]
    elif message.get("Content") or not message.get("ToolCalls"):
        found["content"] = message.get("Content")
    if "ToolCallId" in message:
        found["tool_call_id"] = message["ToolCallId"]
    if message.get("ToolCalls"):
        found["tool_calls"] = [openai_call(call) for call in message["ToolCalls"]]
    return found


def openai_part(part):
    kind = part.get("Type")
    known = {"text": {"Text": text(1)}, "image_url": {"ImageUrl": obj({"Url": text(1)})}}.get(kind)
    require(known, f"Contents: Type {kind!r}")
    for problem in fields("Contents", part, {"Type": anything, **known}, {}):
        raise Refused(problem)
    if kind == "text":
        return {"type": "text", "text": part["Text"]}
    return {"type": kind, "image_url": {"url": part["ImageUrl"]["Url"]}}


def openai_call(call):
    for problem in fields("ToolCalls", call, {"Id": text(1), "Type": one_of("function"), "Function": obj(
            {"Name": text(1), "Arguments": text(2)})}, {"Index": integer(0)}):
        raise Refused(problem)
    function = call["Function"]
    return {"id": call["Id"], "type": "function", "function": {"name": function["Name"], "arguments": function["Arguments"]}}


def openai_tool(tool):
    given = tool["Function"]
    function = {"name": given["Name"], "parameters": json.loads(given["Parameters"])}
    return {"type": "function", "function": function | ({"description": given["Description"]} if "Description" in given else {})}
