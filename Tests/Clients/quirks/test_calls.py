"""Calls of functions, however a server streams or writes them, become the calls that OpenAI's clients read (K2, K3)."""

import json

import pytest
from support.raw_platform import events, whole

from .bench import TOOL, after_prompt
from .known import known
from .modes import ALL, MANY_CALLS, OPENAI_SHAPED
from .reading import calls_of, check_completion
from .shapes import Said, calling, chunk, claude_event, completion, usage_chunk

END = [chunk({}, "tool_calls"), usage_chunk(prompt_tokens=7, completion_tokens=3, total_tokens=10)]


def part(index=None, id=None, name=None, arguments=None, **more):
    """A piece of a call. Arguments of None are left out."""
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    return {**({} if index is None else {"index": index}), **({} if id is None else {"id": id, "type": "function"}),
            **({"function": function} if function else {}), **more}


# Name -> (pieces, one list a chunk, the calls as (name, arguments), the ids where the server gave them).
JOINING = {
    "no index, a chunk for each": (
        [[part(id="c1", name="f", arguments='{"slug":"a"}')], [part(id="c2", name="g", arguments='{"slug":"b"}')]],
        [("f", '{"slug":"a"}'), ("g", '{"slug":"b"}')], ["c1", "c2"]),
    "no index, one chunk for all": (
        [[part(id="c1", name="f", arguments="{}"), part(id="c2", name="g", arguments='{"a":1}')]],
        [("f", "{}"), ("g", '{"a":1}')], ["c1", "c2"]),
    "no index, in pieces": (
        [[part(id="c1", name="f", arguments="")], [part(arguments='{"a"')], [part(arguments=":1}")],
         [part(id="c2", name="f", arguments="")], [part(arguments="{}")]],
        [("f", '{"a":1}'), ("f", "{}")], ["c1", "c2"]),
    "index 0 for all": (
        [[part(0, "c1", "f", "")], [part(0, arguments='{"a":1}')], [part(0, "c2", "g", "")], [part(0, arguments='{"b":2}')]],
        [("f", '{"a":1}'), ("g", '{"b":2}')], ["c1", "c2"]),
    "index 0 for all, the same function twice": (
        [[part(0, "c1", "f", '{"a":1}')], [part(0, "c2", "f", '{"a":2}')]],
        [("f", '{"a":1}'), ("f", '{"a":2}')], ["c1", "c2"]),
    "index 0 for all, in one chunk": (
        [[part(0, "c1", "f", '{"a":1}'), part(0, "c2", "g", '{"b":2}')]],
        [("f", '{"a":1}'), ("g", '{"b":2}')], ["c1", "c2"]),
    "the index counts up while one call goes on": (
        [[part(0, "c1", "f", '{"a"')], [part(1, arguments=":")], [part(2, arguments="1}")]],
        [("f", '{"a":1}')], ["c1"]),
    "the index begins at 1": (
        [[part(1, "c1", "f", "{}")], [part(2, "c2", "g", "{}")]], [("f", "{}"), ("g", "{}")], ["c1", "c2"]),
    "the index has holes": (
        [[part(3, "c1", "f", "{}")], [part(7, "c2", "g", "{}")]], [("f", "{}"), ("g", "{}")], ["c1", "c2"]),
    "the index is a text": (
        [[part("0", "c1", "f", '{"a"')], [part("0", arguments=":1}")], [part("1", "c2", "g", "{}")]],
        [("f", '{"a":1}'), ("g", "{}")], ["c1", "c2"]),
    "the index is null": (
        [[{**part(id="c1", name="f", arguments='{"a"'), "index": None}], [{**part(arguments=":1}"), "index": None}]],
        [("f", '{"a":1}')], ["c1"]),
    "interleaved, as OpenAI may": (
        [[part(0, "c1", "f", "")], [part(1, "c2", "g", "")], [part(0, arguments='{"a":')], [part(1, arguments="{")],
         [part(0, arguments="1}")], [part(1, arguments="}")]],
        [("f", '{"a":1}'), ("g", "{}")], ["c1", "c2"]),
    "the id comes later": (
        [[part(0, name="f", arguments='{"a"')], [part(0, id="c1", arguments=":1}")]], [("f", '{"a":1}')], None),
    "the id comes alone, before the name": (
        [[part(0, id="c1")], [part(0, name="f")], [part(0, arguments="{}")]], [("f", "{}")], ["c1"]),
    "the name comes in pieces": (
        [[part(0, "c1", "look", "")], [part(0, name="_up", arguments="")], [part(0, arguments="{}")]], [("look_up", "{}")],
        ["c1"]),
    "id and name in every piece": (
        [[part(0, "c1", "f", '{"a"')], [part(0, "c1", "f", ":1}")]], [("f", '{"a":1}')], ["c1"]),
    "empty id and name in later pieces": (
        [[part(0, "c1", "f", '{"a"')], [part(0, "", "", ":1}")]], [("f", '{"a":1}')], ["c1"]),
    "null id and name in later pieces": (
        [[part(0, "c1", "f", '{"a"')],
         [{"index": 0, "id": None, "type": None, "function": {"name": None, "arguments": ":1}"}}]], [("f", '{"a":1}')], ["c1"]),
    "null arguments at first": (
        [[{"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": None}}], [part(0, arguments="{}")]],
        [("f", "{}")], ["c1"]),
    "arguments as an object": (
        [[{"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": {"a": 1}}}]], [("f", '{"a":1}')],
        ["c1"]),
    "no ids": (
        [[part(0, name="f", arguments='{"a"')], [part(0, arguments=":1}")], [part(1, name="f", arguments="{}")]],
        [("f", '{"a":1}'), ("f", "{}")], None),
    "no ids and no index": ([[part(name="f", arguments="{}")], [part(name="g", arguments="{}")]], [("f", "{}"), ("g", "{}")],
        None),
    "empty ids": ([[part(0, "", "f", "{}")], [part(1, "", "g", "{}")]], [("f", "{}"), ("g", "{}")], None),
    "no type": (
        [[{"index": 0, "id": "c1", "function": {"name": "f", "arguments": "{}"}}]], [("f", "{}")], ["c1"]),
    "null function between": (
        [[part(0, "c1", "f", "{}")], [{"index": 0, "function": None}], [{"index": 0}]], [("f", "{}")], ["c1"]),
    "numbers as ids": ([[part(0, 17, "f", "{}")], [part(1, 18, "g", "{}")]], [("f", "{}"), ("g", "{}")], None),
}


