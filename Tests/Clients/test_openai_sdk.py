"""The `openai` SDK, unmodified: only its base URL is ours."""

import asyncio
import base64
import json
import os

import openai
import pytest

from support.service import ANSWER_MARK, prompt
from support.upstream import answer, chunk_of

TOOLS = [{
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}]


@pytest.fixture
def client(service):
    return service.openai()


def ask(client, **options):
    return client.chat.completions.create(**{"model": "sandbox", "messages": prompt("hello"), **options})


def text_of(stream):
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)


def test_an_answer_comes_whole(client):
    completion = ask(client)
    assert completion.choices[0].message.content == f"You said: {prompt('hello')[0]['content']}"
    assert completion.choices[0].finish_reason == "stop"
    assert completion.usage.total_tokens == completion.usage.prompt_tokens + completion.usage.completion_tokens > 0


def test_an_answer_streams_and_is_the_same(client):
    chunks = list(ask(client, stream=True))
    assert text_of(chunks) == ask(client).choices[0].message.content
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert len({chunk.id for chunk in chunks}) == 1 and chunks[0].id.startswith("chatcmpl-")
    assert all(chunk.usage is None for chunk in chunks)


def test_tokens_arrive_while_the_model_still_speaks(service, upstream):
    """The first piece is read before the platform is allowed to send the second."""
    gate = upstream.gate()

    async def behave(call):
        await call.stream_head()
        await call.delta("first")
        await gate.passed()
        await call.delta("second")
        await call.stream_end()

    script = upstream.script(behave)
    stream = ask(service.openai(), model="stub", stream=True, extra_body={"x_script": script.name})
    pieces = []
    for chunk in stream:
        text = chunk.choices[0].delta.content if chunk.choices else None
        if text:
            pieces.append(text)
            gate.open()
    assert pieces == ["first", "second"]


def test_silence_longer_than_the_ping_interval_does_not_disturb_the_sdk(own_service):
    """A comment followed by a blank line is an event without data to the SDK, once it has seen an `id:`."""
    service = own_service(PING_INTERVAL="0.1")
    stream = ask(service.openai(), messages=prompt("[[tokens=4 delay_ms=400 ttft_ms=400]] a"), stream=True)
    assert text_of(stream)


def test_usage_comes_last_when_it_is_asked_for(client):
    chunks = list(ask(client, stream=True, stream_options={"include_usage": True}))
    assert chunks[-1].choices == [] and chunks[-1].usage.total_tokens > 0
    assert all(chunk.usage is None for chunk in chunks[:-1])
    assert chunks[-1].usage == ask(client).usage


@pytest.mark.parametrize("stream", [False, True])
def test_a_tool_call_makes_the_round_trip(client, stream):
    question = prompt("[[tool=weather]] in Kyoto?")
    if stream:
        call = {"arguments": ""}
        for chunk in ask(client, messages=question, tools=TOOLS, stream=True):
            for part in (chunk.choices[0].delta.tool_calls or []) if chunk.choices else []:
                call["id"], call["name"] = part.id or call.get("id"), part.function.name or call.get("name")
                call["arguments"] += part.function.arguments or ""
    else:
        choice = ask(client, messages=question, tools=TOOLS).choices[0]
        assert choice.finish_reason == "tool_calls"
        part = choice.message.tool_calls[0]
        call = {"id": part.id, "name": part.function.name, "arguments": part.function.arguments}
    assert call["name"] == "weather" and "city" in json.loads(call["arguments"])

    function = {"name": call["name"], "arguments": call["arguments"]}
    history = question + [
        {"role": "assistant", "content": None, "tool_calls": [{"id": call["id"], "type": "function", "function": function}]},
        {"role": "tool", "tool_call_id": call["id"], "content": f"18 degrees {ANSWER_MARK}"}]
    completion = ask(client, messages=history, tools=TOOLS)
    assert completion.choices[0].message.content == f"The tool said: 18 degrees {ANSWER_MARK}"


def test_parallel_tool_calls_of_a_platform_keep_their_indexes_and_pieces(service, upstream):
    async def behave(call):
        await call.head(content_type="text/event-stream")
        for index, id, text in [(0, "a", ""), (0, None, '{"x"'), (1, "b", ""), (0, None, ":1}"), (1, None, "{}")]:
            function = {"name": f"f{index}", "arguments": ""} if id else {"arguments": text}
            part = {"index": index, "function": function} | ({"id": id, "type": "function"} if id else {})
            await call.event(chunk_of("m", {"tool_calls": [part]}))
        await call.stream_end()

    calls = {}
    stream = ask(service.openai(), model="stub", tools=TOOLS, stream=True,
                 extra_body={"x_script": upstream.script(behave).name})
    for chunk in stream:
        for part in (chunk.choices[0].delta.tool_calls or []) if chunk.choices else []:
            entry = calls.setdefault(part.index, {"id": part.id, "name": part.function.name, "arguments": ""})
            entry["arguments"] += part.function.arguments or ""
    assert calls == {
        0: {"id": "a", "name": "f0", "arguments": '{"x":1}'}, 1: {"id": "b", "name": "f1", "arguments": "{}"}}


