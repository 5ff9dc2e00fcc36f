"""Numbers and texts that nobody should send: refused from callers, cut from platforms, and always booked."""

import json
import time
import uuid

import httpx
import pytest

from support.ledger import assert_books_balance, drained, settled_rows
from support.service import Service, prompt
from support.upstream import answer, chunk_of, completion_of
from test_redis_producer import follow

MOST_USER, MOST_COUNT = 512, 2**30
TOO_LONG = "u" * (MOST_USER + 1)
CHAT = {"model": "sandbox", "messages": prompt("hello")}
NATIVE = {"model_name": "sandbox", "messages": prompt("hello")}


@pytest.mark.parametrize(("path", "body", "param"), [
    ("/v1/chat/completions", {**CHAT, "user": TOO_LONG}, "user"),
    ("/v1/embeddings", {"model": "sandbox-embedding", "input": "a", "user": TOO_LONG}, "user"),
    ("/api/v1/chat/completions", {**NATIVE, "user_id": TOO_LONG}, "user_id"),
    ("/api/v1/jobs", {**NATIVE, "user_id": TOO_LONG}, "user_id"),
    ("/api/v1/jobs", {**CHAT, "user": TOO_LONG}, "user"),
    ("/v1/chat/completions", {**CHAT, "model": "m" * 257}, "model"),
    ("/v1/embeddings", {"model": "sandbox-embedding", "input": "a", "dimensions": 2**63 - 1}, "dimensions"),
])
def test_a_text_or_number_that_is_too_large_is_refused_by_name(service, path, body, param):
    reply = httpx.post(service.url + path, json=body)
    assert reply.status_code == 400, reply.text
    error = reply.json()["error"]
    assert error["param"] == param and f"'{param}'" in error["message"] and any(map(str.isdigit, error["message"]))


@pytest.mark.parametrize("header", ["X-Tenant", "Idempotency-Key"])
def test_a_header_that_is_too_long_is_refused_by_name(service, header):
    reply = httpx.post(service.url + "/v1/chat/completions", json=CHAT, headers={header: "x" * 300})
    assert reply.status_code == 400 and header in reply.json()["error"]["message"]


def test_the_longest_user_is_booked(service):
    reply = httpx.post(service.url + "/v1/chat/completions", json={**CHAT, "user": "ü" * (MOST_USER // 2)})
    assert reply.status_code == 200
    id = reply.headers["x-job-id"]
    settled_rows(service, id)
    assert service.postgres.query("SELECT octet_length(user_id) FROM usage_attempts WHERE request_id = %s", id) == [(MOST_USER,)]


@pytest.mark.parametrize(("field", "length"), [("u", 8000), ("t", 8000)])
def test_a_foreign_producer_is_told_which_field_is_too_long(service, field, length):
    redis, id = service.redis.client(), f"0-{uuid.uuid4().hex}"
    redis.xadd(service.key("q:normal"), {
        "v": 1, "id": id, "dl": int(time.time() * 1000) + 60_000, "req": json.dumps(CHAT), field: "x" * length})
    end = follow(redis, service, id)[-1][1]
    assert end[b"st"] == b"error" and f"{field}: expected".encode() in end[b"r"]
    drained(service)


@pytest.fixture(scope="module")
def counted_service(workspace, template, upstream):
    service = Service(workspace / "counted", template, upstream)
    yield service
    service.stop()


def saying(number):
    """A platform that writes a number wherever it can."""
    usage = {
        "prompt_tokens": number, "completion_tokens": number, "total_tokens": number,
        "prompt_tokens_details": {"cached_tokens": number}, "completion_tokens_details": {"reasoning_tokens": number}}

    async def behave(call):
        model = call.body["model"]
        if not call.body.get("stream"):
            return await call.json({**completion_of(model, "fine", usage), "created": number})
        await call.stream_head()
        await call.event({**chunk_of(model, {"content": "fine"}), "created": number, "usage": usage})
        await call.stream_end(usage)

    return behave


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63), 2**53 + 1, 10**400, 1e308])
def test_a_platform_that_counts_beyond_measure_is_answered_and_booked(counted_service, upstream, number):
    service, (worker,) = counted_service, counted_service.workers
    ids = []
    for stream in (False, True):
        body = {"model": "stub", "messages": prompt("count"), "stream": stream, "x_script": upstream.script(saying(number)).name}
        reply = httpx.post(service.url + "/v1/chat/completions", json=body, timeout=30)
        assert reply.status_code == 200 and "fine" in reply.text, reply.text
        ids.append(reply.headers["x-job-id"])
    # A number below zero counts nothing, so our estimate takes its place.
    is_estimated = number < 0
    for id in ids:
        assert [row[1:4] for row in settled_rows(service, id)] == [("done", True, is_estimated)]
        counts = service.postgres.query(
            "SELECT tokens_in, tokens_out, tokens_cached, tokens_reasoning FROM usage_attempts WHERE request_id = %s", id)
        if is_estimated:
            [(spoken, answered, cached, reasoning)] = counts
            assert 0 < spoken < 100 and 0 < answered < 100 and (cached, reasoning) == (0, 0)
        else:
            assert counts == [(MOST_COUNT,) * 4]
    assert worker.is_up
    assert_books_balance(service)
    metrics = httpx.get(f"http://127.0.0.1:{worker.port}/metrics").text
    assert "aims_tokens_total" in metrics


def test_a_quota_that_is_full_refuses_no_later_bill(counted_service, upstream):
    """As older builds, or people, may have left it."""
    service, most = counted_service, 2**63 - 1
    service.postgres.query("UPDATE accounts SET quota_used = %s RETURNING id", most)
    for _ in range(4):
        body = {"model": "stub", "messages": prompt("count"), "x_script": upstream.script(answer("fine")).name}
        settled_rows(service, httpx.post(service.url + "/v1/chat/completions", json=body, timeout=30).headers["x-job-id"])
    used = service.postgres.query("SELECT DISTINCT quota_used FROM accounts WHERE provider = 'openai'")
    assert used == [(most,)]
    assert service.redis.client().xlen(service.key("dead")) == 0
