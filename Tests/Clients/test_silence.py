"""The longest silence of a platform, by the model's row in the catalogue: within a stream, before it, within a document."""

import asyncio
import json

import pytest

from support.ledger import settled_rows
from support.service import KEYS, Service, prompt
from support.upstream import completion_of

IDLE, PAUSE, THINKING = 0.5, 1.5, 4  # seconds


def catalogue(upstream):
    rows = {"plain": {}, "thinking": {"capabilities": {"reasoning": True}}, "patient": {"idle_timeout": 4},
            "hasty": {"capabilities": {"reasoning": True}, "idle_timeout": 1}}
    models = [{"id": id, "provider": "openai", "model_id": id, **more} for id, more in rows.items()]
    account = {"id": "a", "provider": "openai", "mode": "compatible", "api_key": KEYS[0], "base_url": upstream.url}
    return {"models": models, "accounts": [account]}


@pytest.fixture(scope="module")
def silent(workspace, template, upstream):
    service = Service(
        workspace / "silence" / "s", template, upstream, catalogue=catalogue(upstream), UPSTREAM_IDLE_TIMEOUT=str(IDLE),
        UPSTREAM_THINKING_IDLE_TIMEOUT=str(THINKING), MAX_ATTEMPTS="1")
    yield service
    service.stop()


async def stops_in_the_middle(call):
    await call.stream_head()
    await call.delta("one ")
    await asyncio.sleep(PAUSE)
    await call.delta("two")
    await call.stream_end()


async def says_that_it_works(call):
    await call.stream_head()
    await call.delta("one ")
    for _ in range(10):
        await asyncio.sleep(PAUSE / 10)
        await call.chunk(b": OPENROUTER PROCESSING\n\n")
    await call.delta("two")
    await call.stream_end()


async def sends_its_head_first(call):
    await call.head(content_type="text/event-stream")
    await asyncio.sleep(PAUSE)
    await call.delta("one ")
    await call.delta("two")
    await call.stream_end()


async def blank_then_document(call):
    await call.head()
    await call.chunk(b"\n")
    await asyncio.sleep(PAUSE)
    await call.chunk(json.dumps(completion_of(call.body["model"], "one two")).encode())
    await call.finish()


def heard(service, script, model, stream=True):
    """(text, error, job)"""
    body = {"model": model, "messages": prompt(), "stream": stream, "x_script": script.name}
    response = service.http.post("/v1/chat/completions", json=body)
    job = response.headers["x-job-id"]
    if not stream:
        value = response.json()
        return value["choices"][0]["message"]["content"] if "choices" in value else "", value.get("error"), job
    values = [json.loads(line[6:]) for line in response.text.split("\n") if line.startswith("data: {")]
    text = "".join(choice["delta"].get("content") or "" for value in values for choice in value.get("choices", []))
    return text, next((value["error"] for value in values if "error" in value), None), job


@pytest.mark.parametrize("model, lasts", [("plain", False), ("thinking", True), ("patient", True), ("hasty", False)])
def test_a_stream_that_stops_is_given_up_when_the_model_says_so(silent, upstream, model, lasts):
    script = upstream.script(stops_in_the_middle)
    text, error, job = heard(silent, script, model)
    assert text == ("one two" if lasts else "one ")
    assert (error is None) == lasts
    [row] = settled_rows(silent, job)
    assert row[5] == (None if lasts else "timeout") and len(script.calls) == 1


@pytest.mark.parametrize("behaviour", [says_that_it_works, sends_its_head_first], ids=["comments", "head"])
def test_what_is_no_silence_within_an_answer(silent, upstream, behaviour):
    assert heard(silent, upstream.script(behaviour), "plain")[:2] == ("one two", None)


def test_a_document_may_take_as_long_as_its_first_byte(silent, upstream):
    assert heard(silent, upstream.script(blank_then_document), "plain", stream=False)[:2] == ("one two", None)