@known("Gemini", "vLLM", does="streams calls without `index`, each in a chunk of its own",
       gives="calls of their own, with a dense index", report="Tencent/WeKnora#3570")
@known("Gemini", does="several calls without `index` in one chunk", gives="told apart by id and name",
       report="router-for-me/CLIProxyAPI#5058")
@known("Ollama", does="`index` 0 for all calls of an answer", gives="a new id or name opens a call of its own",
       report="ollama/ollama#15457")
@known("SGLang", does="`index` missing, wrong, or counting up while one call goes on",
       gives="what has no new id or name continues the last call",
       report="sgl-project/sglang#6310")
@known("SGLang", does="no `id` for the second call and later ones", gives="an id is made",
       report="sgl-project/sglang#7048")
@known("LMDeploy", "vLLM", does="`index` 0 for all, and `id: \"\"` or the same id in later pieces",
       gives="calls are told apart by new ids",
       report="InternLM/lmdeploy#3412")
@known("LM Studio", does="an empty name in later pieces of a call", gives="it changes nothing",
       report="lmstudio-ai/lmstudio-bug-tracker#649")
@known("StepFun", "Zhipu GLM", does="streams a call without `id`", gives="an id is made, one for the whole call",
       report="iOfficeAI/aionrs#99")
@known("DashScope", does="an empty `id` and `name` in later pieces of a call", gives="they change nothing")
@pytest.mark.parametrize("mode", ["openai/compatible", "alibaba/compatible", "zhipu"])
@pytest.mark.parametrize("how", JOINING)
def test_streamed_calls_are_joined(place, how, mode):
    chunks, calls, ids = JOINING[how]
    place.answers(events([*(chunk({"tool_calls": parts}) for parts in chunks), *END]))

    streamed = place.stream(tools=[TOOL]).checked()

    assert read(streamed.calls) == calls
    given = [id for id, _, _ in streamed.calls]
    assert len(set(given)) == len(calls) and (ids is None or given == ids)
    assert streamed.finish == "tool_calls"


def read(calls):
    """(name, arguments) of each, the arguments without the spaces that a server may write."""
    return [(name, json.dumps(json.loads(text), separators=(",", ":"))) for _, name, text in calls]


@pytest.mark.parametrize("how", JOINING)
def test_the_same_events_give_the_same_whole_answer(place, how):
    """The calls are the same where a document was asked for and events came."""
    chunks, calls, _ = JOINING[how]
    place.answers(events([*(chunk({"tool_calls": parts}) for parts in chunks), *END]))

    answer = check_completion(place.post(tools=[TOOL]).json())

    assert read(calls_of(answer["choices"][0]["message"])) == calls


