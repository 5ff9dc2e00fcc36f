"""The features of a chat: for each the request, and the answer that must come.

In: a wire. Out: a `Case`, whose `check` gets the answer and the `Ask`, the request as the platform understood it.
"""

import base64
from dataclasses import dataclass
from typing import Callable

from .scenarios import CALLS, CHAT

FEATURES = {}  # name -> (title, function)


@dataclass
class Case:
    scenario: str
    options: dict
    check: Callable = lambda answer, ask: None
    text: str | None = CHAT  # None: checked by `check`
    finish: str = "stop"
    fields: tuple = ()  # of the request, one of which a refusal must name
    model: str = ""  # suffix


def feature(title):
    def register(make):
        FEATURES[make.__name__] = (title, make)
        return make

    return register


def function(name, **properties):
    parameters = {"type": "object", "properties": properties, "required": sorted(properties)}
    return {"type": "function", "function": {"name": name, "description": f"Looks up the {name}.", "parameters": parameters}}


TOOLS = [
    function("weather", city={"type": "string"}, days={"type": "integer"}), function("time", zone={"type": "string"})]
RESULT = '{"degrees": 18, "天气": "🙂"}'
PNG = "data:image/png;base64," + base64.b64encode(bytes(range(256)) * 300).decode()
IMAGE_URL = "https://example.com/pictures/cat.png?size=2&x=%E4%BA%AC"


@feature("Text")
def chat(wire):
    return Case("chat", {})


@feature("System text")
def system(wire):
    messages = [{"role": "system", "content": "Be brief. 请简短"}, {"role": "user", "content": "Hi"}]

    def check(answer, ask):
        assert ask.system == "Be brief. 请简短" and [turn.role for turn in ask.turns] == ["user"]

    return Case("chat", {"messages": messages}, check)


@feature("Developer text")
def developer(wire):
    messages = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "Hi"}]

    def check(answer, ask):
        assert ask.system == "Be brief."

    return Case("chat", {"messages": messages}, check, fields=("messages",))


@feature("System text in several messages")
def systems(wire):
    messages = [{"role": "system", "content": text} for text in ("Be brief.", "Be kind.")] + [{"role": "user", "content": "Hi"}]

    def check(answer, ask):
        assert "Be brief." in ask.system and ask.system.index("Be brief.") < ask.system.index("Be kind.")

    return Case("chat", {"messages": messages}, check, fields=("messages",))


@feature("Several turns")
def turns(wire):
    messages = [
        {"role": "system", "content": "Be brief."}, {"role": "user", "content": "One"}, {"role": "assistant", "content": "二"},
        {"role": "user", "content": [{"type": "text", "text": "Three, "}, {"type": "text", "text": "four"}]}]

    def check(answer, ask):
        assert [(turn.role, turn.text.split(" [[")[0]) for turn in ask.turns[:2]] == [("user", "One"), ("assistant", "二")]
        assert ask.turns[2].text.startswith("Three, ") and "four" in ask.turns[2].text

    return Case("chat", {"messages": messages}, check)


@feature("Two turns of one role")
def same_role(wire):
    messages = [
        {"role": "user", "content": "One"}, {"role": "user", "content": "Two"}, {"role": "assistant", "content": "Three"},
        {"role": "user", "content": "Four"}, {"role": "user", "content": "Five"}]

    def check(answer, ask):
        said = "".join(turn.text for turn in ask.turns)
        places = [said.find(word) for word in ("One", "Two", "Three", "Four", "Five")]
        assert places == sorted(places) and -1 not in places

    return Case("chat", {"messages": messages}, check, fields=("messages",))


@feature("Function call")
def tools(wire):
    def check(answer, ask):
        assert answer.arguments == [("weather", CALLS[0])]
        sent = [(tool["function"]["name"], tool["function"]["description"], tool["function"]["parameters"]) for tool in TOOLS]
        assert ask.tools == sent

    return Case("tools", {"tools": TOOLS}, check, text="", finish="tool_calls")


@feature("Text before a function call")
def tools_text(wire):
    def check(answer, ask):
        assert answer.arguments == [("weather", CALLS[0])]

    return Case("tools.text", {"tools": TOOLS}, check, text="Let me see. ", finish="tool_calls", fields=("tools",))


