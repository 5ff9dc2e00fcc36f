"""The front door is not stricter than the platforms: null and empty are absent, shapes are ours, limits the platform's.

`wire` is each platform in turn, which refuses what its documents refuse. `seen` is a server of which nothing is known.
"""

import httpx
import openai
import pytest

from platforms.bench import bench, wire  # noqa: F401  fixtures
from platforms.features import IMAGE_URL, PNG, TOOLS, function
from platforms.scenarios import CHAT
from support.service import prompt
from support.upstream import answer

USER = {"role": "user", "content": "One"}
EMPTY = {
    "tools": {"tools": []}, "no tools": {"tools": None, "tool_choice": None},
    "a choice of none": {"tools": [], "tool_choice": "auto"},
    "no choice": {"tool_choice": "none"}, "parallel": {"parallel_tool_calls": True},
    "functions": {"functions": [], "function_call": None},
    "stop": {"stop": []}, "stop text": {"stop": ""}, "stop texts": {"stop": [""]}, "null stop": {"stop": None},
    "stream options": {"stream_options": None}, "no stream options": {"stream_options": {}}, "format": {"response_format": None},
    "empty format": {"response_format": {}}, "bias": {"logit_bias": {}}, "metadata": {"metadata": {}},
    "null metadata": {"metadata": None},
    "user": {"user": None}, "empty user": {"user": ""}, "effort": {"reasoning_effort": ""},
    "null effort": {"reasoning_effort": None},
    "sampling": {"temperature": None, "top_p": None, "seed": None, "n": None, "presence_penalty": None,
        "frequency_penalty": None},
    "limits": {"max_tokens": None, "max_completion_tokens": None}, "logprobs": {"logprobs": None, "top_logprobs": None},
    "thinking": {"thinking": None, "enable_thinking": None, "thinking_budget": None}, "modalities": {"modalities": []},
}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("empty", EMPTY)
def test_what_says_nothing_is_absent(bench, wire, empty, stream):
    assert bench.ask(wire, stream=stream, extra_body=EMPTY[empty]).text == CHAT


@pytest.fixture
def seen(service, upstream):
    """Asks a server that takes everything: the body that reached it."""

    def ask(path="/v1/chat/completions", **members):
        script = upstream.script(answer("ok"))
        body = {"model": "stub", "messages": prompt(), "x_script": script.name} | members
        reply = httpx.post(service.url + path, json=body, timeout=30)
        assert reply.status_code == 200, reply.text
        [call] = script.calls
        return call.body

    return ask


@pytest.mark.parametrize("empty", EMPTY)
def test_a_server_hears_nothing_of_what_says_nothing(seen, empty):
    assert set(seen(**EMPTY[empty])) == {"model", "messages", "x_script"}


@pytest.mark.parametrize("members", [
    {"stop": ["a:", "b:", "c:", "d:", "e:"]}, {"top_logprobs": 50, "logprobs": True}, {"temperature": 3.5}, {"max_tokens": -1},
    {"tools": TOOLS, "tool_choice": "any"}, {"response_format": {"type": "grammar", "value": 'root ::= "a"'}},
    {"response_format": {"type": "regex", "value": "a+"}}, {"messages": [{"role": "ipython", "content": "1"}, *prompt()]},
    {"messages": [*prompt(), {"role": "assistant", "content": "a", "prefix": True, "x_more": {"a": None}}]},
    {"web_search_options": {}, "x_flags": [], "x_text": ""}, {"tools": [{"type": "web_search", "x": None}],
        "tool_choice": "auto"},
], ids=lambda members: ", ".join(members))
def test_a_server_gets_what_its_own_rules_may_allow(seen, members):
    body = seen(**members)
    expected = {"tools": [{"type": "web_search"}]} if members.get("tools", [{}])[0].get("type") == "web_search" else {}
    assert {name: body[name] for name in members} == members | expected


