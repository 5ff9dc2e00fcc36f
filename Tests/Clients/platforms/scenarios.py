"""The answer of a platform, decided by a marker in the prompt: `[[scenario:tools id=7]]`.

In: an `Ask`, the request as the platform understood it. Out: a `Reply`, which each wire writes in its own words. A test
takes the same constants and compares what came out of the service at the other end.
"""

import re
from dataclasses import dataclass, field

MARKER = re.compile(r"\[\[scenario:(?P<name>[\w.]+)(?: id=(?P<id>[\w-]+))?(?: variant=(?P<variant>[\w.\-]+))?\]\]")

CHAT = "你好！I am well 🙂 — thanks."
UNICODE = "漢字かな交じり文 🧑‍🚀👩🏽‍💻 ß é \u2028 \"quoted\" \\ back\nnew\ttab 𠜎 🇨🇳"
JSON_TEXT = '{"city": "京都", "days": 3}'
LONG = "".join(f"第{number}行：long answers are carried whole, 🙂 too.\n" for number in range(18_000))  # above 1 MB
THOUGHT = "先想一想… first the city, 🤔 then the days."
BEFORE_STOP, STOP_WORD = "one, two, ", "STOPWORD"
CALLS = [{"city": "京都 🙂", "days": 3}, {"city": "San José", "days": 12}]


def marker(scenario, id, variant=None):
    return f"[[scenario:{scenario} id={id}" + (f" variant={variant}" if variant else "") + "]]"


@dataclass
class Turn:
    role: str  # user, assistant, tool
    text: str = ""
    images: list = field(default_factory=list)  # URLs, or data: URLs where base64 was sent
    calls: list = field(default_factory=list)  # (id, name, arguments as JSON value)
    answers: str | None = None  # id of the call that a tool turn answers


@dataclass
class Ask:
    model: str
    turns: list
    system: str | None = None
    stream: bool = False
    usage_in_stream: bool = True
    tools: list = field(default_factory=list)  # (name, description, parameters)
    choice: str | tuple | None = None  # none, auto, required, ("named", name)
    parallel: bool | None = None
    stop: list = field(default_factory=list)
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    json: object = None  # "object" or a schema
    thinking: bool | None = None
    effort: str | None = None
    budget: int | None = None
    user: str | None = None
    raw: dict = field(default_factory=dict)
    texts: list = field(default_factory=list)  # of an embeddings request
    dimensions: int | None = None

    @property
    def _marked(self):
        said = "\n".join([*(turn.text for turn in self.turns if turn.role == "user"), *self.texts])
        found = list(MARKER.finditer(said))
        return found[-1].groupdict() if found else {"name": "chat", "id": None, "variant": None}

    @property
    def scenario(self):
        return self._marked["name"]

    @property
    def id(self):
        return self._marked["id"]

    @property
    def variant(self):
        return self._marked["variant"]


@dataclass
class Usage:
    input: int = 17
    output: int = 9
    cached: int = 3
    reasoning: int = 0

    @property
    def total(self):
        return self.input + self.output


@dataclass
class Reply:
    text: str = ""
    thought: str = ""
    calls: list = field(default_factory=list)  # (id, name, arguments as JSON value)
    finish: str = "stop"  # stop, length, tool_calls, content_filter
    usage: Usage = field(default_factory=Usage)
    ending: str = "normal"  # how a stream ends: normal, eof, error, drop, hang
    framing: str | None = None  # how events are written: crlf, nospace, comments, cut
    pieces: int = 4

    @property
    def text_pieces(self):
        return split(self.text, self.pieces)

    @property
    def thought_pieces(self):
        return split(self.thought, 3)


def split(text, count):
    """About `count` pieces, cut between characters, as a platform never cuts one in JSON."""
    size = max(1, -(-len(text) // count))
    return [text[start:start + size] for start in range(0, len(text), size)]


def plan(ask, thinks=False):
    """`thinks`: the model shows reasoning text unless it was told not to."""
    scenario = ask.scenario
    last = ask.turns[-1]
    if last.role == "tool":
        return Reply(text=f"The tool said: {last.text}")
    if ask.tools and ask.choice != "none" and scenario.startswith("tools"):
        return called(ask, scenario)
    if scenario == "reasoning":
        thought = "" if ask.thinking is False else THOUGHT if thinks else ""
        return Reply(CHAT, thought, usage=Usage(output=29, reasoning=20 if thought else 0))
    if scenario.startswith("framing"):
        return Reply(UNICODE, framing=scenario.partition(".")[2] or None)
    if scenario in ("eof", "error", "drop", "hang"):
        return Reply(CHAT, ending=scenario)
    simple = {
        "json": Reply(JSON_TEXT), "unicode": Reply(UNICODE), "long": Reply(LONG, pieces=64, usage=Usage(output=400_000)),
        "length": Reply("Cut off in the", finish="length"), "filtered": Reply("I was", finish="content_filter"),
        "stop": Reply(BEFORE_STOP), "ping_between": Reply(CHAT, framing="comments")}
    return simple.get(scenario) or Reply(CHAT)


def called(ask, scenario):
    """Calls the first tool, or the named one: with `.parallel` twice, with `.empty` without arguments."""
    name = ask.choice[1] if isinstance(ask.choice, tuple) else ask.tools[0][0]
    if scenario.endswith(".empty"):
        return Reply(calls=[("call_a1", name, {})], finish="tool_calls")
    count = 2 if scenario.endswith(".parallel") and ask.parallel is not False else 1
    calls = [(f"call_{'ab'[index]}1", name, CALLS[index]) for index in range(count)]
    return Reply(calls=calls, finish="tool_calls", text="Let me see. " if scenario.endswith(".text") else "")