# Name -> (the call as the server writes it, its arguments).
WRITTEN = {
    "arguments as an object": ({"id": "c1", "type": "function", "function": {"name": "f", "arguments": {"q": "a"}}}, {"q": "a"}),
    "arguments null": ({"id": "c1", "type": "function", "function": {"name": "f", "arguments": None}}, {}),
    "arguments empty": ({"id": "c1", "type": "function", "function": {"name": "f", "arguments": ""}}, {}),
    "arguments missing": ({"id": "c1", "type": "function", "function": {"name": "f"}}, {}),
    "no id": ({"type": "function", "function": {"name": "f", "arguments": "{}"}}, {}),
    "empty id": ({"id": "", "type": "function", "function": {"name": "f", "arguments": "{}"}}, {}),
    "null id": ({"id": None, "type": "function", "function": {"name": "f", "arguments": "{}"}}, {}),
    "no type": ({"id": "c1", "function": {"name": "f", "arguments": "{}"}}, {}),
    "id as a number": ({"id": 17, "type": "function", "function": {"name": "f", "arguments": "{}"}}, {}),
}


@known("llama.cpp", "Ollama", does="`arguments` as an object in place of its text", gives="the text of it",
       report="ggml-org/llama.cpp#20198")
@known("llama.cpp", "LM Studio", does="calls without `id`", gives="an id is made, which the next turn may name",
       report="ggml-org/llama.cpp#11992")
@pytest.mark.parametrize("mode", OPENAI_SHAPED)
@pytest.mark.parametrize("how", WRITTEN)
def test_a_written_call_is_completed(place, how, mode):
    call, arguments = WRITTEN[how]
    place.answers(whole(completion({"content": None, "tool_calls": [call]}, "tool_calls")))

    answer = check_completion(place.post(tools=[TOOL]).json())

    [(id, name, text)] = calls_of(answer["choices"][0]["message"])
    assert id and name == "f" and json.loads(text or "{}") == arguments


def test_two_calls_without_id_get_two(place):
    call = {"type": "function", "function": {"name": "f", "arguments": "{}"}}
    place.answers(whole(completion({"content": None, "tool_calls": [call, call]}, "tool_calls")))

    ids = [id for id, _, _ in calls_of(place.ask(tools=[TOOL]))]

    assert len(set(ids)) == 2


def test_an_id_that_was_made_is_taken_in_the_next_turn(place):
    call = {"type": "function", "function": {"name": "f", "arguments": "{}"}}
    place.answers(whole(completion({"content": None, "tool_calls": [call]}, "tool_calls")), whole(completion()))
    message = place.openai.chat.completions.create(model=place.model, messages=after_prompt(), tools=[TOOL]).choices[0].message

    place.ask(messages=after_prompt(message.model_dump(exclude_unset=True), {
        "role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "found"}), tools=[TOOL])

    sent = place.sent["messages"]
    assert sent[1]["tool_calls"][0]["id"] == sent[2]["tool_call_id"] == message.tool_calls[0].id


# MARK: the same faults in the other shapes

# The replaced part, by the family of the shape.
BENT = {
    "no id": {"openai": (b'"id": "c1", ', b""), "hunyuan": (b'"Id": "c1", ', b""), "claude": (b'"id": "c1", ', b"")},
    "empty id": {"openai": (b'"id": "c1"', b'"id": ""'), "hunyuan": (b'"Id": "c1"', b'"Id": ""'),
        "claude": (b'"id": "c1"', b'"id": ""')},
    "no type": {"openai": (b'"type": "function", ', b""), "hunyuan": (b'"Type": "function", ', b"")},
    "no index": {"openai": (b'"index": 0, "id"', b'"id"'), "hunyuan": (b'"Index": 0, "Function"', b'"Function"')},
    "arguments as an object": {
        "openai": (b'"{\\"q\\":\\"a\\"}"', b'{"q":"a"}'), "hunyuan": (b'"{\\"q\\":\\"a\\"}"', b'{"q":"a"}'),
        "ernie": (b'"{\\"q\\":\\"a\\"}"', b'{"q":"a"}')},
    "finish reason stop": {
        "openai": (b'"finish_reason": "tool_calls"', b'"finish_reason": "stop"'),
        "hunyuan": (b'"FinishReason": "tool_calls"', b'"FinishReason": "stop"'),
        "claude": (b'"tool_use", "stop_sequence"', b'"end_turn", "stop_sequence"'),
        "ernie": (b'"finish_reason": "function_call"', b'"finish_reason": "normal"')},
}
FAMILY = {"anthropic": "claude", "tencent/native": "hunyuan", "baidu/v1": "ernie"}


@known("Gemini", does='`finish_reason: "stop"` beside streamed calls', gives="`tool_calls`",
       report="googleapis/python-genai#2868")
@pytest.mark.parametrize("how, mode", [
    pytest.param(how, mode, id=f"{how}-{mode}") for how, families in BENT.items() for mode in ALL
    if FAMILY.get(mode, "openai") in families])
def test_calls_are_completed_in_every_shape(place, how, mode):
    bend = BENT[how][FAMILY.get(mode, "openai")]
    said = calling(("c1", "look_up", '{"q":"a"}'))
    place.answers(place.mode.whole(said).replacing(*bend))
    answer = check_completion(place.post(tools=[TOOL]).json())["choices"][0]
    place.answers(place.mode.stream(said).replacing(*bend))
    streamed = place.stream(tools=[TOOL]).checked()

    for [(id, name, arguments)], finish in (
            (calls_of(answer["message"]), answer["finish_reason"]), (streamed.calls, streamed.finish)):
        assert id and name == "look_up" and json.loads(arguments) == {"q": "a"} and finish == "tool_calls"


@pytest.mark.parametrize("mode", MANY_CALLS)
def test_many_calls_keep_their_number_in_every_shape(place, mode):
    place.says(calling(("c1", "f", '{"a":1}'), ("c2", "g", "{}"), ("c3", "f", '{"a":3}'), text=("So: ",)))

    streamed = place.stream(tools=[TOOL]).checked()

    assert streamed.text == "So: " and streamed.calls == calls_of(place.ask(tools=[TOOL]))
    assert [(name, json.loads(text)) for _, name, text in streamed.calls] == [("f", {"a": 1}), ("g", {}), ("f", {"a": 3})]


@known("Claude", does="a streamed call of a function without parameters has no JSON at all", gives="`{}`",
       report="BerriAI/litellm#5063")
@pytest.mark.parametrize("pieces", [[], [""], ["", ""], ["{}"]], ids=["none", "empty", "twice-empty", "braces"])
@pytest.mark.place(mode="anthropic")
def test_a_call_without_arguments_of_claude(place, pieces):
    start = json.loads(place.mode.stream(Said()).pieces[0].split(b"data: ")[1])
    place.answers(events([claude_event(event) for event in [
        start, {"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "id": "t1", "name": "now",
            "input": {}}},
        *({"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": piece}}
            for piece in pieces),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 9}},
        {"type": "message_stop"}]], done=False))

    assert place.stream(tools=[TOOL]).checked().calls == [("t1", "now", "{}")]