def test_the_newer_of_two_token_limits_wins(bench, wire, seen):
    limits = {"max_tokens": 5, "max_completion_tokens": 321}
    sent = seen(**limits)
    assert sent["max_completion_tokens"] == 321 and "max_tokens" not in sent
    try:
        answer = bench.ask(wire, **limits)
    except openai.BadRequestError as refusal:
        assert "max_tokens" in wire.lacks and refusal.param == "max_completion_tokens"
        return
    assert wire.asks(answer.id)[0].max_tokens == 321


NAMED = {"type": "function", "function": {"name": "nobody"}}
BEYOND = {
    "five stops": {"stop": ["a1", "b2", "c3", "d4", "e5"]}, "seventeen stops": {"stop": [f"s{n}" for n in range(17)]},
    "top_logprobs": {"logprobs": True, "top_logprobs": 21}, "temperature": {"temperature": 2.5}, "top_p": {"top_p": -1},
    "penalty": {"presence_penalty": 3}, "no tokens": {"max_tokens": 0}, "grammar": {"extra_body": {"response_format": {
        "type": "grammar", "value": "x"}}},
    "regex": {"extra_body": {"response_format": {"type": "regex", "pattern": "a"}}},
    "any": {"tools": TOOLS, "tool_choice": "any"},
    "sometimes": {"tools": TOOLS, "tool_choice": "sometimes"}, "nobody": {"tools": TOOLS, "tool_choice": NAMED},
    "role": {"messages": [{"role": "wizard", "content": "a"}, USER]},
}


@pytest.mark.parametrize("beyond", BEYOND)
def test_what_is_beyond_a_platform_is_fitted_or_refused_by_name(bench, wire, beyond):
    before = len(wire.calls)
    options = BEYOND[beyond]
    try:
        assert bench.ask(wire, "tools" if "tools" in options else "chat", **options).error is None
    except openai.BadRequestError as refusal:
        assert refusal.param.startswith((*options, *options.get("extra_body", {}))), refusal.body
        assert any(word in refusal.message.lower() for word in wire.words) and len(wire.calls) == before


def test_any_means_required(bench, wire):
    if "tool_choice_required" in {*wire.lacks, *wire.may_lack}:
        with pytest.raises(openai.BadRequestError) as refusal:
            bench.ask(wire, "tools", tools=TOOLS, tool_choice="any")
        assert refusal.value.param == "tool_choice"
        return
    answer = bench.ask(wire, "tools", tools=TOOLS, tool_choice="any")
    assert wire.asks(answer.id)[0].choice == "required"


CALL = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
CALLED = {"role": "assistant", "content": None, "tool_calls": [CALL]}
ORDERS = {
    "system only": [{"role": "system", "content": "a"}],
    "instructions only": [{"role": "system", "content": "a"}, {"role": "developer", "content": "b"}],
    "system in the middle": [USER, {"role": "assistant", "content": "a"}, {"role": "system", "content": "b"}, USER],
    "system last": [USER, {"role": "system", "content": "b"}],
    "system after an answer": [USER, {"role": "assistant", "content": "a"}, {"role": "system", "content": "b"}],
    "assistant first": [{"role": "assistant", "content": "a"}, USER],
    "assistant last": [USER, {"role": "assistant", "content": "a"}],
    "users": [USER, USER, USER], "assistants": [USER, {"role": "assistant", "content": "a"},
        {"role": "assistant", "content": "b"}, USER],
    "result without a call": [USER, {"role": "tool", "tool_call_id": "call_1", "content": "1"}],
    "call without a result": [USER, CALLED, USER], "call at the end": [USER, CALLED],
    "result of another call": [USER, CALLED, {"role": "tool", "tool_call_id": "call_2", "content": "1"}],
    "result twice": [USER, CALLED, *[{"role": "tool", "tool_call_id": "call_1", "content": "1"}] * 2],
    "user before the result": [USER, CALLED, USER, {"role": "tool", "tool_call_id": "call_1", "content": "1"}],
    "user after the result": [USER, CALLED, {"role": "tool", "tool_call_id": "call_1", "content": "1"}, USER],
    "text, then a call": [
        USER, {"role": "assistant", "content": "a"}, CALLED, {"role": "tool", "tool_call_id": "call_1", "content": "1"}],
    "result without an id": [USER, CALLED, {"role": "tool", "content": "1"}],
    "call without an id": [
        USER, {**CALLED, "tool_calls": [{**CALL, "id": ""}]}, {"role": "tool", "tool_call_id": "", "content": "1"}],
    "empty parts": [{"role": "user", "content": [{"type": "text", "text": ""}, {"type": "text", "text": "a"}]}],
    "sixty users": [USER] * 60, "sixty turns": [USER, {"role": "assistant", "content": "a"}] * 30 + [USER],
}


