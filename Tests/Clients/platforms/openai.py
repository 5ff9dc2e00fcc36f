"""OpenAI: classic and reasoning models, which refuse each other's fields."""

from .checks import anything, boolean, integer, number, obj, one_of, text, text_or_texts
from .openai_messages import Rules
from .openai_shape import OpenAIShaped
from .wire import Failure

NOT_NULL = ("messages", "model", "tools", "tool_choice")
BUSY = "server_error|overloaded"


def error(code, message, type="invalid_request_error", param=None):
    return {"error": {"message": message, "type": type, "param": param, "code": code}}


class OpenAI(OpenAIShaped):
    name, provider, key, prefix = "openai", "openai", "sk-proj-conformance0123456789", "/v1"
    model, reasoning_model, embedding_model = "gpt-4.1-mini", "gpt-6-luna", "text-embedding-3-small"
    words = ("openai",)
    silent = {"reasoning_text": "thought is counted, never shown"}
    rules = Rules(roles=("developer", "system", "user", "assistant", "tool"), hears_refusals=True)
    json_word = is_canonical = obeys_n = True
    reasoning_field = None

    def read_chat(self, body):
        """Most fields may be null here, which says nothing."""
        return super().read_chat({name: value for name, value in body.items() if value is not None or name in NOT_NULL})

    def table(self, body):
        own = {
            "stream_options": obj({}, {"include_usage": boolean, "include_obfuscation": boolean}),
            "max_completion_tokens": integer(1, 128000), "seed": integer(-(1 << 63), 1 << 63), "n": integer(1, 128),
            "metadata": anything, "service_tier": one_of("auto", "default", "flex", "scale", "priority", "fast"),
            "logprobs": boolean,
            "top_logprobs": integer(0, 20), "logit_bias": anything, "verbosity": one_of("low", "medium", "high"),
            "store": boolean, "user": text(1),
            "safety_identifier": text(1, 128),
            "prompt_cache_key": text(1)}
        if body.get("model") == self.reasoning_model:
            if body.get("reasoning_effort") == "none":
                return super().table(body) | own | {"reasoning_effort": one_of("none")}
            return super().table(body) | own | {
                "reasoning_effort": one_of("low", "medium", "high", "xhigh", "max"), "temperature": one_of(1), "top_p": one_of(1),
                **dict.fromkeys(("stop", "max_tokens", "presence_penalty", "frequency_penalty"), self._not_while_thinking)}
        return super().table(body) | own | {"max_tokens": integer(1, 32768), "stop": text_or_texts(4),
            "temperature": number(0, 2)}

    @staticmethod
    def _not_while_thinking(value):
        return "is not supported with this model"

    def read_thinking(self, body, ask):
        ask.effort = body.get("reasoning_effort")
        ask.thinking = ask.effort != "none" if ask.effort else None

    def thinks(self, ask):
        return ask.model == self.reasoning_model

    def reply_headers(self, ask):
        return (("x-request-id", "req_1"), ("x-ratelimit-remaining-requests", "9999"), ("x-ratelimit-reset-requests", "6ms"))

    failures = [
        Failure("unknown_parameter", "invalid_request|unsupported_parameter", 400,
                error("unknown_parameter", "Unknown parameter: 'x'.", param="x")),
        Failure("unprocessable", "invalid_request", 422, error(None, "Unprocessable")),
        Failure("context", "context_too_long", 400, error(
            "context_length_exceeded", "This model's maximum context length is 10 tokens.", param="messages")),
        Failure("policy", "content_filtered", 400, error("content_policy_violation", "Your request was rejected.")),
        Failure("prompt", "content_filtered", 400, error("invalid_prompt", "Invalid prompt.")),
        Failure("key", "authentication", 401, error("invalid_api_key", "Incorrect API key provided: sk-proj-****6789.")),
        Failure("country", "authentication", 403, error(
            "unsupported_country_region_territory", "Country, region, or territory not supported", "request_forbidden")),
        Failure("model", "model_not_found|invalid_request", 404, error("model_not_found", "The model `x` does not exist.")),
        Failure("credit", "quota_exhausted", 429, error("credit_balance_exhausted", "No credit.", "insufficient_quota")),
        Failure("spend", "quota_exhausted", 429, error("project_spend_limit_exceeded", "Limit.", "insufficient_quota")),
        Failure("old_quota", "quota_exhausted", 429, error("insufficient_quota", "You exceeded.", "insufficient_quota")),
        Failure("rate", "rate_limited", 429, error("rate_limit_exceeded", "Rate limit reached.", "requests"),
                headers=(("retry-after-ms", "200"), ("retry-after", "1"))),
        Failure("slow_down", "rate_limited|overloaded", 429, error("slow_down", "Slow down.", "rate_limit_error")),
        Failure("too_large", "context_too_long|invalid_request", 429, error(
            "rate_limit_exceeded", "Request too large for gpt-4.1-mini on tokens per min (TPM): Limit 1, Requested 2.",
            "tokens")),
        Failure("server", BUSY, 500, error(None, "The server had an error.", "server_error")),
        Failure("edge", BUSY, 502, b"<html><body>502 Bad Gateway</body></html>", "text/html"),
        Failure("overloaded", BUSY, 503, b""),
        Failure("inside_200", BUSY, 200, error(None, "The server is overloaded.", "server_error")),
    ]
