"""Histories that callers send back: null and empty are absent, our own answers are taken word for word (K4)."""

import json

import pytest
from support.raw_platform import whole

from .bench import TOOL, after_prompt
from .known import known
from .modes import ALL, MANY_CALLS
from .shapes import Said, calling

CALL = {"id": "c1", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "found"}


def has_null_or_empty(value):
    """True when a member is null or an empty list anywhere, which strict servers refuse."""
    if isinstance(value, dict):
        return any(v is None or v == [] or has_null_or_empty(v) for v in value.values())
    return isinstance(value, list) and any(map(has_null_or_empty, value))


# Name -> messages behind the user's, which every platform that calls functions must be given.
HISTORIES = {
    "empty calls": [{"role": "assistant", "content": "ok", "tool_calls": []}, {"role": "user", "content": "And now?"}],
    "null calls": [{"role": "assistant", "content": "ok", "tool_calls": None, "function_call": None},
        {"role": "user", "content": "?"}],
    "null arguments": [{"role": "assistant", "content": None, "tool_calls": [
        {**CALL, "function": {"name": "look_up", "arguments": None}}]}, RESULT],
    "empty arguments": [{"role": "assistant", "content": "", "tool_calls": [
        {**CALL, "function": {"name": "look_up", "arguments": ""}}]}, RESULT],
    "no arguments": [{"role": "assistant", "tool_calls": [{**CALL, "function": {"name": "look_up"}}]}, RESULT],
    "content of no parts beside calls": [{"role": "assistant", "content": [], "tool_calls": [CALL]}, RESULT],
    "content of an empty part beside calls": [
        {"role": "assistant", "content": [{"type": "text", "text": ""}], "tool_calls": [CALL]}, RESULT],
    "no content beside calls": [{"role": "assistant", "tool_calls": [CALL]}, RESULT],
    "null names": [{"role": "assistant", "content": "ok", "name": None}, {"role": "user", "content": "?", "name": None}],
    "what the SDK dumps": [
        {"role": "assistant", "content": None, "refusal": None, "annotations": [], "audio": None, "function_call": None,
         "reasoning_content": None, "tool_calls": [CALL]}, {**RESULT, "name": "look_up"}],
    "an index in a call": [{"role": "assistant", "content": None, "tool_calls": [{**CALL, "index": 0}]}, RESULT],
    "no type in a call": [{"role": "assistant", "content": None, "tool_calls": [
        {"id": "c1", "function": {"name": "look_up", "arguments": "{}"}}]}, RESULT],
    "thinking of every kind": [
        {"role": "assistant", "content": "ok", "reasoning_content": "hm", "reasoning": "hm",
            "reasoning_details": [{"type": "reasoning.text", "text": "hm"}],
         "thinking_blocks": [{"type": "thinking", "thinking": "hm", "signature": "EqQB"}]}, {"role": "user", "content": "?"}],
    "members of its own": [
        {"role": "assistant", "content": "ok", "provider_specific_fields": {"a": 1}, "annotations": [{"type": "url_citation"}],
            "x": None},
        {"role": "user", "content": "?"}],
    "result in parts": [{"role": "assistant", "content": None, "tool_calls": [CALL]},
        {**RESULT, "content": [{"type": "text", "text": "found"}]}],
    "result that is empty": [{"role": "assistant", "content": None, "tool_calls": [CALL]}, {**RESULT, "content": ""}],
    "result that is null": [{"role": "assistant", "content": None, "tool_calls": [CALL]}, {**RESULT, "content": None}],
    "result of no parts": [{"role": "assistant", "content": None, "tool_calls": [CALL]}, {**RESULT, "content": []}],
}


@known("SDKs and their loops", does="append an answer with `tool_calls: []` as it came", gives="the next turn works",
       report="vllm-project/vllm#44104")
@known("SDKs and their loops", does="`arguments: null` or `\"\"` in the history", gives="null and empty are absent",
       report="spring-projects/spring-ai#3236")
@known("Agents", does="a tool that has nothing to say answers with an empty text",
       gives="the result arrives under its call's id",
       report="openclaw/openclaw#139975")
