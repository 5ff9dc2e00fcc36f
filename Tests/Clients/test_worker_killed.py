"""`kill -9` of a worker with requests in flight, while another one runs."""

import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import openai
import pytest

from support.ledger import assert_books_balance, drained, rows, settled_rows
from support.processes import eventually
from support.service import job_id, prompt
from support.upstream import answer


def in_flight(script, number):
    eventually(lambda: len(script.calls) >= number, what=f"{number} calls at the platform")


def held(gate, before=None):
    """First says `before`, if anything. The rest comes only once the gate is open."""

    async def behave(call):
        if not call.body.get("stream"):
            await gate.passed()
            return await answer("late")(call)
        await call.stream_head()
        if before:
            await call.delta(before)
        await gate.passed()
        await call.delta("late")
        await call.stream_end()

    return behave


def test_callers_who_saw_nothing_yet_see_only_a_delay(own_service, upstream):
    service = own_service(workers=1)
    first = service.workers[0]
    gate = upstream.gate()
    script = upstream.script(*[held(gate)] * 8, answer("second attempt"))

    def ask(stream):
        response = service.openai().chat.completions.with_raw_response.create(
            model="stub", messages=prompt(), stream=stream, extra_body={"x_script": script.name})
        id, got = response.headers["x-job-id"], response.parse()
        if not stream:
            return id, got.choices[0].message.content
        return id, "".join(c.choices[0].delta.content or "" for c in got if c.choices)

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(ask, number % 2 == 1) for number in range(8)]
        in_flight(script, 8)
        service.add_worker()
        began = time.monotonic()
        first.kill()
        answers = [work.result(60) for work in asked]
        delay = time.monotonic() - began
    assert {text for _, text in answers} == {"second attempt"}
    assert delay < 12, "lease 2 s, reap 0.3 s"
    for id, _ in answers:
        found = settled_rows(service, id, 2)
        assert [(row[0], row[1]) for row in found] == [(1, "lost"), (2, "done")]
        assert found[0][3], "nobody knows what the first attempt used: it must be flagged as estimated"
    assert len(script.calls) == 16
    assert_books_balance(service)


def test_a_stream_that_has_shown_text_ends_with_an_error_in_the_stream(own_service, upstream):
    service = own_service(workers=1)
    first = service.workers[0]
    script = upstream.script(held(upstream.gate(), before="shown "), answer("never asked"))
    stream = service.openai().chat.completions.create(
        model="stub", messages=prompt(), stream=True, extra_body={"x_script": script.name})
    text, id = "", None
    with pytest.raises(openai.APIError) as caught:
        for chunk in stream:
            id = chunk.id
            text += chunk.choices[0].delta.content or ""
            if text:
                service.add_worker()
                first.kill()
    assert text == "shown "
    assert caught.value.code == "worker_lost"
    assert [row[:2] for row in settled_rows(service, job_id(id))] == [(1, "lost")]
    assert len(script.calls) == 1, "a stream that has shown text is never called again in silence"
    assert_books_balance(service)


def test_a_worker_that_sleeps_past_its_lease_harms_nothing_when_it_wakes(own_service, upstream):
    """SIGSTOP is a long pause of the host: the platform's answer then comes to a worker that was declared dead."""
    service = own_service(workers=1)
    zombie = service.workers[0]
    gate = upstream.gate()
    script = upstream.script(held(gate), answer("by the living"))
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(
            service.openai().chat.completions.with_raw_response.create, model="stub", messages=prompt(),
            extra_body={"x_script": script.name})
        in_flight(script, 1)
        service.add_worker()
        zombie.send(signal.SIGSTOP)
        answered = asked.result(30)
        assert answered.parse().choices[0].message.content == "by the living"
        gate.open()
        zombie.send(signal.SIGCONT)
    id = answered.headers["x-job-id"]
    # The zombie knows what its attempt used: its late row replaces the estimate, and nothing else changes.
    eventually(lambda: len(rows(service, id)) == 2 and rows(service, id)[0][2], what="the zombie's own row")
    drained(service)
    assert [row[0] for row in rows(service, id)] == [1, 2]
    assert_books_balance(service)


