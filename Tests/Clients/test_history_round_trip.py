"""The service's answer is the next request's history, word for word, on every platform and in both forms.

Each wire is strict: a member that its platform does not know is a violation, and so is a conversation out of order.
"""

import openai
import pytest

from platforms.bench import bench, wire  # noqa: F401  fixtures
from platforms.features import TOOLS, function
from platforms.scenarios import CHAT

USER = {"role": "user", "content": "One"}
# Members that answers of one platform or another have beside their text, and that clients send back.
LEFTOVERS = {
    "none": {},
    "openai": {"refusal": None, "annotations": [], "audio": None, "function_call": None},
    "vllm": {"refusal": None, "annotations": None, "audio": None, "function_call": None, "tool_calls": [],
        "reasoning_content": None},
    "unsigned": {"thinking_blocks": [{"type": "thinking", "thinking": "hm", "signature": ""},
        {"type": "thinking", "thinking": "hm"}]},
    "other": {"annotations": [{"type": "url_citation", "url_citation": {"url": "https://example.com"}}], "reasoning": "hm",
              "reasoning_details": [{"type": "reasoning.text"}], "provider_specific_fields": {"a": [1]}, "name": ""},
}
SCENARIOS = {
    "chat": {}, "length": {}, "filtered": {}, "reasoning": {"extra_body": {"enable_thinking": True}},
    "tools": {"tools": TOOLS}, "tools.text": {"tools": TOOLS}, "tools.parallel": {"tools": TOOLS},
    "tools.empty": {"tools": [function("now")]}}


def options_of(wire, scenario):
    options = dict(SCENARIOS[scenario])
    if scenario == "reasoning" and "thinking_on" in wire.lacks:
        options = {}
    return options | {"model": "-reasoning" if scenario == "reasoning" and wire.reasoning_model else ""}


def message_of(answer, stream):
    """As the stock SDK's callers keep it: the message of a whole answer, or the deltas of a stream joined."""
    if not stream:
        return answer.whole.choices[0].message.model_dump(exclude_unset=True)
    message = {"role": "assistant", "content": answer.text or None}
    if answer.thought:
        message["reasoning_content"] = answer.thought
    blocks = [block for chunk in answer.chunks for choice in chunk.choices
              for block in getattr(choice.delta, "thinking_blocks", None) or []]
    if blocks:
        message["thinking_blocks"] = blocks
    if answer.calls:
        message["tool_calls"] = [
            {"index": index, "id": id, "type": "function", "function": {"name": name, "arguments": arguments}}
            for index, (id, name, arguments) in enumerate(answer.calls)]
    return message


@pytest.mark.parametrize("leftovers", LEFTOVERS)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_an_answer_is_taken_back(bench, wire, scenario, stream, leftovers):
    options = options_of(wire, scenario)
    first = bench.ask(wire, scenario, stream=stream, messages=[USER], **options)
    message = LEFTOVERS[leftovers] | message_of(first, stream)
    results = [{"role": "tool", "tool_call_id": id, "content": f"result of {id}"} for id, _, _ in first.calls]
    # Those of one call at a time, where the platform makes no more.
    last = results or [{"role": "user", "content": "And now?"}]
    second = bench.ask(wire, "chat", stream=stream, messages=[USER, message, *last], **options)
    assert second.error is None
    [ask] = wire.asks(second.id)
    [said] = [turn for turn in ask.turns if turn.role == "assistant"]
    if results:
        assert second.text.startswith("The tool said: ")
        assert [call[2] for call in said.calls] == [arguments for _, arguments in first.arguments]
    else:
        assert second.text == CHAT and said.text == first.text


@pytest.mark.parametrize("content", [{"content": None}, {"content": []}, {"content": ""}, {}],
    ids=["null", "list", "text", "absent"])
@pytest.mark.parametrize("calls", [{}, {"tool_calls": []}, {"tool_calls": None, "function_call": None}],
    ids=["plain", "list", "nulls"])
def test_an_answer_without_a_word_is_taken_back(bench, wire, content, calls):
    history = [USER, {"role": "assistant", **content, **calls}, {"role": "user", "content": "Two"}]
    assert bench.ask(wire, messages=history).text == CHAT


@pytest.mark.parametrize("refusal", [
    {"refusal": "I will not."}, {"content": [{"type": "refusal", "refusal": "I will not."}]},
    {"audio": {"id": "audio_1", "data": "AA==", "expires_at": 1, "transcript": "I will not."}}], ids=["member", "part", "spoken"])
def test_a_refusal_is_taken_back_as_what_was_said(bench, wire, refusal):
    history = [USER, {"role": "assistant", "content": None, **refusal}, {"role": "user", "content": "Two"}]
    answer = bench.ask(wire, messages=history)
    assert answer.error is None
    # OpenAI has members of its own for it.
    if not wire.is_canonical:
        assert [turn.text for turn in wire.asks(answer.id)[0].turns if turn.role == "assistant"] == ["I will not."]


@pytest.mark.parametrize("arguments", [{"arguments": None}, {"arguments": ""}, {"arguments": " "}, {}],
                         ids=["null", "empty", "blank", "absent"])
@pytest.mark.parametrize("content", [None, [], ""], ids=["null", "list", "text"])
@pytest.mark.parametrize("result", ["12:00", "", None, [], [{"type": "text", "text": ""}]],
    ids=["text", "empty", "null", "list", "parts"])
def test_a_call_without_arguments_and_a_tool_without_words(bench, wire, arguments, content, result):
    call = {"id": "call_1", "function": {"name": "now", **arguments}}
    history = [USER, {"role": "assistant", "content": content, "tool_calls": [call]},
               {"role": "tool", "tool_call_id": "call_1", "content": result}]
    answer = bench.ask(wire, messages=history, tools=[function("now")])
    assert answer.text.startswith("The tool said: ")
    assert [call[1:] for turn in wire.asks(answer.id)[0].turns for call in turn.calls] == [("now", {})]


def test_functions_are_tools_everywhere(bench, wire):
    """The old style of calling functions, as it is asked for and as it stands in histories."""
    weather = TOOLS[0]["function"]
    asked = bench.ask(wire, "tools", functions=[weather])
    assert [name for name, _, _ in wire.asks(asked.id)[0].tools] == ["weather"]

    history = [USER, {"role": "assistant", "content": None, "function_call": {"name": "weather", "arguments": '{"city": "A"}'}},
               {"role": "function", "name": "weather", "content": "18 degrees"}]
    answer = bench.ask(wire, messages=history, functions=[weather], function_call="auto")
    turns = wire.asks(answer.id)[0].turns
    assert [(turn.role, [call[1:] for call in turn.calls]) for turn in turns] == [
        ("user", []), ("assistant", [("weather", {"city": "A"})]), ("tool", [])]
    assert "18 degrees" in turns[2].text and answer.text.startswith("The tool said: ")


def test_functions_that_must_not_be_called_are_not(bench, wire):
    answer = bench.ask(wire, "tools", functions=[TOOLS[0]["function"]], function_call="none")
    ask = wire.asks(answer.id)[0]
    assert ask.choice == "none" or not ask.tools


def test_a_named_function_is_forced_or_refused_in_the_callers_words(bench, wire):
    try:
        answer = bench.ask(wire, "tools", functions=[TOOLS[0]["function"]], function_call={"name": "weather"})
    except openai.BadRequestError as refusal:
        assert "tool_choice_named" in wire.lacks and refusal.param == "function_call"
        return
    assert wire.asks(answer.id)[0].choice == ("named", "weather")
