"""Baidu's Qianfan v2: OpenAI's shape with ERNIE's limits."""

from .checks import anything, boolean, integer, number, one_of, text
from .openai import BUSY
from .openai_messages import Rules
from .openai_shape import OpenAIShaped
from .wire import Failure


def error(code, message, type="invalid_request_error"):
    return {"error": {"code": code, "message": message, "type": type}, "id": "as-bcmt5ct4iy"}


class BaiduV2(OpenAIShaped):
    name, provider, key, prefix = "baidu/v2", "baidu", "bce-v3/ALTAK-conformance/0123456789abcdef0123456789abcdef01234567", "/v2"
    model, vision_model, reasoning_model = "ernie-5.1", "ernie-4.5-turbo-vl", "ernie-5.1"
    embedding_model = "bge-large-zh"
    words = ("baidu", "qianfan", "ernie")
    rules = Rules(roles=("system", "user", "assistant", "tool"), system_first=True, last=("user", "tool"))
    id_prefix = "as-t2z8xi6mm8"
    max_inputs = 16

    optional = {
        **OpenAIShaped.optional, "temperature": number(0, 1, above=True), "max_tokens": integer(1, 65536),
        "max_completion_tokens": integer(1, 65536), "penalty_score": number(1, 2), "enable_thinking": boolean,
        "thinking_budget": integer(100, 65536), "reasoning_effort": one_of("minimal", "low", "medium", "high"),
        "web_search": anything, "user": text(1)}

    def choice_extras(self):
        return {"flag": 0}

    def read_thinking(self, body, ask):
        ask.thinking, ask.effort = body.get("enable_thinking"), body.get("reasoning_effort")
        ask.budget = body.get("thinking_budget")

    def thinks(self, ask):
        return ask.thinking is True or ask.effort is not None

    def refusal(self, code, message, **_):
        return error(code, message)

    def unauthorized(self):
        return Failure("key", "authentication", 401, error("invalid_iam_token", "IAM Certification failed", "access_denied"))

    def invalid(self, problem):
        return Failure("invalid", "invalid_request", 400, error("invalid_argument", problem))

    failures = [
        Failure("argument", "invalid_request", 400, error("invalid_argument", "temperature out of range")),
        Failure("messages", "invalid_request", 400, error("invalid_messages", "bad messages")),
        Failure("tokens", "context_too_long", 400, error("tokens_too_long", "the max input tokens is 119000")),
        Failure("characters", "context_too_long", 400, error("characters_too_long", "the max input characters is 516096")),
        Failure("unsafe", "content_filtered", 403, error("system_unsafe", "system is unsafe", "unsafe_request")),
        Failure("unsafe_image", "content_filtered", 400, error("image_url_unsafe", "unsafe", "unsafe_request")),
        Failure("key", "authentication", 401, error("invalid_iam_token", "IAM Certification failed", "access_denied")),
        Failure("model", "model_not_found|invalid_request", 401, error(
            "invalid_model", "The model does not exist or you do not have access to it.", "access_denied")),
        Failure("offline", "model_not_found|invalid_request", 403, error("model_offline", "offline", "access_denied")),
        Failure("overdue", "quota_exhausted", 403, error("account_overdue", "overdue", "access_denied")),
        Failure("rpm", "rate_limited", 429, error("rpm_rate_limit_exceeded", "Rate limit", "rate_limit_exceeded")),
        Failure("tpm", "rate_limited", 429, error("input_tpm_rate_limit_exceeded", "Rate limit", "rate_limit_exceeded")),
        Failure("cluster", BUSY, 429, error("cluster_rpm_rate_limit_exceeded", "busy", "rate_limit_exceeded")),
        Failure("plan", "quota_exhausted", 429, error("coding_plan_month_quota_exceeded", "plan", "rate_limit_exceeded")),
        Failure("internal", BUSY, 500, error("internal_error", "Internal error", "Internal_error")),
        Failure("inside_200", BUSY, 200, error("internal_error", "Internal error", "Internal_error")),
    ]
