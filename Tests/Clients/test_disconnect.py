"""A caller who leaves costs no further tokens: the platform's connection closes, and what was used is billed."""

import asyncio
import time

import httpx
import pytest

from support.ledger import settled_rows
from support.processes import eventually
from support.service import prompt

SOON = 0.25  # seconds from the cancel to the closed connection


@pytest.fixture
def talking(upstream):
    """A platform that goes on talking until its caller closes."""

    async def behave(call):
        await call.stream_head()
        while True:
            await call.delta("word ")
            await asyncio.sleep(0.02)  # its pace

    return upstream.script(behave)


def closed(script, since):
    eventually(lambda: script.calls[0].closed_at, 10, "the platform's connection closes")
    return script.calls[0].closed_at - since


def test_a_stream_left_by_its_caller_is_hung_up_on_and_billed_as_cancelled(service, talking):
    body = {"model": "stub", "messages": prompt(), "stream": True, "x_script": talking.name}
    with service.http as client, client.stream("POST", "/v1/chat/completions", json=body) as response:
        assert next(response.iter_lines())
        left = time.monotonic()
    assert closed(talking, left) < 2 * SOON, "CANCEL_GRACE is 0 here; closing the caller's connection takes time too"
    id = response.headers["x-job-id"]
    assert [row[1:4] for row in settled_rows(service, id)] == [("cancelled", True, True)]
    [(spoken,)] = service.postgres.query("SELECT tokens_out FROM usage_attempts WHERE request_id = %s", id)
    assert spoken > 0, "what was said before the caller left is billed"


def test_a_whole_answer_nobody_waits_for_is_hung_up_on(service, upstream):
    gate = upstream.gate()
    script = upstream.script(lambda call: gate.passed())
    with service.http as client, pytest.raises(httpx.ReadTimeout):
        body = {"model": "stub", "messages": prompt(), "x_script": script.name}
        client.post("/v1/chat/completions", json=body, timeout=0.7)
    assert closed(script, time.monotonic()) < 2 * SOON


def test_a_cancelled_job_hangs_up_within_a_quarter_of_a_second(service, talking):
    with service.http as client:
        job = client.post("/api/v1/jobs", json={
            "model": "stub", "messages": prompt(), "stream": True, "x_script": talking.name}).json()
        eventually(lambda: talking.calls, what="the call")
        eventually(lambda: client.get(job["links"]["self"]).json()["status"] == "running")
        began = time.monotonic()
        assert client.delete(job["links"]["self"]).json()["status"] == "cancelled"
        assert closed(talking, began) < SOON
        assert client.get(job["links"]["self"]).json()["status"] == "cancelled"
    assert [row[1] for row in settled_rows(service, job["id"])] == ["cancelled"]


def test_a_job_cancelled_before_it_began_is_never_called(own_service, upstream):
    """Without a worker it can only wait. The worker that comes later must leave it alone."""
    service = own_service(workers=0)
    script = upstream.script()
    with service.http as client:
        job = client.post("/api/v1/jobs", json={"model": "stub", "messages": prompt(), "x_script": script.name}).json()
        assert client.get(job["links"]["self"]).json()["status"] == "queued"
        assert client.delete(job["links"]["self"]).json()["status"] == "cancelled"
        service.add_worker()
        eventually(lambda: service.redis.client().xlen(service.key("q:normal")) == 0, what="the entry is gone")
        assert client.get(job["links"]["self"]).json()["status"] == "cancelled"
    assert script.calls == []
