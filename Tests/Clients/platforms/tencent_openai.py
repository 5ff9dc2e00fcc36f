"""Tencent's two OpenAI-shaped wires: TokenHub, and the legacy endpoint of Hunyuan."""

from .checks import boolean, integer, number, obj, one_of, text
from .openai import BUSY
from .openai_messages import Rules, require
from .openai_shape import OpenAIShaped
from .wire import Failure


def error(code, message, type, **more):
    return {"error": {"type": type, "code": code, "message": message, "source": "gateway", **more, "request_id": "r-1"}}


class TencentTokenHub(OpenAIShaped):
    name, provider, key, prefix = "tencent/tokenhub", "tencent", "sk-conformancetokenhub0123456789", "/v1"
    model = reasoning_model = vision_model = "hy3"
    words = ("tencent", "hunyuan", "tokenhub")
    lacks = {"embeddings": "TokenHub documents none"}
    may_lack = {"json_schema": "not documented for all models"}
    rules = Rules(roles=("system", "user", "assistant", "tool"))

    optional = {**OpenAIShaped.optional, "max_tokens": integer(1, 393216), "n": one_of(1), "logprobs": boolean,
                "reasoning_effort": one_of("low", "medium", "high"),
                "thinking": obj({"type": one_of("enabled", "disabled", "adaptive")}, {"budget_tokens": integer(1, 131072)})}

    def read_thinking(self, body, ask):
        thinking = body.get("thinking", {})
        ask.thinking = {"enabled": True, "adaptive": True, "disabled": False}.get(thinking.get("type"))
        ask.budget, ask.effort = thinking.get("budget_tokens"), body.get("reasoning_effort")

    def thinks(self, ask):
        return ask.thinking is not False

    def refusal(self, code, message, **_):
        return error("400001", message, "invalid_request_error")

    def unauthorized(self):
        return Failure("key", "authentication", 401, error("401002", "invalid api key", "authentication_error"))

    failures = [
        Failure("invalid", "invalid_request", 400, error("400001", "invalid parameter", "invalid_request_error")),
        Failure("key", "authentication", 401, error("401002", "invalid api key", "authentication_error")),
        Failure("free_quota", "quota_exhausted", 402, error(
            "403004", "endpoint is inactive: FREE_QUOTA_EXHAUSTED", "permission_error")),
        Failure("unpaid", "quota_exhausted", 402, error("401007", "in arrears", "permission_error")),
        Failure("forbidden", "authentication|model_not_found", 403, error("403001", "no permission", "permission_error")),
        Failure("ip", "authentication", 403, error("403005", "ip not in allow list", "permission_error")),
        Failure("rate", "rate_limited", 429, error("429001", "limited on dimension: tpm", "rate_limit_error")),
        Failure("content", "content_filtered", 451, error("451001", "content blocked", "content_filter_error")),
        Failure("upstream", BUSY, 502, error("502001", "upstream error", "upstream_error", upstream_status=503)),
        Failure("inside_200", BUSY, 200, error("502001", "upstream error", "upstream_error")),
    ]


def legacy(code, message, type="invalid_request_error"):
    return {"error": {"id": "e-1", "message": message, "type": type, "param": None, "code": code}}


class TencentLegacy(OpenAIShaped):
    name, provider, mode, prefix = "tencent/legacy", "tencent", "legacy", "/v1"
    key = "sk-conformancehunyuan0123456789"
    model, vision_model, reasoning_model = "hunyuan-turbos-latest", "hunyuan-vision", "hunyuan-a13b"
    embedding_model, has_dimensions = "hunyuan-embedding", False
    words = ("tencent", "hunyuan")
    rules = Rules(roles=("system", "user", "assistant", "tool"), system_first=True, alternates=True,
        last=("user", "tool"), empty_content=False)
    choices = ("none", "auto", "named")
    formats = ("text",)
    lacks = {
        "tool_choice_required": "Hunyuan knows none, auto and custom", "max_tokens": "Hunyuan takes no limit",
        "max_completion_tokens": "Hunyuan takes no limit"}
    may_lack = {
        "reasoning_effort": "thinking is on or off", "json_object": "not documented", "json_schema": "not documented",
        "parallel_tool_calls_off": "not documented"}
    usage_when, id_on_later_deltas = "every", "same"
    finish_words = {"length": "length", "content_filter": "sensitive"}
    has_stream_options = True

    optional = {
        "temperature": number(0, 2), "top_p": number(0, 1), "stop": OpenAIShaped.optional["stop"], "seed": integer(0, 1 << 63),
        "enable_enhancement": boolean, "enable_thinking": boolean, "stream_moderation": boolean, "search_info": boolean,
        "citation": boolean, "custom_tool": obj({"type": one_of("function"), "function": obj({"name": text(1)}, {
            "description": text(), "parameters": lambda value: None})}), "user": text(1)}

    def read_choice(self, choice, body):
        if choice == "custom":
            require("custom_tool" in body, "custom_tool is required with tool_choice custom")
            return ("named", body["custom_tool"]["function"]["name"])
        return super().read_choice(choice, body)

    def read_thinking(self, body, ask):
        ask.thinking = body.get("enable_thinking")
        require(ask.thinking is None or ask.model == self.reasoning_model, "enable_thinking is for hunyuan-a13b")

    def thinks(self, ask):
        return ask.model == self.reasoning_model

    def chunk_extras(self):
        return {"note": "以上内容为AI生成，不代表开发者立场，请勿删除或修改本标记"}

    def refusal(self, code, message, **_):
        return legacy("1001", message)

    failures = [
        Failure("roles", "invalid_request", 400, legacy("1001", "messages 中 user（tool） 和 assistant 角色需交替出现")),
        Failure("key", "authentication", 401, legacy("invalid_api_key", "Incorrect API key provided")),
        Failure("rate", "rate_limited", 429, legacy("2003", "请求限频", "rate_limit_error")),
        Failure("server", BUSY, 500, legacy("4000", "internal", "server_error")),
        Failure("edge", BUSY, 502, b"<html>502</html>", "text/html"),
        Failure("inside_200", BUSY, 200, legacy("4000", "internal", "server_error")),
    ]