@pytest.mark.parametrize("order", ORDERS)
def test_messages_are_put_in_order_or_refused_by_place(bench, wire, order):
    before = len(wire.calls)
    messages = ORDERS[order]
    client = bench.client(wire)
    try:
        reply = client.chat.completions.create(model=wire.id, messages=messages, tools=[function("look")])
        assert reply.choices[0].message.content
    except openai.BadRequestError as refusal:
        if wire.is_canonical and "only" in order:
            return wire.violations.clear()  # OpenAI takes it. The wire, which wants a turn, does not.
        assert refusal.param.startswith("messages"), refusal.body
        assert any(word in refusal.message.lower() for word in wire.words) and len(wire.calls) == before


@pytest.mark.parametrize("url", [IMAGE_URL, PNG], ids=["url", "base64"])
def test_an_image_in_a_tools_result_arrives_or_is_refused_by_name(bench, wire, url):
    content = [{"type": "text", "text": "see"}, {"type": "image_url", "image_url": {"url": url, "detail": None}}]
    messages = [USER, CALLED, {"role": "tool", "tool_call_id": "call_1", "content": content}]
    before = len(wire.calls)
    try:
        answer = bench.ask(wire, messages=messages, tools=[function("look")], model="-vision" if wire.vision_model else "")
    except openai.BadRequestError as refusal:
        assert wire.name != "anthropic" and refusal.param == "messages[2].content[1]" and len(wire.calls) == before
        assert any(word in refusal.message.lower() for word in wire.words)
        return
    assert [turn.images for turn in wire.asks(answer.id)[0].turns if turn.role == "tool"] == [[url]]


def test_marks_for_the_prompt_cache_reach_those_who_know_them(bench, wire, seen):
    mark = {"cache_control": {"type": "ephemeral"}}
    messages = [
        {"role": "system", "content": [{"type": "text", "text": "Be brief.", **mark}]}, {**USER, **mark}, {**CALLED, **mark},
        {"role": "tool", "tool_call_id": "call_1", "content": "1", **mark}]
    tools = [{**function("look"), **mark}]
    answer = bench.ask(wire, messages=messages, tools=tools)
    [ask] = wire.asks(answer.id)
    assert str(ask.raw).count("'cache_control'") == (5 if wire.name == "anthropic" else 0)
    sent = seen(messages=messages, tools=tools)
    assert str([sent["messages"], sent["tools"]]).count("'cache_control'") == 5


@pytest.mark.parametrize("content, said", [
    ("Once upon a time, \n", "Once upon a time,"), (" \n", None), ("", None), (None, None), ([], None),
    ([{"type": "text", "text": "Once "}, {"type": "text", "text": "upon \t"}], "Once upon"),
    ([{"type": "text", "text": "Once "}, {"type": "text", "text": " "}], "Once")], ids=str)
def test_claude_goes_on_with_a_text_that_ends_cleanly(bench, content, said):
    claude = bench.wires["anthropic"]
    claude.violations.clear()
    answer = bench.ask(claude, messages=[USER, {"role": "assistant", "content": content}], model="-prefill")
    assert [turn.text for turn in claude.asks(answer.id)[0].turns[1:]] == ([said] if said else [])
    assert claude.violations == []


