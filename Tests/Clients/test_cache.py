"""Answers for equal requests: opt-in, by header, member, or model, through every way in, each in the books as free."""

import json
import time

import pytest

from support.ledger import settled_rows
from support.processes import eventually
from support.service import prompt
from support.upstream import answer, failing

TTL = {"X-Cache-TTL": "60"}


def ask(script, text, **more):
    return {"model": "stub", "messages": prompt(text), "x_script": script.name, **more}


def events(response):
    """The JSON of a stream's events, `[DONE]` checked and left out."""
    lines = [line[6:] for line in response.text.splitlines() if line.startswith("data: ")]
    assert lines.pop() == "[DONE]"
    return [json.loads(line) for line in lines]


def text_of(chunks):
    return "".join(
        choice["delta"].get("content") or "" for chunk in chunks for choice in chunk.get("choices", []))


def test_the_second_answer_is_the_first(service, upstream):
    script = upstream.script(answer("once 🙂"), answer("never"))
    body = ask(script, "twice")
    first, second = (service.http.post("/v1/chat/completions", json=body, headers=TTL) for _ in range(2))
    assert first.status_code == second.status_code == 200 and first.content == second.content
    assert (first.headers["x-cache"], second.headers["x-cache"]) == ("miss", "hit")
    assert len(script.calls) == 1
    [row] = settled_rows(service, second.headers["x-job-id"])
    assert row[1:5] == ("done", True, False, "")
    [books] = service.postgres.query(
        "SELECT provider, model, cost, tokens_in, tokens_out FROM usage_attempts WHERE request_id = %s",
        second.headers["x-job-id"])
    assert books == ("cache", "stub", 0, 0, 0)


def test_without_a_wish_nothing_is_kept(service, upstream):
    script = upstream.script(answer("a"), answer("b"))
    body = ask(script, "fresh")
    first, second = (service.http.post("/v1/chat/completions", json=body) for _ in range(2))
    assert "x-cache" not in first.headers and first.content != second.content and len(script.calls) == 2


@pytest.mark.parametrize("first, second", [(False, True), (True, False), (True, True)])
def test_streams_and_whole_answers_stand_for_each_other(service, upstream, first, second):
    words = [f"wörd{index} 🙂 " for index in range(60)]
    script = upstream.script(answer("".join(words), words), failing(400))
    client = service.openai(default_headers=TTL)
    more = {"extra_body": {"x_script": script.name}, "model": "stub", "messages": prompt(f"{first} {second}")}

    def get(streamed, least):
        if not streamed:
            whole = client.chat.completions.create(**more)
            return whole.choices[0].message.content, whole.choices[0].finish_reason, whole.usage
        chunks = list(client.chat.completions.create(stream=True, stream_options={"include_usage": True}, **more))
        with_choice = [chunk for chunk in chunks if chunk.choices]
        assert len(script.calls) == 1 and len(with_choice) >= least
        return (
            "".join(chunk.choices[0].delta.content or "" for chunk in with_choice),
            with_choice[-1].choices[0].finish_reason, chunks[-1].usage)

    # The platform's own chunks may be joined on their way. An answer from the cache comes in several pieces.
    one, other = get(first, 2), get(second, 3)
    assert one[:2] == other[:2] == ("".join(words), "stop")
    assert one[2].total_tokens == other[2].total_tokens == 12
    assert len(script.calls) == 1


