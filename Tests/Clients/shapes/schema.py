"""OpenAI's published schemas of a chunk and of a completion (openai-openapi, CreateChatCompletionStreamResponse and
CreateChatCompletionResponse), as far as they concern what callers read. Further members are allowed, as they are there.
"""

import jsonschema

TEXT, WHOLE = {"type": "string"}, {"type": "integer"}
TEXT_OR_NULL = {"type": ["string", "null"]}
REASONS = ["stop", "length", "tool_calls", "content_filter", "function_call"]


def record(required, /, **properties):
    return {"type": "object", "required": required.split(), "properties": properties}


def nullable(schema):
    return {"anyOf": [schema, {"type": "null"}]}


TOKEN = record(
    "token logprob bytes top_logprobs", token=TEXT, logprob={"type": "number"},
    bytes=nullable({"type": "array", "items": WHOLE}), top_logprobs={"type": "array"})
LOGPROBS = nullable(record(
    "content refusal", content=nullable({"type": "array", "items": TOKEN}),
    refusal=nullable({"type": "array", "items": TOKEN})))
USAGE = record(
    "prompt_tokens completion_tokens total_tokens", prompt_tokens=WHOLE, completion_tokens=WHOLE, total_tokens=WHOLE,
    prompt_tokens_details={"type": "object"}, completion_tokens_details={"type": "object"})
TIER = nullable({"enum": ["auto", "default", "flex", "scale", "priority"]})

DELTA = record(
    "", content=TEXT_OR_NULL, refusal=TEXT_OR_NULL, role={"enum": ["developer", "system", "user", "assistant", "tool"]},
    function_call=record("", arguments=TEXT, name=TEXT),
    tool_calls={"type": "array", "items": record(
        "index", index=WHOLE, id=TEXT, type={"enum": ["function"]}, function=record("", name=TEXT, arguments=TEXT))})
CHUNK = record(
    "choices created id model object", id=TEXT, created=WHOLE, model=TEXT, system_fingerprint=TEXT, service_tier=TIER,
    object={"enum": ["chat.completion.chunk"]}, usage=nullable(USAGE),
    choices={"type": "array", "items": record(
        "delta finish_reason index", delta=DELTA, index=WHOLE, logprobs=LOGPROBS,
        finish_reason=nullable({"enum": REASONS}))})

CALL = record(
    "id type function", id=TEXT, type={"enum": ["function"]}, function=record("name arguments", name=TEXT, arguments=TEXT))
MESSAGE = record(
    "role content refusal", role={"enum": ["assistant"]}, content=TEXT_OR_NULL, refusal=TEXT_OR_NULL,
    tool_calls={"type": "array", "items": CALL}, function_call=record("name arguments", name=TEXT, arguments=TEXT))
COMPLETION = record(
    "choices created id model object", id=TEXT, created=WHOLE, model=TEXT, service_tier=TIER,
    object={"enum": ["chat.completion"]}, usage=USAGE,
    choices={"type": "array", "items": record(
        "finish_reason index message logprobs", finish_reason={"enum": REASONS}, index=WHOLE, message=MESSAGE,
        logprobs=LOGPROBS)})

_chunk, _completion = (jsonschema.Draft202012Validator(schema) for schema in (CHUNK, COMPLETION))


def check_chunk(value):
    _chunk.validate(value)


def check_completion(value):
    _completion.validate(value)