@pytest.mark.place(mode="anthropic")
def test_a_call_of_claude_that_comes_whole_at_its_start(place):
    start = json.loads(place.mode.stream(Said()).pieces[0].split(b"data: ")[1])
    block = {"type": "tool_use", "id": "t1", "name": "look_up", "input": {"q": "a"}}
    place.answers(events([claude_event(event) for event in [
        start, {"type": "content_block_start", "index": 0, "content_block": block}, {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 9}},
        {"type": "message_stop"}]], done=False))

    [(_, _, arguments)] = place.stream(tools=[TOOL]).checked().calls
    assert json.loads(arguments) == {"q": "a"}


# MARK: functions in the old style

FUNCTION = TOOL["function"]


@known("Older clients", does="`functions` and `function_call`, retired since 2023",
       gives="they work on every platform, answered as `function_call`")
@pytest.mark.parametrize("mode", ALL)
def test_old_style_functions_are_answered_in_the_old_style(place, mode):
    place.says(calling(("c1", "look_up", '{"q":"a"}')))

    choice = place.post(functions=[FUNCTION], function_call="auto").json()["choices"][0]
    streamed = place.stream(functions=[FUNCTION])

    message = choice["message"]
    assert choice["finish_reason"] == streamed.finish == "function_call"
    assert message["function_call"]["name"] == "look_up" and json.loads(message["function_call"]["arguments"]) == {"q": "a"}
    assert "tool_calls" not in message and not any("tool_calls" in delta for delta in streamed.deltas)
    parts = [delta["function_call"] for delta in streamed.deltas if delta.get("function_call")]
    assert "".join(part.get("name") or "" for part in parts) == "look_up"
    assert json.loads("".join(part.get("arguments") or "" for part in parts)) == {"q": "a"}


@pytest.mark.parametrize("mode", ALL)
def test_old_style_calls_are_taken_back(place, mode):
    place.says(Said())

    place.ask(functions=[FUNCTION], messages=after_prompt(
        {"role": "assistant", "content": None, "function_call": {"name": "look_up", "arguments": '{"q":"a"}'}},
        {"role": "function", "name": "look_up", "content": "found"}))

    raw = place.calls()[-1].raw.decode()
    assert "look_up" in raw and "found" in raw


@pytest.mark.parametrize("mode", ALL)
def test_an_answer_without_a_call_stays_as_it_is_for_old_style_callers(place, mode):
    place.says(Said())

    choice = place.post(functions=[FUNCTION], function_call="auto").json()["choices"][0]

    assert choice["finish_reason"] == "stop" and choice["message"]["content"] == "Hello, world"
