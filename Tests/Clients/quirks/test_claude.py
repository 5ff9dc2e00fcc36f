"""Claude's own: prefills, empty arguments and results, and its cache, in both directions (K10)."""

import json

import pytest
from support.raw_platform import whole

from .bench import TOOL, after_prompt
from .known import known
from .modes import ALL, OPENAI_SHAPED
from .shapes import Said

CALL = {"id": "t1", "type": "function", "function": {"name": "now", "arguments": ""}}
CACHE = {"type": "ephemeral"}
claude_only = pytest.mark.place(mode="anthropic")


def strict(place):
    """Refuses what Anthropic does: white space at the end of a prefill, texts of nothing."""
    def answer(call):
        last = call.json["messages"][-1]
        parts = last["content"] if isinstance(last["content"], list) else [{"type": "text", "text": last["content"]}]
        texts = [part["text"] for part in parts if part["type"] == "text"]
        if last["role"] == "assistant" and texts and texts[-1] != texts[-1].rstrip():
            return whole(place.mode.shape.error("x", "final assistant content cannot end with trailing whitespace"), 400)
        if any(not text.strip() for text in texts):
            return whole(place.mode.shape.error("x", "text content blocks must contain non-whitespace text"), 400)
        return place.mode.whole()
    return answer


@known("Claude", does="refuses a prefill that ends in white space", gives="it is cut off before it is sent",
       report="langchain-ai/langchain#35071")
@claude_only
@pytest.mark.parametrize("content, sent", [
    ("Once upon a time, \n", "Once upon a time,"), ("a\u3000", "a"), ("a\t\r\n ", "a"), ("  a", "  a"),
    ([{"type": "text", "text": "Once "}, {"type": "text", "text": "upon \n"}], "Once upon"),
    ([{"type": "text", "text": "Once upon"}, {"type": "text", "text": " \n"}], "Once upon"),
    ([{"type": "text", "text": "Once upon "}], "Once upon")],
    ids=["text", "ideographic", "many", "before", "parts", "part-of-space", "one-part"])
def test_white_space_after_a_prefill_is_cut_off(place, content, sent):
    place.answers(strict(place))

    response = place.post(messages=after_prompt({"role": "assistant", "content": content}))

    assert response.status_code == 200, response.text
    given = place.sent["messages"][-1]["content"]
    assert (given if isinstance(given, str) else "".join(part["text"] for part in given)) == sent


@claude_only
@pytest.mark.parametrize("content", [" \n", "", [], [{"type": "text", "text": " "}]], ids=json.dumps)
def test_a_prefill_of_nothing_is_not_sent(place, content):
    place.answers(strict(place))

    assert place.post(messages=after_prompt({"role": "assistant", "content": content})).status_code == 200
    assert place.sent["messages"][-1]["role"] == "user"


@claude_only
def test_white_space_inside_a_history_stays(place):
    place.answers(strict(place))

    place.ask(messages=after_prompt({"role": "assistant", "content": "a \n"}, {"role": "user", "content": "?"}))

    given = place.sent["messages"][1]["content"]
    assert (given if isinstance(given, str) else given[0]["text"]) == "a \n"


@known("Claude", does="refuses `input: \"\"`", gives="empty arguments are `{}`", report="Portkey-AI/gateway#1103")
@claude_only
@pytest.mark.parametrize("arguments", ["", None, "{}", " ", "null"], ids=repr)
def test_empty_arguments_are_an_empty_input(place, arguments):
    place.answers(strict(place))
    call = {**CALL, "function": {"name": "now", "arguments": arguments}}

    response = place.post(messages=after_prompt(
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "t1", "content": [{"type": "text", "text": "12:00"}]}), tools=[TOOL])

    assert response.status_code == 200, response.text
    assert place.sent["messages"][1]["content"] == [{"type": "tool_use", "id": "t1", "name": "now", "input": {}}]


@known("Claude", does="wants each result under its call's id", gives="an empty result arrives as one",
       report="openclaw/openclaw#139975")
@claude_only
@pytest.mark.parametrize("content", ["", None, []], ids=repr)
def test_an_empty_result_arrives_under_its_calls_id(place, content):
    place.answers(strict(place))

    place.ask(messages=after_prompt(
        {"role": "assistant", "content": None, "tool_calls": [CALL]}, {"role": "tool", "tool_call_id": "t1", "content": content}),
        tools=[TOOL])

    last = place.sent["messages"][-1]
    assert (last["role"], last["content"][0]["type"], last["content"][0]["tool_use_id"]) == ("user", "tool_result", "t1")


