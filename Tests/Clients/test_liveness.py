"""Readiness follows the workers: a fresh and an idle service is well, one without a worker says so."""

import json
import re
import subprocess

import httpx
import pytest

from support.processes import eventually
from support.service import BIN, prompt


def health(service):
    return httpx.get(f"{service.url}/api/v1/status/health", timeout=10)


def test_a_fresh_service_is_well_before_its_first_request(own_service):
    service = own_service(workers=2)
    page = health(service)
    assert page.status_code == 200, page.text
    assert page.json()["dependencies"]["workers"] == {"status": "ok", "alive": 2}
    # The shim counts every second or so: the second worker may have come since.
    ready = {"status": "ok", "workers": 2, "problems": []}
    eventually(lambda: httpx.get(f"{service.url}/ready").json() == ready, what="the shim knows both")


def test_idle_workers_stay_alive_though_their_consumers_look_dead(own_service):
    """XINFO's idle time grows while nothing comes. With LEASE 1 the sweep would forget such consumers."""
    service = own_service(workers=1, LEASE="1", CONSUMER_SWEEP="1", CONSUMER_IDLE="10")
    redis, lane = service.redis.client(), service.key("q:normal")
    assert service.http.post("/v1/chat/completions", json={"model": "sandbox", "messages": prompt()}).status_code == 200

    def idle():
        return max(consumer["idle"] for consumer in redis.xinfo_consumers(lane, "workers"))

    eventually(lambda: idle() > 11_000, 30, "the consumer looks idle for longer than CONSUMER_IDLE")
    assert health(service).status_code == 200
    assert len(redis.xinfo_consumers(lane, "workers")) == 1


def test_a_killed_worker_is_missed_after_its_lease_and_one_that_ends_at_once(own_service):
    service = own_service(workers=2)
    service.workers[0].kill()
    eventually(lambda: health(service).json()["dependencies"]["workers"]["alive"] == 1, what="one is alive")
    assert service.workers[1].stop() == 0
    eventually(lambda: health(service).status_code == 503, what="nobody is alive")
    eventually(lambda: httpx.get(f"{service.url}/ready").status_code == 503, what="/ready says so")
    assert httpx.get(f"{service.url}/ready").json()["problems"] == ["no worker is alive"]


@pytest.fixture
def lonely(own_service):
    return own_service(workers=0)


def test_chat_says_that_no_worker_is_alive_and_goes_on_when_one_is(lonely):
    chat = subprocess.Popen(
        [BIN / "submitter", "chat", "hello"], env=lonely.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True)
    try:
        assert "no worker is alive" in chat.stderr.readline()
        lonely.add_worker()
        out, _ = chat.communicate(timeout=30)
        assert chat.returncode == 0 and out.strip()
    finally:
        chat.kill()
        chat.wait(10)


def test_a_stream_hears_that_no_worker_is_alive(lonely):
    body = {"model": "sandbox", "messages": prompt(), "stream": True}
    lines = []
    with lonely.http as client, client.stream("POST", "/v1/chat/completions", json=body) as response:
        for line in response.iter_lines():
            if line == ": no worker is alive" and not lines:
                lonely.add_worker(wait=False)
            lines.append(line)
    assert lines[0] == ": no worker is alive"
    assert [line for line in lines if line.startswith("data: ")][-1] == "data: [DONE]"


# MARK: a Redis that forgets


@pytest.fixture
def forgetful(own_service):
    service = own_service(workers=1)
    service.redis.client().config_set("appendonly", "no")
    return service


def test_a_redis_that_forgets_is_told_by_everybody(forgetful):
    def told():
        redis = health(forgetful).json()["dependencies"]["redis"]
        return redis["status"] == "ok" and redis["durable"] is False and redis["warnings"]

    [warning] = eventually(told, what="the status page warns")
    assert "appendonly" in warning
    worker = forgetful.add_worker()
    for log in (forgetful.shim.log, worker.log):
        eventually(lambda log=log: re.search(r"warning.*may lose.*appendonly", log.read_text()), what=f"{log} warns")


@pytest.mark.parametrize("program", ["shim", "worker"])
def test_where_a_durable_redis_is_required_nothing_starts_on_another(forgetful, program):
    command = [BIN / "submitter", "serve"] if program == "shim" else [BIN / "worker"]
    done = subprocess.run(
        command, env={**forgetful.environment, "REQUIRE_DURABLE_REDIS": "true", "SERVICE_PORT": "0", "WORKER_PORT": "0"},
        capture_output=True, text=True, timeout=60)
    assert done.returncode == 3, done.stderr
    assert "REQUIRE_DURABLE_REDIS" in done.stderr and "appendonly" in done.stderr


def test_with_a_durable_redis_it_starts(own_service):
    service = own_service(workers=1, REQUIRE_DURABLE_REDIS="true")
    assert health(service).json()["dependencies"]["redis"] == {"status": "ok", "durable": True, "warnings": []}


# MARK: the request line


def lines(service, message):
    entries = [json.loads(line) for line in service.shim.log.read_text().splitlines() if line.startswith("{")]
    return [entry for entry in entries if entry["message"] == message]


def test_every_request_has_one_line_at_its_end(service):
    mark = "line-of-a-request"
    with service.http as client:
        headers = {"X-Request-Id": mark}
        whole = client.post("/v1/chat/completions?secret=1", headers=headers, json={"model": "sandbox", "messages": prompt()})
        stream = client.post(
            "/v1/chat/completions", headers=headers,
            json={"model": "sandbox", "messages": prompt("[[tokens=3 delay_ms=100]]"), "stream": True})
        client.get("/api/v1/jobs/0-doesnotexist", headers=headers)

    def mine():
        found = [line for line in lines(service, "request ended") if line["request_id"] == mark]
        return found if len(found) == 3 else None

    one, two, three = eventually(mine, what="three lines")
    assert (one["method"], one["path"], str(one["status"])) == ("POST", "/v1/chat/completions", "200")
    assert one["job"] == whole.headers["x-job-id"] and two["job"] == stream.headers["x-job-id"]
    assert int(two["ms"]) >= 200, "the line was written before the answer's end"
    assert (three["method"], three["path"], str(three["status"])) == ("GET", "/api/v1/jobs/0-doesnotexist", "404")
    assert "secret=1" not in service.shim.log.read_text()


def test_where_it_listens_is_said_once(service):
    text = service.shim.log.read_text()
    assert text.count("listening") == 1
    assert lines(service, "listening")[0]["address"] == f"127.0.0.1:{service.port}"