@pytest.mark.parametrize("mode", ALL)
@pytest.mark.parametrize("how", HISTORIES)
def test_a_history_is_taken(place, how, mode):
    place.says(Said())

    response = place.post(messages=after_prompt(*HISTORIES[how]), tools=[TOOL])

    assert response.status_code == 200, response.text
    messages = place.sent.get("messages") or place.sent.get("Messages") or place.sent["input"]["messages"]
    assert len(messages) >= 2
    # An assistant's `content: null` beside calls is OpenAI's own. Nothing else is null or empty.
    for message in messages:
        rest = {name: value for name, value in message.items() if not (name.lower() == "content" and value in (None, ""))}
        assert not has_null_or_empty(rest), f"sent {json.dumps(message)}"


# Name -> members of a request which ask for nothing.
NOTHING = {
    "tools": [], "tool_choice": None, "functions": [], "function_call": None, "stop": [], "logit_bias": {},
    "response_format": None,
    "metadata": None, "user": None, "seed": None, "stream_options": None, "n": None, "max_tokens": None,
    "max_completion_tokens": None,
    "temperature": None, "top_p": None, "logprobs": None, "top_logprobs": None, "parallel_tool_calls": None,
    "reasoning_effort": None,
    "modalities": None, "audio": None, "prediction": None, "service_tier": None, "store": None, "presence_penalty": None,
    "frequency_penalty": None, "thinking": None, "stream": None, "web_search_options": None, "verbosity": None}


@known("vLLM", "SGLang", does="refuses `tools: []`", gives="no tools are no field", report="evalstate/fast-agent#781")
@known("vLLM", does="refuses `tool_choice: null` without tools", gives="a null does not go out",
       report="camel-ai/camel#1585")
@pytest.mark.parametrize("mode", ALL)
def test_what_asks_for_nothing_is_not_sent(place, mode):
    place.says(Said())

    for name, value in NOTHING.items():
        response = place.post(**{name: value})
        assert response.status_code == 200, f"{name}: {response.text}"
        assert not has_null_or_empty(place.sent), f"{name}: {place.calls()[-1].raw[:300]}"
    assert place.post(**NOTHING).status_code == 200
    assert not has_null_or_empty(place.sent), place.calls()[-1].raw


@pytest.mark.parametrize("fields", [
    {"tools": [], "tool_choice": "auto"}, {"tools": [], "tool_choice": "none"}, {"tools": [], "parallel_tool_calls": True},
    {"tools": None, "tool_choice": "auto"}, {"stop": ""}, {"stop": None}], ids=json.dumps)
@pytest.mark.parametrize("mode", ALL)
def test_choices_among_no_tools_are_not_sent(place, mode, fields):
    place.says(Said())

    response = place.post(**fields)

    assert response.status_code == 200, response.text
    assert not {"tools", "tool_choice", "Tools", "ToolChoice", "stop", "functions"} & set(place.sent), place.calls()[-1].raw


# MARK: limits are the platform's

@known("Other servers", does="take more than four `stop` texts", gives="all are sent; four is OpenAI's limit alone",
       report="SillyTavern/SillyTavern#1844")
@pytest.mark.parametrize("mode, name", [
    ("openai/compatible", "stop"), ("anthropic", "stop_sequences"), ("alibaba/compatible", "stop")])
def test_limits_of_openai_bind_nobody_else(place, mode, name):
    place.says(Said())
    stops = [f"{letter}:" for letter in "abcdef"]

    response = place.post(stop=stops)

    assert response.status_code == 200, response.text
    assert place.sent[name] == stops


@pytest.mark.place(mode="openai/native")
def test_openais_own_limit_of_stops_is_named(place):
    place.says(Said())

    response = place.post(stop=["a", "b", "c", "d", "e"])

    assert response.status_code == 400 and response.json()["error"]["param"] == "stop" and not place.calls()


@known("Mistral", does='`tool_choice: "any"`', gives="it reaches compatible servers", report="BerriAI/litellm#39735")
@known("vLLM", "SGLang", "llama.cpp", does="`response_format` of types of their own, more `top_logprobs`, roles of their"
                                           " models' templates",
       gives="they reach compatible servers")
@pytest.mark.parametrize("fields", [
    {"tools": [TOOL], "tool_choice": "any"}, {"response_format": {"type": "regex", "pattern": "a+"}},
    {"response_format": {"type": "structural_tag", "structures": []}}, {"logprobs": True, "top_logprobs": 50},
    {"temperature": 3}, {"max_tokens": 0}, {"frequency_penalty": 3}, {"reasoning_effort": "extreme"},
    {"stop": [f"{number}" for number in range(40)]}], ids=lambda fields: next(reversed(fields)))
