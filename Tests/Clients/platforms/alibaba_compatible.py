"""Alibaba's DashScope in its OpenAI-shaped mode."""

from .checks import boolean, integer, number, text_or_texts
from .openai import BUSY
from .openai_messages import Rules
from .openai_shape import OpenAIShaped
from .wire import Failure


def error(code, message, type=None):
    return {"error": {"message": message, "type": type or code, "param": None, "code": code}, "request_id": "ee36b63d"}


class AlibabaCompatible(OpenAIShaped):
    name, provider, mode = "alibaba/compatible", "alibaba", "compatible"
    key, prefix = "sk-conformancecompatible01234567", "/compatible-mode/v1"
    model, vision_model, reasoning_model, embedding_model = "qwen-plus", "qwen-vl-max", "qwen-plus", "text-embedding-v4"
    words = ("alibaba", "dashscope", "qwen")
    may_lack = {
        "tool_choice_required": "Qwen knows none, auto and a name", "json_schema": "not documented for all models"}
    rules = Rules(roles=("system", "user", "assistant", "tool"))
    json_word = True
    id_on_later_deltas = ""
    max_inputs = 10

    optional = {
        **OpenAIShaped.optional, "temperature": number(0, 2, below=True), "top_p": number(0, 1, above=True),
        "max_tokens": integer(1, 131072), "stop": text_or_texts(16), "seed": integer(0, 1 << 63), "n": integer(1, 4),
        "logprobs": boolean,
        "enable_thinking": boolean,
        "thinking_budget": integer(1, 131072), "top_k": integer(0, 100), "repetition_penalty": number(0, 100, above=True),
        "enable_search": boolean}

    def read_thinking(self, body, ask):
        ask.thinking, ask.budget = body.get("enable_thinking"), body.get("thinking_budget")

    def thinks(self, ask):
        return ask.thinking is True

    def refusal(self, code, message, **_):
        return error("invalid_parameter_error", message, "invalid_request_error")

    def unauthorized(self):
        return Failure("key", "authentication", 401,
            error("invalid_api_key", "Incorrect API key provided.", "invalid_request_error"))

    failures = [
        Failure("parameter", "invalid_request", 400, error("invalid_parameter_error", "bad", "invalid_request_error")),
        Failure("context", "context_too_long", 400, error(
            "invalid_parameter_error", "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 129024]",
            "invalid_request_error")),
        Failure("inspection", "content_filtered", 400, error(
            "data_inspection_failed", "Output data may contain inappropriate content.")),
        Failure("arrears", "quota_exhausted", 400,
                error("Arrearage", "Access denied, please make sure your account is in good standing.")),
        Failure("key", "authentication", 401, error("invalid_api_key", "Incorrect API key provided.", "invalid_request_error")),
        Failure("denied", "authentication|model_not_found", 403, error("AccessDenied", "Access denied.")),
        Failure("free_tier", "quota_exhausted", 403, error("AllocationQuota.FreeTierOnly", "The free tier is exhausted.")),
        Failure("model", "model_not_found|invalid_request", 404, error("model_not_found", "The model does not exist.")),
        Failure("rate", "rate_limited", 429, error("limit_requests", "You exceeded your current requests list.")),
        Failure("burst", "rate_limited", 429, error("limit_burst_rate", "Request rate increased too quickly.")),
        Failure("tokens_per_minute", "rate_limited", 429, error("insufficient_quota", "You exceeded your current quota.")),
        Failure("internal", BUSY, 500, error("internal_error", "An internal error has occurred.")),
        Failure("unavailable", BUSY, 503, error("ModelServingError", "Too many requests in route.")),
        Failure("inside_200", BUSY, 200, error("internal_error", "An internal error has occurred.")),
    ]