@pytest.mark.parametrize("wrong, param", [
    ({"stream": "true"}, "stream"), ({"tools": {"a": 1}}, "tools"), ({"stop": 5}, "stop"), ({"stop": [1]}, "stop"),
    ({"temperature": "1"}, "temperature"), ({"tool_choice": 5, "tools": TOOLS}, "tool_choice"),
    ({"tool_choice": "required"}, "tool_choice"),
    ({"messages": [{"role": "user", "content": None}]}, "messages[0].content"),
    ({"messages": [{"content": "a"}]}, "messages[0].role"),
    ({"messages": [USER, {"role": "assistant", "content": "a", "tool_calls": {}}]}, "messages[1].tool_calls"),
    ({"messages": [USER, {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": {"a": 1}}}]}]},
     "messages[1].tool_calls[0].function.arguments"),
    ({"response_format": {"type": 1}}, "response_format.type"), ({"stream_options": {"include_usage": True}}, "stream_options"),
    ({"functions": [{}]}, "functions[0].name"), ({"max_tokens": 1.5}, "max_tokens"), ({"n": 0}, "n")], ids=str)
@pytest.mark.parametrize("native", [False, True], ids=["openai", "native"])
def test_shapes_are_refused_by_name_before_anybody_is_called(service, upstream, wrong, param, native):
    script = upstream.script(answer("ok"))
    parameters = {"x_script": script.name} | wrong
    messages = parameters.pop("messages", prompt())
    if native:
        stream = {"stream": parameters.pop("stream")} if "stream" in parameters else {}
        body = {"model_name": "stub", "messages": messages, "parameters": parameters, **stream}
        param = param if param.startswith(("messages", "stream")) and param != "stream_options" else f"parameters.{param}"
    else:
        body = {"model": "stub", "messages": messages, **parameters}
    reply = httpx.post(f"{service.url}/{'api/' if native else ''}v1/chat/completions", json=body)
    assert reply.status_code == 400 and reply.json()["error"]["param"] == param, reply.text
    assert script.calls == []


@pytest.mark.parametrize("empty", EMPTY)
def test_the_native_api_has_the_same_door(service, upstream, empty):
    script = upstream.script(answer("ok"))
    body = {"model_name": "stub", "messages": prompt(), "parameters": {"x_script": script.name} | EMPTY[empty]}
    reply = httpx.post(f"{service.url}/api/v1/chat/completions", json=body, timeout=30)
    assert reply.status_code == 200, reply.text
    assert set(script.calls[0].body) == {"model", "messages", "x_script"}


def test_what_a_model_does_not_take_is_left_out_and_named(bench):
    """Sampling, on models whose platform knows it. Members that change the answer's form are refused instead."""
    claude, gpt = bench.wires["anthropic"], bench.wires["openai"]
    for wire, model, options, names in [
            (claude, "", {"temperature": 0.2, "top_p": 0.5}, "temperature, top_p"), (claude, "", {"temperature": 1}, None),
            (claude, "-prefill", {"temperature": 0.2, "top_p": 0.5}, "top_p"), (claude, "-prefill", {"temperature": 0.2}, None),
            (gpt, "-reasoning", {"temperature": 0.2, "frequency_penalty": 1}, "temperature, frequency_penalty"),
            (gpt, "", {"temperature": 0.2}, None)]:
        wire.violations.clear()
        raw = bench.client(wire).chat.completions.with_raw_response.create(model=wire.id + model, messages=[USER], **options)
        assert raw.headers.get("x-dropped-params") == names and wire.violations == []


def test_the_native_api_names_it_beside_the_answer(bench):
    body = {"model_name": bench.wires["anthropic"].id, "messages": [USER], "parameters": {"temperature": 0.2}}
    reply = httpx.post(f"{bench.service.url}/api/v1/chat/completions", json=body, timeout=30)
    assert reply.json()["dropped_params"] == ["temperature"] and reply.headers["x-dropped-params"] == "temperature"
    streamed = httpx.post(f"{bench.service.url}/api/v1/chat/completions/stream", json=body, timeout=30)
    assert '"dropped_params":["temperature"]' in streamed.text and "x-dropped-params" not in streamed.headers
