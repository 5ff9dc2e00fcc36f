"""Zhipu GLM: OpenAI's shape, with its own words for thinking and its own limits. Keys go as they are, or sign a JWT."""

import base64
import hashlib
import hmac
import json
import time

from .checks import boolean, integer, number, obj, one_of, text, texts
from .openai import BUSY
from .openai_messages import Rules
from .openai_shape import OpenAIShaped
from .wire import Failure, Refused


def error(code, message, **more):
    return {"error": {"code": code, "message": message}, **more}


class ZhipuKey(OpenAIShaped):
    name, provider, key, prefix = "zhipu/key", "zhipu", "a1b2c3d4e5f6a7b8.ConformanceSecret01", "/api/paas/v4"
    model, vision_model, reasoning_model, embedding_model = "glm-5.2", "glm-5.3-flash", "glm-5.2", "embedding-3"
    words = ("zhipu", "glm")
    rules = Rules(roles=("system", "user", "assistant", "tool"), bare_base64=True, needs_user=True)
    choices, formats, has_stream_options = ("auto",), ("text", "json_object"), False
    lacks = {
        "tool_choice_required": "GLM knows only auto", "tool_choice_named": "GLM knows only auto",
        "json_schema": "GLM knows only json_object", "parallel_tool_calls_off": "GLM decides by itself",
        "stops": "GLM takes one stop text"}
    may_lack = {"tool_choice_none": "GLM knows only auto"}
    usage_when, has_object = "last", False
    finish_words = {"content_filter": "sensitive"}
    id_prefix = "2026112221175812ab"
    max_inputs = 64

    optional = {
        "max_tokens": integer(1, 131072), "temperature": number(0, 1), "top_p": number(0.01, 1), "do_sample": boolean,
        "stop": texts(1), "seed": integer(0, 1 << 53), "user_id": text(6, 128), "request_id": text(6, 64), "tool_stream": boolean,
        "thinking": obj({"type": one_of("enabled", "disabled")}), "reasoning_effort": one_of(
            "none", "minimal", "low", "medium", "high", "xhigh", "max")}

    def table(self, body):
        table = super().table(body)
        del table["parallel_tool_calls"]
        return table

    def read_thinking(self, body, ask):
        ask.thinking = {"enabled": True, "disabled": False}.get(body.get("thinking", {}).get("type"))
        ask.effort, ask.user = body.get("reasoning_effort"), body.get("user_id")
        if ask.effort in ("none", "minimal"):
            ask.thinking = False
        self.whole_calls = not body.get("tool_stream")

    def thinks(self, ask):
        return ask.thinking is not False

    def refusal(self, code, message, **_):
        return error("1210", message)

    def unauthorized(self):
        return Failure("key", "authentication", 401, error("1000", "身份验证失败。"))

    def stream_error(self):
        return self.event({"error": {"code": "1234", "message": "网络错误，错误id：2026，请稍后重试"}})

    failures = [
        Failure("parameter", "invalid_request", 400, error("1210", "API 调用参数有误，请检查文档。")),
        Failure("model", "model_not_found|invalid_request", 400, error("1211", "模型不存在，请检查模型代码。")),
        Failure("permission", "authentication|model_not_found", 403, error("1220", "您无权访问 glm-5.2。")),
        Failure("context", "context_too_long", 400, error("1261", "Prompt 超长")),
        Failure("content", "content_filtered", 400, error(
            "1301", "系统检测到输入或生成内容可能包含不安全或敏感内容", contentFilter=[{"role": "user", "level": 1}])),
        Failure("key", "authentication", 401, error("1000", "身份验证失败。")),
        Failure("locked", "authentication", 429, error("1112", "您的账户已被锁定，请联系客服解锁。")),
        Failure("arrears", "quota_exhausted", 429, error("1113", "您的账户已欠费，请充值后重试。")),
        Failure("daily", "quota_exhausted", 429, error("1304", "该 API 今日调用次数已达上限")),
        Failure("rate", "rate_limited", 429, error("1302", "您当前使用该 API 的并发数过高")),
        Failure("rate_as_number", "rate_limited", 429, error(1303, "您当前使用该 API 的频率过高")),
        Failure("busy", BUSY, 429, error("1305", "当前 API 请求过多，请稍后重试。")),
        Failure("server", BUSY, 500, error("1234", "网络错误")),
        Failure("inside_200", BUSY, 200, error("1234", "网络错误")),
    ]


def unpadded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class ZhipuJWT(ZhipuKey):
    name, mode, key = "zhipu/jwt", "jwt", "b7a6f5e4d3c2b1a0.ConformanceSecret02"
    expire_next = False  # the next call finds its token too old

    def authenticate(self, call):
        try:
            self._verify(call.bearer or "")
        except (ValueError, KeyError, TypeError) as problem:
            raise Refused(f"JWT: {problem!r}", self.unauthorized()) from None
        if call.headers.get("content-type", "application/json").split(";")[0] != "application/json":
            raise Refused("Content-Type is not application/json")

    def _verify(self, token):
        id, secret = self.key.split(".")
        header, payload, signature = token.split(".")
        wanted = hmac.new(secret.encode(), f"{header}.{payload}".encode(), hashlib.sha256).digest()
        if "=" in token or not hmac.compare_digest(unpadded(signature), wanted):
            raise ValueError("the signature is wrong or padded")
        head, body, now = json.loads(unpadded(header)), json.loads(unpadded(payload)), time.time() * 1000
        if head != {"alg": "HS256", "sign_type": "SIGN", "typ": "JWT"}:
            raise ValueError(f"header {head}")
        if set(body) != {"api_key", "exp", "timestamp"} or body["api_key"] != id:
            raise ValueError(f"payload {sorted(body)}")
        if not all(isinstance(body[name], int) for name in ("exp", "timestamp")):
            raise ValueError("times are no integers")
        # Milliseconds: seconds would be half a century ago.
        if not now - 300_000 <= body["timestamp"] <= now + 5_000 or not now < body["exp"] <= now + 3_600_000:
            raise ValueError(f"times {body['timestamp']}, {body['exp']} at {now:.0f}")

    async def other(self, call):
        if self.expire_next:
            self.expire_next = False
            self.authenticate(call)
            await call.send(error("1003", "Authorization Token 已过期，请重新生成 Token。"), 401)
            return True
        return await super().other(call)