# Name -> (fields of the request, where the mark must be in what Claude is sent).
MARKS = {
    "system": ({"messages": [{"role": "system", "content": [{"type": "text", "text": "Long.", "cache_control": CACHE}]},
        {"role": "user", "content": "x"}]},
               lambda sent: sent["system"][0]),
    "user": ({"messages": [{"role": "user", "content": [{"type": "text", "text": "Long.", "cache_control": CACHE},
        {"type": "text", "text": "x"}]}]},
             lambda sent: sent["messages"][0]["content"][0]),
    "tool": ({"tools": [{**TOOL, "cache_control": CACHE}]}, lambda sent: sent["tools"][0]),
    "function": ({"tools": [{**TOOL, "function": {**TOOL["function"], "cache_control": CACHE}}]}, lambda sent: sent["tools"][0]),
    "result": ({"messages": after_prompt(
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "t1", "content": [{"type": "text", "text": "Long.", "cache_control": CACHE}]}),
        "tools": [TOOL]},
        lambda sent: sent["messages"][-1]["content"][0]),
    "message": ({"messages": [{"role": "user", "content": "Long.", "cache_control": CACHE}]},
        lambda sent: sent["messages"][0]["content"][-1]),
    "an hour": ({"messages": [{"role": "user", "content": [{"type": "text", "text": "Long.",
        "cache_control": {**CACHE, "ttl": "1h"}}]}]},
                lambda sent: sent["messages"][0]["content"][0]),
}


@known("Agents", does="`cache_control` on parts, messages and tools", gives="it reaches Claude, in its place")
@claude_only
@pytest.mark.parametrize("where", MARKS)
def test_marks_for_the_cache_arrive(place, where):
    fields, find = MARKS[where]
    place.says(Said())

    response = place.post(**fields)

    assert response.status_code == 200, response.text
    marked = find(place.sent)
    if marked.get("type") == "tool_result" and "cache_control" not in marked:
        marked = marked["content"][0]
    assert marked["cache_control"]["type"] == "ephemeral", place.calls()[-1].raw
    assert where != "an hour" or marked["cache_control"]["ttl"] == "1h"


@known("OpenAI", does="refuses members it does not know", gives="`cache_control` is left out there")
@pytest.mark.parametrize("where", MARKS)
@pytest.mark.parametrize("mode", [mode for mode in ALL if mode not in ("anthropic", "baidu/v1", "openai/compatible")])
def test_marks_for_claudes_cache_do_not_hurt_elsewhere(place, mode, where):
    fields, _ = MARKS[where]
    place.says(Said())

    response = place.post(**fields)

    assert response.status_code == 200, response.text
    if mode == "openai/native":
        assert b"cache_control" not in place.calls()[-1].raw


@claude_only
@pytest.mark.parametrize("fields", [{"temperature": 0.5}, {"top_p": 0.5}, {"top_k": 5}, {"temperature": 0.5, "top_p": 0.5}],
    ids=json.dumps)
def test_parameters_of_sampling_have_one_rule(place, fields):
    """Sent, or dropped and told in `X-Dropped-Params`, or refused by name, but never dropped in silence."""
    place.says(Said())

    response = place.post(**fields)

    for name, value in fields.items():
        if response.status_code == 200:
            dropped = response.headers.get("x-dropped-params", "")
            assert place.sent.get(name) == value or name in dropped, f"{name}: {dropped!r} {place.calls()[-1].raw}"
        else:
            assert response.json()["error"]["param"] in fields


@pytest.mark.place(model_id="o3-mini")
@pytest.mark.parametrize("fields", [{"temperature": 0.5}, {"top_p": 0.5}], ids=json.dumps)
@pytest.mark.parametrize("mode", ["openai/native"])
def test_the_same_rule_holds_for_openais_reasoning_models(place, mode, fields):
    place.says(Said())

    response = place.post(**fields)

    [(name, value)] = fields.items()
    if response.status_code == 200:
        assert place.sent.get(name) == value or name in response.headers.get("x-dropped-params", "")
    else:
        assert response.json()["error"]["param"] == name


@pytest.mark.parametrize("mode", OPENAI_SHAPED)
def test_a_prefill_reaches_other_platforms_as_it_is_or_is_refused_by_name(place, mode):
    place.says(Said())

    response = place.post(messages=after_prompt({"role": "assistant", "content": "Once upon a time, \n"}))

    if response.status_code != 200:
        assert response.status_code == 400 and response.json()["error"]["param"].startswith("messages") and not place.calls()