def test_limits_of_compatible_servers_are_their_own(place, fields):
    place.says(Said())

    response = place.post(**fields)

    assert response.status_code == 200, response.text
    assert {name: place.sent[name] for name in fields} == fields


@pytest.mark.parametrize("role", ["developer", "ipython", "latest_reminder", "critic"])
def test_roles_of_compatible_servers_are_their_own(place, role):
    place.says(Said())

    assert place.post(messages=after_prompt({"role": role, "content": "x"})).status_code == 200
    assert place.sent["messages"][-1]["role"] == role


@pytest.mark.parametrize("fields, param", [
    ({"stream": "true"}, "stream"), ({"stop": 5}, "stop"), ({"stop": [None]}, "stop"), ({"n": "two"}, "n"),
    ({"tools": {}}, "tools"),
    ({"temperature": "hot"}, "temperature"), ({"messages": "text"}, "messages"), ({"tool_choice": 5}, "tool_choice"),
    ({"response_format": "json"}, "response_format"), ({"logprobs": 3}, "logprobs")], ids=json.dumps)
@pytest.mark.parametrize("mode", ["openai/compatible", "anthropic", "tencent/native"])
def test_errors_of_shape_are_ours(place, mode, fields, param):
    """BerriAI/litellm#10515: `stream` as a text was a stream for one and none for the other."""
    place.says(Said())

    response = place.post(**fields)

    assert response.status_code == 400 and response.json()["error"]["param"] == param and not place.calls(), response.text


@known("Agents", does="schemas of twenty levels", gives="they pass as they are", report="IBM/mcp-context-forge#1875")
@pytest.mark.parametrize("mode", ALL)
def test_a_deep_schema_passes(place, mode):
    schema = {"type": "string"}
    for _ in range(20):
        schema = {"type": "object", "properties": {"a": schema}}
    place.says(Said())

    response = place.post(tools=[{"type": "function", "function": {"name": "deep", "description": "x", "parameters": schema}}])

    assert response.status_code == 200 and place.calls()[-1].raw.count(b"properties") == 20


# MARK: our own answers come back

SPOKEN = {
    "text": Said(), "thought": Said(thought=("let me ", "think")), "call": calling(("c1", "look_up", '{"q":"a"}')),
    "all": calling(("c1", "look_up", '{"q":"a"}'), text=("So: ",), thought=("hm",))}
EXTRAS = {"annotations": [], "refusal": None, "audio": None, "function_call": None, "x_extra": {"a": [1, None]}}


@pytest.fixture(scope="module")
def spoken(stack):
    """Kind of answer -> mode -> the message of that mode's platform, as the service gives it."""
    def message(speaker, said):
        speaker.says(said)
        return speaker.ask(tools=[TOOL])

    return {what: {mode: message(speaker, said) for mode, speaker in stack.speakers.items()} for what, said in SPOKEN.items()}


@known("SDKs and their loops", does="appends the answer of one platform and asks another one",
       gives="what the service answered is taken back word for word")
@pytest.mark.parametrize("what", SPOKEN)
@pytest.mark.parametrize("mode", ALL)
def test_answers_of_all_modes_are_taken_back(place, spoken, mode, what):
    place.says(Said())
    for other, message in spoken[what].items():
        for given in (message, {**EXTRAS, **message}):
            results = [{"role": "tool", "tool_call_id": call["id"], "content": "found"} for call in message.get("tool_calls")
                or []]
            response = place.post(messages=after_prompt(given, *(results or [{"role": "user", "content": "And?"}])), tools=[TOOL])
            assert response.status_code == 200, f"an answer of {other}: {response.text}"


@pytest.mark.parametrize("mode", ALL)
def test_what_the_sdk_dumps_is_taken_back(place, mode):
    place.says(calling(("c1", "look_up", '{"q":"a"}'), thought=("hm",) if place.mode.thinks else ()))
    ask = {"model": place.model, "messages": after_prompt(), "tools": [TOOL]}
    message = place.openai.chat.completions.create(**ask).choices[0].message
    place.says(Said())

    for dump in (message.model_dump(), message.model_dump(exclude_unset=True), message.model_dump(exclude_none=True)):
        history = after_prompt(dump, {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "found"})
        assert place.openai.chat.completions.create(**{**ask, "messages": history}).choices[0].message.content == "Hello, world"