def test_tool_calls_are_replayed(service, upstream):
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
    completion = {
        "id": "x", "object": "chat.completion", "created": 1, "model": "m",
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        "choices": [{"index": 0, "finish_reason": "tool_calls",
                     "message": {"role": "assistant", "content": None, "tool_calls": [call]}}]}
    script = upstream.script(lambda it: it.json(completion), failing(500))
    body = ask(script, "tools", tools=[{"type": "function", "function": {"name": "f", "parameters": {}}}])
    assert service.http.post("/v1/chat/completions", json=body, headers=TTL).status_code == 200
    chunks = events(service.http.post("/v1/chat/completions", json={**body, "stream": True}, headers=TTL))
    [piece] = [delta for chunk in chunks for delta in chunk["choices"][0]["delta"].get("tool_calls", [])]
    assert piece == {**call, "index": 0} and chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_the_native_api_says_so(service, upstream):
    script = upstream.script(answer("native"), failing(500))
    body = {
        "model_name": "stub", "messages": prompt("native"), "parameters": {"x_script": script.name}, "cache_ttl": 60}
    first, second = (service.http.post("/api/v1/chat/completions", json=body) for _ in range(2))
    assert (first.json()["cached"], second.json()["cached"]) == (False, True)
    assert (first.json()["provider"], second.json()["provider"]) == ("openai", "cache")
    assert first.json()["cost"] > 0 == second.json()["cost"]
    stream = service.http.post("/api/v1/chat/completions/stream", json=body)
    chunks = events(stream)
    assert text_of(chunks) == "native" and chunks[-1]["cached"] is True
    fresh = service.http.post("/api/v1/chat/completions", json={**body, "cache_ttl": 0})
    assert fresh.status_code != 200 and len(script.calls) > 1


def test_jobs_are_answered_from_it(service, upstream):
    script = upstream.script(answer("job"), failing(500))
    body = {**ask(script, "job"), "cache_ttl": 60}

    def done():
        id = service.http.post("/api/v1/jobs", json=body).json()["id"]
        return eventually(
            lambda: (report := service.http.get(f"/api/v1/jobs/{id}").json())["status"] == "done" and report,
            what="the job is done")

    first, second = done(), done()
    assert (first["cached"], second["cached"]) == (False, True)
    assert first["result"]["choices"] == second["result"]["choices"] and len(script.calls) == 1


def test_vectors_are_kept_too(service):
    body = {"model": "sandbox-embedding", "input": "vectors that are kept"}
    first, second = (service.http.post("/v1/embeddings", json=body, headers=TTL) for _ in range(2))
    assert first.content == second.content
    assert (first.headers["x-cache"], second.headers["x-cache"]) == ("miss", "hit")


def test_tenants_do_not_share(service, upstream):
    script = upstream.script(answer("mine"), answer("yours"))
    body = ask(script, "tenants")
    mine, yours = (
        service.http.post("/v1/chat/completions", json=body, headers={**TTL, "X-Tenant": tenant})
        for tenant in ("a", "b"))
    assert mine.content != yours.content and yours.headers["x-cache"] == "miss"


def test_an_answer_is_kept_no_longer_than_asked(service, upstream):
    script = upstream.script(answer("old"), answer("new"))
    body = ask(script, "expires")
    service.http.post("/v1/chat/completions", json=body, headers={"X-Cache-TTL": "1"})
    time.sleep(1.1)  # It is the time that is tested.
    again = service.http.post("/v1/chat/completions", json=body, headers={"X-Cache-TTL": "1"})
    assert again.headers["x-cache"] == "miss" and again.json()["choices"][0]["message"]["content"] == "new"


def test_a_failure_is_not_kept(service, upstream):
    script = upstream.script(failing(400), answer("well"))
    body = ask(script, "fails")
    first, second = (service.http.post("/v1/chat/completions", json=body, headers=TTL) for _ in range(2))
    assert (first.status_code, second.status_code) == (400, 200) and second.headers["x-cache"] == "miss"


@pytest.mark.parametrize("value", ["-1", "soon", "99999999999", ""])
def test_a_wrong_time_is_refused(service, upstream, value):
    answered = service.http.post(
        "/v1/chat/completions", json=ask(upstream.script(answer("x")), "wrong"), headers={"X-Cache-TTL": value})
    assert answered.status_code == 400 and answered.json()["error"]["param"] == "X-Cache-TTL"
