"""Redis and PostgreSQL die and come back under load. What was accepted is answered, what was used is billed, and no
process of the service had to be started again.

`AMS_OUTAGE_SECONDS` (default 10) is how long PostgreSQL stays away.
"""

import os
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from support.ledger import assert_books_balance, assert_each_answered_once, drained
from support.load import Load, is_refusal
from support.processes import eventually
from support.service import ANSWER_MARK, prompt
from support.upstream import answer

OUTAGE = float(os.environ.get("AMS_OUTAGE_SECONDS", "10"))


def status(service, path):
    return httpx.get(f"{service.url}{path}", timeout=5).status_code


def assert_nothing_was_lost(service, load):
    assert [error for error in load.failures if not is_refusal(error)] == []
    drained(service, 60)
    assert_each_answered_once(service, load.ids)
    assert_books_balance(service)


@pytest.fixture
def service(own_service):
    service = own_service(workers=2)
    pids = [process.pid for process in service.processes]
    yield service
    assert all(process.is_up for process in service.processes)
    assert [process.pid for process in service.processes] == pids


@pytest.mark.parametrize("how", ["kill", "shut_down"])
def test_redis_dies_and_comes_back_on_the_same_data(service, how):
    with Load(service) as load:
        eventually(lambda: load.answered > 20, what="load")
        for _ in range(2):
            before = load.answered
            # fsync is once a second: what a *process* wrote survives its death all the same, as it is in the page cache.
            getattr(service.redis, how)()
            eventually(lambda: status(service, "/ready") == 503, what="readiness tells of the outage")
            assert status(service, "/live") == 200
            service.redis.start()
            eventually(lambda: load.answered > before + 20, what="answers after the restart")
    eventually(lambda: status(service, "/ready") == 200, what="readiness tells of the return")
    assert_nothing_was_lost(service, load)


def test_a_request_that_waits_while_redis_restarts_gets_its_answer(service, upstream):
    """The platform answers while Redis is away: neither the whole answer nor the rest of a stream may get lost."""
    gate = upstream.gate()

    async def behave(call):
        if not call.body.get("stream"):
            await gate.passed()
            return await answer(ANSWER_MARK)(call)
        await call.stream_head()
        await call.delta("before ")
        await gate.passed()
        for number in range(20):
            await call.delta(f"{number} ")
        await call.stream_end()

    script = upstream.script(behave)

    def ask(stream):
        got = service.openai().chat.completions.create(
            model="stub", messages=prompt(), stream=stream, extra_body={"x_script": script.name})
        if not stream:
            return got.choices[0].message.content
        return "".join(c.choices[0].delta.content or "" for c in got if c.choices)

    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(ask, stream) for stream in (False, True)]
        eventually(lambda: len(script.calls) == 2, what="two calls")
        service.redis.kill()
        gate.open()
        eventually(lambda: all(call.ended for call in script.calls), what="the platform has answered")
        service.redis.start()
        texts = [work.result(40) for work in asked]
    assert texts == [ANSWER_MARK, "before " + "".join(f"{number} " for number in range(20))]
    assert len(script.calls) == 2, "a request was sent to the platform twice"
    drained(service)
    assert_books_balance(service)


def test_without_redis_a_request_is_refused_soon_and_nothing_is_accepted(service):
    service.redis.kill()
    began = time.monotonic()
    refused = service.http.post("/v1/chat/completions", json={"model": "sandbox", "messages": prompt()})
    assert refused.status_code == 503 and int(refused.headers["retry-after"]) > 0
    assert refused.json()["error"]["code"] == "queue_unavailable"
    assert time.monotonic() - began < 8, "SUBMIT_TIMEOUT is 5 s"
    service.redis.start()
    eventually(lambda: status(service, "/ready") == 200, what="readiness")
    assert service.http.post("/v1/chat/completions", json={"model": "sandbox", "messages": prompt()}).status_code == 200
    drained(service)
    assert service.postgres.query("SELECT count(*) FROM usage_attempts") == [(1,)]


def test_postgresql_is_away_and_no_caller_notices(service):
    with Load(service) as load:
        eventually(lambda: load.answered > 20, what="load")
        service.postgres.stop()
        stopped, before = time.monotonic(), load.answered
        eventually(lambda: time.monotonic() - stopped > OUTAGE, OUTAGE + 5, "the end of the outage")
        during = load.answered - before
        service.postgres.start()
    assert load.failures == []
    assert during > OUTAGE * 10, "requests waited for PostgreSQL"
    assert_nothing_was_lost(service, load)
    assert service.postgres.query("SELECT count(*) FROM usage_attempts") == [(len(load.ids),)]