@feature("Function call without arguments")
def tools_empty(wire):
    def check(answer, ask):
        assert answer.arguments == [("now", {})]

    return Case("tools.empty", {"tools": [function("now")]}, check, text="", finish="tool_calls")


@feature("Parallel function calls")
def tools_parallel(wire):
    def check(answer, ask):
        assert answer.arguments == [("weather", CALLS[0]), ("weather", CALLS[1])]
        assert len({id for id, _, _ in answer.calls}) == 2

    return Case("tools.parallel", {"tools": TOOLS, "parallel_tool_calls": True}, check, text="", finish="tool_calls",
                fields=("parallel_tool_calls", "tools"))


@feature("One call at most (`parallel_tool_calls: false`)")
def parallel_tool_calls_off(wire):
    def check(answer, ask):
        assert ask.parallel is False and len(answer.calls) == 1

    return Case("tools.parallel", {"tools": TOOLS, "parallel_tool_calls": False}, check, text="", finish="tool_calls",
                fields=("parallel_tool_calls",))


def _history(calls):
    written = [
        {"id": id, "type": "function", "function": {"name": "weather", "arguments": text}} for id, text, _ in calls]
    return [
        {"role": "user", "content": "Weather?"}, {"role": "assistant", "content": None, "tool_calls": written},
        *({"role": "tool", "tool_call_id": id, "content": result} for id, _, result in calls)]


@feature("Function result")
def tools_result(wire):
    def check(answer, ask):
        assert ask.turns[1].calls[0][1:] == ("weather", {"city": "京都 🙂", "days": 3})
        assert ask.turns[2].text == RESULT and ask.turns[2].answers in (None, ask.turns[1].calls[0][0])

    history = _history([("call_x1", '{"city": "京都 🙂", "days": 3}', RESULT)])
    return Case("tools", {"messages": history, "tools": TOOLS}, check, text=f"The tool said: {RESULT}")


@feature("Results of parallel calls")
def tools_results(wire):
    def check(answer, ask):
        assert [call[2] for turn in ask.turns for call in turn.calls] == [{"city": "A"}, {"city": "B"}]
        assert [turn.text for turn in ask.turns if turn.role == "tool"] == ["1", "2"]

    history = _history([("call_x1", '{"city":"A"}', "1"), ("call_x2", '{"city":"B"}', "2")])
    return Case("tools", {"messages": history, "tools": TOOLS}, check, text="The tool said: 2", fields=("messages",))


@feature("`tool_choice: none`")
def tool_choice_none(wire):
    def check(answer, ask):
        assert not answer.calls and (ask.choice == "none" or not ask.tools)

    return Case("tools", {"tools": TOOLS, "tool_choice": "none"}, check, fields=("tool_choice",))


@feature("`tool_choice: auto`")
def tool_choice_auto(wire):
    def check(answer, ask):
        assert ask.choice in (None, "auto") and answer.arguments == [("weather", CALLS[0])]

    return Case("tools", {"tools": TOOLS, "tool_choice": "auto"}, check, text="", finish="tool_calls")


@feature("`tool_choice: required`")
def tool_choice_required(wire):
    def check(answer, ask):
        assert ask.choice == "required" and answer.arguments == [("weather", CALLS[0])]

    return Case("tools", {"tools": TOOLS, "tool_choice": "required"}, check, text="", finish="tool_calls",
        fields=("tool_choice",))


@feature("`tool_choice` with a name")
def tool_choice_named(wire):
    def check(answer, ask):
        assert ask.choice == ("named", "time") and answer.arguments == [("time", CALLS[0])]

    choice = {"type": "function", "function": {"name": "time"}}
    return Case("tools", {"tools": TOOLS, "tool_choice": choice}, check, text="", finish="tool_calls", fields=("tool_choice",))


def _picture(wire, url):
    def check(answer, ask):
        assert ask.turns[0].images == [url] and ask.turns[0].text.startswith("What is this?")

    content = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": url}}]
    return Case("chat", {"messages": [{"role": "user", "content": content}]}, check, fields=("messages",),
                model="-vision" if wire.vision_model else "")


@feature("Image by URL")
def image_url(wire):
    return _picture(wire, IMAGE_URL)


@feature("Image as base64")
def image_base64(wire):
    return _picture(wire, PNG)