def test_a_request_that_kills_every_worker_becomes_a_dead_letter(own_service, upstream):
    service = own_service(workers=1, LEASE="1", MAX_DELIVERIES="3")
    script = upstream.script(held(upstream.gate()))
    failed = []

    def ask():
        try:
            service.openai().chat.completions.create(model="stub", messages=prompt(), extra_body={"x_script": script.name})
        except openai.APIStatusError as error:
            failed.append(error)

    caller = threading.Thread(target=ask)
    caller.start()
    for deaths in (1, 2):
        in_flight(script, deaths)
        # The row of the attempt before is out of this worker's hands. Otherwise it would arrive a minute after its death.
        eventually(lambda: service.postgres.query("SELECT count(*) FROM usage_attempts")[0][0] >= deaths - 1)
        service.workers[-1].kill()
        service.add_worker()
    caller.join(30)
    assert [error.code for error in failed] == ["poison_request"]
    assert service.redis.client().xlen(service.key("dead")) == 1
    drained(service)
    assert service.postgres.query("SELECT attempt, status FROM usage_attempts ORDER BY 1") == [(1, "lost"), (2, "lost")]
    assert_books_balance(service)


def test_a_worker_that_slept_over_a_request_does_not_start_it_again(own_service, upstream):
    """SIGSTOP while it waits inside XREADGROUP: Redis gives it the entry, another worker answers, and then it wakes."""
    service = own_service(workers=1, CLAIM_BLOCK="5")
    sleeper, redis = service.workers[0], service.redis.client()

    def is_blocked():
        return any(c["cmd"] == "xreadgroup" and "b" in c["flags"] and "claim" in c["name"] for c in redis.client_list())

    def asleep():
        eventually(is_blocked, what="the worker waits for work")
        sleeper.send(signal.SIGSTOP)
        if is_blocked():
            return True
        sleeper.send(signal.SIGCONT)

    eventually(asleep, what="the worker sleeps while it waits")
    script = upstream.script(*[answer("by the living")] * 3)

    def ask():
        got = service.openai().chat.completions.with_raw_response.create(
            model="stub", messages=prompt(), extra_body={"x_script": script.name})
        return got.headers["x-job-id"], got.parse().choices[0].message.content

    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask)
        lane = service.key("q:normal")
        eventually(lambda: redis.xpending(lane, "workers")["pending"] == 1, 4, "the sleeper has got the request")
        living = service.add_worker()
        id, text = asked.result(30)
    assert text == "by the living"
    # The hardest case: nothing is left in Redis that could tell the sleeper.
    redis.delete(service.key(f"log:{id}"))
    sleeper.send(signal.SIGCONT)
    living.stop()
    assert ask()[1] == "by the living", "answered by the one that has woken"
    assert [(row[0], row[1]) for row in settled_rows(service, id)] == [(2, "done")]
    assert len(script.calls) == 2
    assert redis.exists(service.key(f"log:{id}")) == 0
    assert_books_balance(service)


def test_jobs_of_a_dead_worker_do_not_wait_behind_the_backlog_of_a_full_one(own_service, upstream):
    service = own_service(workers=1, WORKER_CONCURRENCY="3")
    first, gate = service.workers[0], upstream.gate()
    script = upstream.script(*[held(gate)] * 40)

    def ask(_):
        got = service.openai().chat.completions.create(
            model="stub", messages=prompt(), extra_body={"x_script": script.name})
        return got.choices[0].message.content

    with ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(ask, number) for number in range(3)]
        in_flight(script, 3)
        service.add_worker()
        asked += [pool.submit(ask, number) for number in range(17)]
        in_flight(script, 6)
        began = time.monotonic()
        first.kill()
        # The one that lives is full, fourteen more wait, and nothing ends.
        eventually(lambda: len(script.calls) >= 9, 12, "the dead worker's jobs run again")
        delay = time.monotonic() - began
        assert len(script.calls) == 9, "nothing new is begun beyond the slots there are"
        gate.open()
        assert [work.result(60) for work in asked] == ["late"] * 20
    assert delay < 8, "lease 2 s, reap 0.3 s"
    assert len(script.calls) == 23
    drained(service)
    assert_books_balance(service)