# MARK: images inside results of tools

PIXEL = ("data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")


@known("Agents", does="images inside the results of tools",
       gives="they reach platforms that take them, others are named")
@pytest.mark.parametrize("mode", ALL)
def test_an_image_in_a_result_arrives_or_is_refused_by_name(place, mode):
    place.says(Said())
    result = {**RESULT, "content": [{"type": "text", "text": "seen"}, {"type": "image_url", "image_url": {"url": PIXEL}}]}

    response = place.post(messages=after_prompt({"role": "assistant", "content": None, "tool_calls": [CALL]}, result),
        tools=[TOOL])

    if response.status_code == 200:
        assert b"iVBORw0KGgo" in place.calls()[-1].raw and b"seen" in place.calls()[-1].raw, "the image was lost"
    else:
        error = response.json()["error"]
        assert response.status_code == 400 and error["code"] == "unsupported_parameter" and not place.calls()
        assert error["param"].startswith("messages[2].content"), error
        assert any(word in error["message"].lower() for word in place.mode.words), error


# MARK: one rule for all modes

def test_both_limits_of_tokens_have_one_rule(stack):
    """Either refused by name everywhere, or the same number goes out everywhere. A mode without limits refuses by name."""
    found = {}
    for mode, speaker in stack.speakers.items():
        speaker.says(Said())
        response = speaker.post(max_tokens=10, max_completion_tokens=20)
        if response.status_code == 200:
            sent = speaker.calls()[-1].raw
            found[mode] = {number for number in (10, 20) if f": {number}".encode() in sent or f":{number}".encode() in sent}
        else:
            assert response.json()["error"]["param"] in ("max_tokens", "max_completion_tokens"), response.text
            found[mode] = "refused"
    limited = {mode: rule for mode, rule in found.items() if not mode.startswith(("tencent/native", "tencent/compatible"))}
    assert len(set(map(str, limited.values()))) == 1, found
    assert all(rule == "refused" or len(rule) == 1 for rule in limited.values()), found


@pytest.mark.parametrize("mode", ALL)
@pytest.mark.parametrize("messages", [
    [{"role": "system", "content": "Be brief."}], [{"role": "system", "content": "a"}, {"role": "developer", "content": "b"}],
    [{"role": "assistant", "content": "I begin."}, {"role": "user", "content": "x"}],
    [{"role": "user", "content": "x"}, {"role": "system", "content": "late"}],
    [{"role": "user", "content": ""}], [{"role": "user", "content": []}]],
    ids=["system-only", "systems-only", "assistant-first", "system-last", "empty-text", "no-parts"])
def test_odd_orders_are_sent_or_refused_by_name(place, mode, messages):
    place.says(Said())

    response = place.post(messages=messages)

    if response.status_code != 200:
        assert response.status_code == 400 and response.json()["error"]["param"].startswith("messages"), response.text
        assert not place.calls()


def wanted(body):
    return body.get("n") or body.get("parameters", {}).get("n") or 1


def repeated(answer, count):
    """The answer with its one choice `count` times."""
    holder = answer.get("output", answer)
    if count > 1:
        holder["choices"] = [{**holder["choices"][0], "index": index} for index in range(count)]
    return answer


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("mode", ALL)
def test_several_answers_are_several_or_refused_by_name(place, mode, count):
    place.answers(lambda call: whole(repeated(place.mode.shape.whole(Said()), wanted(call.json))))

    response = place.post(n=count)

    if response.status_code == 200:
        assert [choice["index"] for choice in response.json()["choices"]] == list(range(count))
    else:
        assert response.status_code == 400 and response.json()["error"]["param"] == "n" and not place.calls(), response.text


@pytest.mark.parametrize("mode", MANY_CALLS)
def test_results_out_of_order_are_sent_or_refused_by_name(place, mode):
    place.says(Said())
    calls = [{**CALL, "id": id} for id in ("c1", "c2")]
    results = [{**RESULT, "tool_call_id": id} for id in ("c2", "c1")]

    response = place.post(messages=after_prompt({"role": "assistant", "content": None, "tool_calls": calls}, *results),
        tools=[TOOL])

    assert response.status_code == 200 or response.json()["error"]["param"].startswith("messages"), response.text
