"""SIGTERM is an announcement, not an accident: what runs is finished, what has not begun goes to others."""

import asyncio
import signal
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from support.ledger import assert_books_balance, drained
from support.load import Load
from support.processes import eventually
from support.service import prompt
from support.upstream import answer


def slow(gate):
    async def behave(call):
        if not call.body.get("stream"):
            await gate.passed()
            return await answer("whole")(call)
        await call.stream_head()
        await call.delta("be")
        await gate.passed()
        await call.delta("gun")
        await call.stream_end()

    return behave


def read(service, script, stream):
    got = service.openai().chat.completions.create(
        model="stub", messages=prompt(), stream=stream, extra_body={"x_script": script.name})
    if not stream:
        return got.choices[0].message.content
    return "".join(c.choices[0].delta.content or "" for c in got if c.choices)


def test_a_worker_finishes_what_it_began_and_others_take_the_rest(own_service, upstream):
    service = own_service(workers=1)
    leaving = service.workers[0]
    gate = upstream.gate()
    script = upstream.script(slow(gate))
    with ThreadPoolExecutor(9) as pool:
        asked = [pool.submit(read, service, script, number % 2 == 0) for number in range(8)]
        eventually(lambda: len(script.calls) == 8, what="eight calls")
        leaving.send(signal.SIGTERM)
        eventually(lambda: httpx.get(f"http://127.0.0.1:{leaving.port}/ready").status_code == 503, what="it says so")
        service.add_worker()
        assert pool.submit(read, service, upstream.script(answer("by another")), False).result(30) == "by another"
        assert leaving.is_up
        gate.open()
        assert [work.result(30) for work in asked] == ["begun", "whole"] * 4
    assert leaving.wait(15) == 0
    assert len(script.calls) == 8, "nothing was called twice"
    drained(service)
    assert_books_balance(service)
    assert service.postgres.query("SELECT count(*), count(*) FILTER (WHERE status = 'done') FROM usage_attempts") == [(9, 9)]


def test_rolling_restarts_under_load_lose_nothing(own_service):
    service = own_service(workers=2)
    with Load(service, callers=6) as load:
        for worker in list(service.workers):
            before = load.answered
            service.add_worker()
            worker.send(signal.SIGTERM)
            assert worker.wait(20) == 0
            eventually(lambda: load.answered > before + 20, what="answers go on")
    assert load.failures == []
    drained(service)
    assert_books_balance(service)
    done = service.postgres.query("SELECT count(*) FROM usage_attempts WHERE status = 'done'")
    assert done == [(len(load.ids),)]


def test_a_worker_that_may_not_wait_says_so_in_the_stream(own_service, upstream):
    service = own_service(workers=1, DRAIN_TIMEOUT="0.5")
    script = upstream.script(slow(upstream.gate()))
    body = {"model": "stub", "messages": prompt(), "stream": True, "x_script": script.name}
    with service.http as client, client.stream("POST", "/v1/chat/completions", json=body) as response:
        lines = response.iter_lines()
        while "be" not in next(lines):
            pass
        service.workers[0].send(signal.SIGTERM)
        rest = [line for line in lines if line.startswith("data: ")]
    assert "worker_shutdown" in rest[-1] and "[DONE]" not in "".join(rest)
    assert service.workers[0].wait(15) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_shim_lets_open_requests_finish(own_service, upstream, number):
    service = own_service(workers=1)
    gate = upstream.gate()
    script = upstream.script(slow(gate))
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(read, service, script, even) for even in (True, False)]
        eventually(lambda: len(script.calls) == 2, what="two calls")
        service.shim.send(number)

        def refuses():
            try:
                httpx.get(f"{service.url}/live", timeout=2)
            except httpx.TransportError:
                return True

        eventually(refuses, what="no new connections")
        gate.open()
        assert [work.result(30) for work in asked] == ["begun", "whole"]
    assert service.shim.wait(15) == 0


def test_a_shim_that_ends_is_not_ready_before_it_stops_taking_connections(own_service):
    service = own_service(workers=1, DRAIN_DELAY="3")
    service.shim.send(signal.SIGTERM)
    eventually(lambda: httpx.get(f"{service.url}/ready", timeout=2).status_code == 503, what="not ready")

    response = httpx.post(f"{service.url}/v1/chat/completions", json={"model": "sandbox", "messages": prompt()}, timeout=5)

    assert response.status_code == 200 and response.headers["connection"] == "close"
    assert service.shim.wait(15) == 0


def test_idle_connections_of_callers_do_not_keep_the_shim(own_service):
    service = own_service(workers=1)

    async def hold():
        async with httpx.AsyncClient(base_url=service.url) as client:
            await asyncio.gather(*(client.get("/live") for _ in range(5)))
            service.shim.send(signal.SIGTERM)
            return await asyncio.to_thread(service.shim.wait, 10)

    assert asyncio.run(hold()) == 0