@pytest.mark.parametrize("stream", [False, True])
def test_n_answers_come_side_by_side(client, stream):
    if stream:
        texts = ["", ""]
        for chunk in ask(client, n=2, stream=True):
            for choice in chunk.choices:
                texts[choice.index] += choice.delta.content or ""
    else:
        texts = [choice.message.content for choice in ask(client, n=2).choices]
    assert len(texts) == 2 and all(text.startswith("You said: ") for text in texts)


def test_response_format_json_object_answers_with_json(client):
    completion = ask(client, response_format={"type": "json_object"})
    assert isinstance(json.loads(completion.choices[0].message.content), dict)


@pytest.mark.parametrize("wrong, param", [
    ({"temperature": 3}, "temperature"), ({"messages": []}, "messages"), ({"n": 0}, "n"),
    ({"messages": [{"role": "wizard", "content": "x"}]}, "messages[0].role"),
])
def test_a_bad_request_names_the_field(client, wrong, param):
    with pytest.raises(openai.BadRequestError) as caught:
        ask(client, **wrong)
    assert caught.value.param == param and caught.value.type == "invalid_request_error"


def test_what_the_model_cannot_do_is_refused_and_named(client):
    with pytest.raises(openai.BadRequestError) as caught:
        ask(client, model="deaf", stream=True)
    assert caught.value.param == "stream"


@pytest.mark.parametrize("stream", [False, True])
def test_an_unknown_model_is_not_found(client, stream):
    with pytest.raises(openai.NotFoundError) as caught:
        ask(client, model="no-such-model", stream=stream)
    assert caught.value.code == "model_not_found" and caught.value.param == "model"


def test_the_callers_own_timeout_is_its_own(service):
    with pytest.raises(openai.APITimeoutError):
        ask(service.openai(timeout=0.5), messages=prompt("[[ttft_ms=5000]]"))


def test_models_are_listed_and_found(client):
    assert {"sandbox", "stub"} <= {model.id for model in client.models.list()}
    assert client.models.retrieve("sandbox").owned_by == "sandbox"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("no-such-model")


def test_fifty_streams_at_once_keep_apart(service):
    async def one(client, number):
        stream = await client.chat.completions.create(
            model="sandbox", messages=prompt(f"[[delay_ms=5]] number {number} of many, word after word"), stream=True)
        return "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])

    async def all_of_them():
        async with service.async_openai() as client:
            return await asyncio.gather(*(one(client, number) for number in range(50)))

    for number, text in enumerate(asyncio.run(all_of_them())):
        assert f" number {number} of many, word after word" in text


def test_an_image_reaches_the_platform_byte_for_byte(service, upstream):
    script = upstream.script(answer(ANSWER_MARK))
    url = "data:image/png;base64," + base64.b64encode(os.urandom(200_000)).decode()
    content = [{"type": "text", "text": prompt()[0]["content"]}, {"type": "image_url", "image_url": {"url": url}}]
    ask(service.openai(), model="stub", messages=[{"role": "user", "content": content}], extra_body={"x_script": script.name})
    assert script.calls[0].body["messages"] == [{"role": "user", "content": content}]


def test_unknown_fields_reach_the_platform_and_come_back_unchanged(service, upstream):
    async def behave(call):
        whole = {
            "id": "x", "object": "chat.completion", "created": 1, "model": "m", "service_tier": "priority",
            "choices": [{"index": 0, "finish_reason": "stop", "vendor": {"score": 1e-7},
                         "message": {"role": "assistant", "content": "ok", "reasoning_content": "thought"}}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}
        await call.json(whole)

    script = upstream.script(behave)
    extra = {"x_script": script.name, "vendor_options": {"deep": [1, 2.5, None, "ü"], "big": 12345678901234567890}}
    completion = ask(service.openai(), model="stub", extra_body=extra)
    sent = script.calls[0].body
    assert {name: sent[name] for name in extra} == extra and sent["model"] == "stub-2026"
    assert b"12345678901234567890" in script.calls[0].raw
    assert completion.choices[0].message.reasoning_content == "thought"
    assert completion.choices[0].vendor == {"score": 1e-7} and completion.service_tier == "priority"


def test_the_request_id_is_the_callers_or_ours(client):
    own = client.chat.completions.with_raw_response.create(
        model="sandbox", messages=prompt(), extra_headers={"X-Request-Id": "mine-1"})
    assert own.headers["x-request-id"] == "mine-1"
    assert len(client.chat.completions.with_raw_response.create(model="sandbox", messages=prompt()).headers["x-request-id"]) > 7
    with pytest.raises(openai.NotFoundError) as caught:
        ask(client, model="none", extra_headers={"X-Request-Id": "mine-2"})
    assert caught.value.request_id == "mine-2" and caught.value.body["request_id"] == "mine-2"
