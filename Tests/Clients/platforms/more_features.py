"""The features that are about how much, how deep and how: JSON, limits, thinking, framing of streams. See `features`."""

from .features import Case, feature
from .scenarios import BEFORE_STOP, JSON_TEXT, LONG, STOP_WORD, THOUGHT, UNICODE

SCHEMA = {
    "type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["city", "days"],
    "additionalProperties": False}


@feature("JSON mode")
def json_object(wire):
    def check(answer, ask):
        # A platform without the mode can be told in words.
        assert ask.json == "object" or "json_object" in wire.may_lack and "json" in (ask.system or "").lower()

    return Case("json", {"response_format": {"type": "json_object"}, "say": "Answer in JSON."}, check,
                text=JSON_TEXT, fields=("response_format",))


@feature("JSON schema")
def json_schema(wire):
    def check(answer, ask):
        assert ask.json == SCHEMA

    wanted = {"type": "json_schema", "json_schema": {"name": "trip", "schema": SCHEMA, "strict": True}}
    return Case("json", {"response_format": wanted, "say": "Answer in JSON."}, check, text=JSON_TEXT, fields=("response_format",))


def _thinking(wire, options, check, fields):
    return Case("reasoning", options, check, fields=fields, model="-reasoning" if wire.reasoning_model else "")


@feature("Reasoning on")
def thinking_on(wire):
    def check(answer, ask):
        assert ask.thinking is not False

    return _thinking(wire, {"extra_body": {"enable_thinking": True}}, check, ("enable_thinking", "reasoning_effort"))


@feature("Reasoning off (`reasoning_effort: none`)")
def thinking_off(wire):
    def check(answer, ask):
        # A platform that never thinks has nothing to switch off.
        assert (ask.thinking is False or "thinking_on" in wire.lacks) and not answer.thought

    return _thinking(wire, {"reasoning_effort": "none"}, check, ("reasoning_effort",))


@feature("Reasoning effort")
def reasoning_effort(wire):
    def check(answer, ask):
        assert ask.effort or ask.budget or ask.thinking, "the effort got lost"

    return _thinking(wire, {"reasoning_effort": "high"}, check, ("reasoning_effort",))


@feature("Reasoning text")
def reasoning_text(wire):
    def check(answer, ask):
        assert answer.thought == THOUGHT

    return _thinking(wire, {"extra_body": {"enable_thinking": True}}, check, ("enable_thinking", "reasoning_effort"))


@feature("Stop text")
def stop(wire):
    def check(answer, ask):
        assert ask.stop == [STOP_WORD]

    return Case("stop", {"stop": STOP_WORD}, check, text=BEFORE_STOP, fields=("stop",))


@feature("Several stop texts")
def stops(wire):
    def check(answer, ask):
        assert ask.stop == [STOP_WORD, "NEVER"]

    return Case("stop", {"stop": [STOP_WORD, "NEVER"]}, check, text=BEFORE_STOP, fields=("stop",))


@feature("`max_tokens`")
def max_tokens(wire):
    def check(answer, ask):
        assert ask.max_tokens == 321

    return Case("chat", {"max_tokens": 321}, check, fields=("max_tokens",))


@feature("`max_completion_tokens`")
def max_completion_tokens(wire):
    def check(answer, ask):
        assert ask.max_tokens == 321

    return Case("chat", {"max_completion_tokens": 321}, check, fields=("max_completion_tokens",))


@feature("`temperature`")
def temperature(wire):
    def check(answer, ask):
        assert ask.temperature == 0.75

    return Case("chat", {"temperature": 0.75}, check, fields=("temperature",))


@feature("`top_p`")
def top_p(wire):
    def check(answer, ask):
        assert ask.top_p == 0.5

    return Case("chat", {"top_p": 0.5}, check, fields=("top_p",))


@feature("`seed`")
def seed(wire):
    def check(answer, ask):
        assert ask.seed == 4242

    return Case("chat", {"seed": 4242}, check, fields=("seed",))


@feature("`user`, where the platform takes one")
def user(wire):
    def check(answer, ask):
        assert ask.user in (None, "customer-0042")

    return Case("chat", {"user": "customer-0042"}, check)


@feature("Cut off by the limit")
def length(wire):
    return Case("length", {}, text="Cut off in the", finish="length")


@feature("Cut off by the filter")
def content_filter(wire):
    return Case("filtered", {}, text="I was", finish="content_filter")


@feature("Chinese, emoji, odd characters")
def unicode(wire):
    return Case("unicode", {"say": "请说 🙂"}, text=UNICODE)


@feature("Answers of a megabyte")
def long(wire):
    return Case("long", {}, text=LONG)


def _framed(how):
    return lambda wire: Case(f"framing.{how}", {}, text=UNICODE)


for name, title in [
        ("cut", "Streams cut anywhere by TCP"), ("crlf", "Streams with CRLF"), ("nospace", "Streams without spaces after colons"),
        ("comments", "Streams with comments between events")]:
    made = _framed(name)
    made.__name__ = f"framing_{name}"
    feature(title)(made)
