"""Dead letters: what the queue gave up on is listed, told, retried and dropped, from the command line and by HTTP."""

import json
import threading
import uuid

import openai
import pytest

from support.processes import eventually
from support.service import PROMPT_MARK, prompt
from support.upstream import answer


@pytest.fixture
def redis(service):
    """Of a service without dead letters, whatever ran before."""
    assert service.run("dead", "drop", "--all").returncode == 0
    return service.redis.client()


def bury(redis, service, why="poison", lane="normal", **fields):
    """Makes a dead letter as workers write them. Returns its id and that of its request."""
    id = f"0-{uuid.uuid4().hex}"
    body = {"model": "sandbox", "messages": prompt("once more")}
    letter = {"why": why, "lane": service.key(f"q:{lane}"), "v": 1, "id": id, "t": "default", "n": 2, "req": json.dumps(body)}
    return "0:" + redis.xadd(service.key("dead"), letter | fields).decode(), id


def listed(service, *options):
    return json.loads(service.run("dead", "list", "--json", *options).stdout)


def test_a_request_that_killed_its_workers_is_told_and_answered_after_a_retry(own_service, upstream):
    service = own_service(workers=1, LEASE="1", MAX_DELIVERIES="1")
    gate = upstream.gate()

    async def kept_waiting(call):
        await gate.passed()

    script = upstream.script(kept_waiting, answer("at last"))
    failed = []

    def ask():
        try:
            service.openai().chat.completions.create(model="stub", messages=prompt(), extra_body={"x_script": script.name})
        except openai.APIStatusError as error:
            failed.append(error)

    caller = threading.Thread(target=ask)
    caller.start()
    eventually(lambda: script.calls, what="the platform is called")
    service.workers[-1].kill()
    service.add_worker()
    caller.join(30)
    assert [error.code for error in failed] == ["poison_request"]

    def alerts():
        return [alert for alert in service.http.get("/api/v1/alerts?open=true").json()["data"] if alert["kind"] == "dead_letters"]

    [alert] = eventually(alerts, what="the alert")
    assert alert["message"] == "1 dead letter, the newest because of: poison"
    [letter] = listed(service)
    assert letter["request_id"] == failed[0].response.headers["x-job-id"] and letter["retryable"]

    retried = service.http.post(f"/api/v1/queue/dead/{letter['id']}/retry")

    assert retried.status_code == 202 and retried.headers["location"] == f"/api/v1/jobs/{retried.json()['id']}"
    assert retried.json()["id"] != letter["request_id"]

    def done():
        job = service.http.get(retried.headers["location"]).json()
        return job if job["status"] == "done" else None

    assert eventually(done, what="the answer")["result"]["choices"][0]["message"]["content"] == "at last"
    eventually(lambda: not alerts(), what="the alert is over")


def test_the_command_line_lists_shows_retries_and_drops(redis, service):
    first, _ = bury(redis, service)
    second, request = bury(redis, service, why="req: missing", lane="high")

    assert [row["id"] for row in listed(service)] == [second, first]
    assert [row["id"] for row in listed(service, "--why", "poison")] == [first]
    shown = service.run("dead", "show", second)
    assert request in shown.stdout and PROMPT_MARK not in shown.stdout
    assert PROMPT_MARK in service.run("dead", "show", second, "--body").stdout
    retried = service.run("dead", "retry", first)
    assert retried.returncode == 0
    new = retried.stdout.split()[-1].rstrip(".")
    eventually(lambda: service.http.get(f"/api/v1/jobs/{new}").json()["status"] == "done", what="the answer")
    assert service.run("dead", "drop", "--why", "req: missing").stdout == "Dropped 1 dead letter.\n"
    assert listed(service) == []


def test_what_nobody_can_read_is_only_dropped(redis, service):
    redis.xadd(service.key("q:normal"), {"v": 1, "id": f"0-{uuid.uuid4().hex}", "wl": "perhaps", "req": "{}"})
    [letter] = eventually(lambda: listed(service), what="the dead letter")
    assert not letter["retryable"] and letter["obstacle"] == "it cannot be read: wl: expected fail or restart"

    done = service.run("dead", "retry", letter["id"])
    refused = service.http.post(f"/api/v1/queue/dead/{letter['id']}/retry")

    assert done.returncode == 1 and "it can only be dropped" in done.stderr
    assert refused.status_code == 409 and refused.json()["error"]["code"] == "not_retryable"
    assert service.http.delete(f"/api/v1/queue/dead/{letter['id']}").json() == {"dropped": 1}
    assert service.run("dead", "drop", letter["id"]).returncode == 1


def test_http_lists_in_pages_and_shows_a_body_only_when_asked(redis, service):
    ids = [bury(redis, service)[0] for _ in range(5)][::-1]

    first = service.http.get("/api/v1/queue/dead?limit=2").json()
    rest = service.http.get(f"/api/v1/queue/dead?before={first['data'][-1]['id']}").json()

    assert first["total"] == 5 and [row["id"] for row in first["data"] + rest["data"]] == ids
    shown = service.http.get(f"/api/v1/queue/dead/{ids[0]}")
    assert PROMPT_MARK not in shown.text and {"name": "n", "bytes": 1, "value": "2"} in shown.json()["fields"]
    whole = service.http.get(f"/api/v1/queue/dead/{ids[0]}?body=true").json()
    assert whole["body"]["model"] == "sandbox"


def test_http_empties_nothing_by_a_forgotten_filter(redis, service):
    bury(redis, service)
    bury(redis, service, why="other")

    assert service.http.delete("/api/v1/queue/dead").status_code == 400
    assert service.http.delete("/api/v1/queue/dead?why=other").json() == {"dropped": 1}
    assert service.http.delete("/api/v1/queue/dead?all=true").json() == {"dropped": 1}


@pytest.mark.parametrize("path", ["nonsense", "0:1-0", "9:1-0"])
def test_what_is_not_there_is_said(service, path):
    assert service.http.get(f"/api/v1/queue/dead/{path}").status_code == 404
    assert service.http.post(f"/api/v1/queue/dead/{path}/retry").status_code == 404
    assert service.http.delete(f"/api/v1/queue/dead/{path}").status_code == 404


@pytest.mark.parametrize("arguments", [["retry"], ["drop"], ["drop", "--all", "--why", "x"], ["show", "nonsense"],
    ["drop", "1-0"]])
def test_wrong_arguments_of_the_command_are_refused(service, arguments):
    assert service.run("dead", *arguments).returncode == 64
