"""A worker with another MASTER_KEY: its own fault, said loudly, and no trouble for the accounts or for the fleet."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from support.ledger import drained
from support.processes import eventually
from support.service import prompt
from support.upstream import answer

OTHER = base64.b64encode(b"another-master-key-of-32-bytes-!").decode()
ACCOUNTS = "MASTER_KEY does not open the keys of accounts stub-1, stub-2"


def lines(worker, message):
    read = [json.loads(line) for line in worker.log.read_text().splitlines() if line.startswith("{")]
    return [line for line in read if message in line["message"]]


def ready(worker):
    return httpx.get(f"http://127.0.0.1:{worker.port}/ready")


def ask(service, script, **headers):
    body = {"model": "stub", "messages": prompt("key"), "x_script": script.name}
    return httpx.post(service.url + "/v1/chat/completions", json=body, headers=headers, timeout=60)


def assert_nobody_was_blamed(service):
    assert service.postgres.query("SELECT DISTINCT status FROM accounts") == [("active",)]
    assert service.postgres.query("SELECT kind, subject FROM alerts") == []
    assert service.postgres.query("SELECT count(*) FROM usage_attempts WHERE error_kind IS NOT NULL") == [(0,)]


@pytest.fixture
def strict(own_service):
    """As it comes: refusals of a key disable the account soon."""
    return own_service(DISABLE_AFTER="2", COOLDOWN_AUTHENTICATION="0.2", HEALTH_CHECK_INTERVAL="1")


def test_beside_a_good_worker_no_request_fails(strict, upstream):
    blind = strict.add_worker(wait=False, MASTER_KEY=OTHER)
    eventually(lambda: lines(blind, "another MASTER_KEY"), 20, "the worker says what it cannot open")
    script = upstream.script(answer("fine"))
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: ask(strict, script), range(48)))
    assert [reply.status_code for reply in replies] == [200] * 48
    told = lines(blind, "another MASTER_KEY")
    assert len(told) == 1 and told[0]["level"] == "critical" and told[0]["accounts"] == "stub-1,stub-2"
    assert ready(blind).status_code == 503 and ready(blind).text.strip() == ACCOUNTS
    assert ready(strict.workers[0]).status_code == 200
    drained(strict)
    assert_nobody_was_blamed(strict)


def test_alone_it_keeps_requests_for_a_worker_that_can(own_service, upstream):
    service = own_service(workers=1, DISABLE_AFTER="2", COOLDOWN_AUTHENTICATION="0.2", HEALTH_CHECK_INTERVAL="1")
    good = service.workers[0]
    blind = service.add_worker(wait=False, MASTER_KEY=OTHER)
    eventually(lambda: lines(blind, "another MASTER_KEY"), 20, "the worker says what it cannot open")
    good.stop()
    script = upstream.script(answer("fine"))
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(ask, service, script) for _ in range(4)]
        # Models that need no key are served meanwhile.
        for _ in range(3):
            reply = httpx.post(
                service.url + "/v1/chat/completions", json={"model": "sandbox", "messages": prompt("hi")}, timeout=30)
            assert reply.status_code == 200
        assert not any(call.done() for call in waiting)
        service.add_worker()
        assert [call.result().status_code for call in waiting] == [200] * 4
    drained(service)
    assert_nobody_was_blamed(service)


def test_a_failed_attempt_has_a_line_that_says_what_is_done_next(own_service, upstream):
    from support.upstream import failing

    service = own_service()
    script = upstream.script(failing(500), answer("fine"))
    reply = ask(service, script, **{"X-Request-Id": "req-of-the-caller"})
    assert reply.status_code == 200
    (worker,) = service.workers
    (failed,) = eventually(lambda: lines(worker, "attempt failed"), 10, "the failed attempt has its line")
    (ended,) = eventually(lambda: lines(worker, "job ended"), 10, "the job has its line")
    assert failed["next"] == "next_route" and failed["kind"] == "server_error" and failed["model"] == "stub"
    assert failed["account"].startswith("stub-") and failed["upstream_status"] == 500 and failed["attempt"] == 1
    for line in (failed, ended):
        assert line["request_id"] == "req-of-the-caller" and line["job"] == reply.headers["x-job-id"]
        assert isinstance(line["ms"], int)
    assert "error" not in ended and ended["outcome"] == "done"
