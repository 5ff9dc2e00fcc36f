"""Asynchronous callers: jobs, resumed streams, idempotency keys, and the native completion path."""

import json
import uuid

import pytest

from support.ledger import settled_rows
from support.processes import eventually
from support.service import prompt
from support.upstream import answer, failing


@pytest.fixture
def http(service):
    with service.http as client:
        yield client


def body(text="hello", **more):
    return {"model_name": "sandbox", "messages": prompt(text), **more}


def ended(http, job):
    def look():
        report = http.get(job["links"]["self"]).json()
        return report if report["status"] not in ("queued", "running") else None

    return eventually(look, what="the job ends")


def events(response):
    """(id, data) of each server-sent event."""
    id, found = None, []
    for line in response.iter_lines():
        if line.startswith("id: "):
            id = line[4:]
        elif line.startswith("data: "):
            found.append((id, line[6:]))
            id = None
    return found


def text_of(found):
    chunks = [json.loads(data) for _, data in found if data != "[DONE]"]
    return "".join(c["delta"].get("content") or "" for chunk in chunks for c in chunk["choices"])


@pytest.mark.parametrize("stream", [False, True])
def test_a_job_is_accepted_then_done(http, service, stream):
    response = http.post("/api/v1/jobs", json=body(stream=stream))
    job = response.json()
    assert response.status_code == 202 and job["status"] in ("queued", "running", "done")
    assert response.headers["location"] == job["links"]["self"] == f"/api/v1/jobs/{job['id']}"
    report = ended(http, job)
    assert report["status"] == "done" and report["usage"]["total_tokens"] > 0
    assert report["provider"] == "sandbox" and report["account"] == "sandbox-1"
    completion = report["result"]
    assert completion["choices"][0]["message"]["content"].startswith("You said: ")
    assert len(settled_rows(service, job["id"])) == 1


def test_a_failed_job_says_why(http, upstream):
    job = http.post("/api/v1/jobs", json=body("[[fail=content_filtered]]")).json()
    report = ended(http, job)
    assert report["status"] == "error" and report["error"]["code"] == "content_filter" and report["error_status"] == 400


@pytest.mark.parametrize("stream", [False, True])
def test_an_error_names_the_job_that_failed(http, stream):
    asked = {"model": "sandbox", "messages": prompt("[[fail=content_filtered]]"), "stream": stream}
    response = http.post("/v1/chat/completions", json=asked)
    assert response.status_code == 400
    assert http.get(f"/api/v1/jobs/{response.headers['x-job-id']}").json()["status"] == "error"


def test_a_resumed_stream_gets_exactly_the_rest(http):
    job = http.post("/api/v1/jobs", json=body("[[tokens=40 delay_ms=5]] a b c d", stream=True)).json()
    with http.stream("GET", job["links"]["stream"]) as response:
        whole = events(response)
    assert whole[-1][1] == "[DONE]"
    marks = [at for at, (id, _) in enumerate(whole) if id]
    assert len(marks) > 3, "too few ids to resume from"
    for at in marks:
        for how in ({"headers": {"Last-Event-ID": whole[at][0]}}, {"params": {"last_event_id": whole[at][0]}}):
            with http.stream("GET", job["links"]["stream"], **how) as response:
                assert text_of(events(response)) == text_of(whole[at + 1:])


def test_a_caller_who_comes_back_within_the_grace_loses_nothing(own_service):
    """The stream of a plain completion: its id is in the answer, and the job has gone on meanwhile."""
    service = own_service(CANCEL_GRACE="10")
    asked = {"model": "sandbox", "messages": prompt("[[tokens=100 delay_ms=10]] x"), "stream": True}
    with service.http as client:
        with client.stream("POST", "/v1/chat/completions", json=asked) as response:
            id, seen, last = response.headers["x-job-id"], [], None
            for line in response.iter_lines():
                if line.startswith("id: "):
                    last = line[4:]
                elif line.startswith("data: "):
                    seen.append((None, line[6:]))
                    if len(text_of(seen)) > 20 and last:
                        break
        # Events after the last id that was read are sent again: the cut is at that id, nowhere else.
        with client.stream("GET", f"/api/v1/jobs/{id}/stream", headers={"Last-Event-ID": "0-0"}) as response:
            whole = events(response)
        with client.stream("GET", f"/api/v1/jobs/{id}/stream", headers={"Last-Event-ID": last}) as response:
            rest = events(response)
    assert whole[-1][1] == "[DONE]" and text_of(whole).startswith(text_of(seen))
    at = [id for id, _ in whole].index(last)
    assert text_of(whole[:at + 1]) + text_of(rest) == text_of(whole)
    assert [row[1] for row in settled_rows(service, id)] == ["done"]


@pytest.mark.parametrize("path, make", [
    ("/api/v1/jobs", body), ("/api/v1/chat/completions", body),
    ("/v1/chat/completions", lambda text, **more: {"model": "sandbox", "messages": prompt(text), **more})])
def test_an_idempotency_key_twice_is_one_bill_and_one_answer(http, service, path, make):
    headers = {"Idempotency-Key": f"key-{uuid.uuid4()}"}
    question = f"[[ttft_ms=100]] {uuid.uuid4()}"
    first, second = (http.post(path, json=make(question), headers=headers) for _ in range(2))
    if path.endswith("jobs"):
        assert first.status_code == second.status_code == 202
        id = first.json()["id"]
        assert second.json()["id"] == id
        ended(http, first.json())
    else:
        assert first.status_code == second.status_code == 200
        id = first.headers["x-job-id"]
        assert second.headers["x-job-id"] == id and first.content == second.content
    assert len(settled_rows(service, id)) == 1

    conflict = http.post(path, json=make("something else"), headers=headers)
    assert conflict.status_code == 422 and conflict.json()["error"]["code"] == "idempotency_conflict"


def test_a_key_of_another_tenant_is_another_key(http):
    key = f"key-{uuid.uuid4()}"
    jobs = [http.post("/api/v1/jobs", json=body(), headers={"Idempotency-Key": key, "X-Tenant": tenant}).json()
            for tenant in ("red", "blue")]
    assert jobs[0]["id"] != jobs[1]["id"]
    assert http.get(jobs[0]["links"]["self"], headers={"X-Tenant": "blue"}).status_code == 404


def test_the_native_path_tells_its_route_and_price(http, upstream):
    script = upstream.script(failing(500), answer("ok"))
    native = body(parameters={"temperature": 0.5, "x_script": script.name}, user_id="user-9") | {"model_name": "stub"}
    answered = http.post("/api/v1/chat/completions", json=native)
    completion = answered.json()
    assert completion["object"] == "chat.completion" and completion["provider"] == "openai"
    assert [attempt["error"] for attempt in completion["attempts"]] == ["server_error", None]
    assert completion["account"] == completion["attempts"][-1]["account"]
    assert completion["cost"] == pytest.approx((7 * 1.0 + 5 * 2.0) / 1e6)
    assert script.calls[0].body["temperature"] == 0.5 and script.calls[0].body["user"] == "user-9"


def test_the_native_stream_ends_with_done(http):
    with http.stream("POST", "/api/v1/chat/completions/stream", json=body()) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        found = events(response)
    assert found[-1][1] == "[DONE]" and text_of(found).startswith("You said: ")


@pytest.mark.parametrize("wrong, param", [
    ({"parameters": {"temperature": "hot"}}, "parameters.temperature"), ({"model_name": 7}, "model_name"),
    ({"provider": "nobody"}, "provider"), ({"parametres": {}}, "parametres"), ({"priority": "now"}, "priority"),
    ({"deadline_ms": 0}, "deadline_ms"), ({"routing_strategy": "luck"}, "routing_strategy")])
def test_native_errors_name_the_callers_own_field(http, wrong, param):
    refused = http.post("/api/v1/chat/completions", json=body() | wrong)
    assert refused.status_code == 400 and refused.json()["error"]["param"] == param


def test_a_deadline_ends_a_request_that_nobody_answers(http, upstream):
    gate = upstream.gate()
    script = upstream.script(lambda call: gate.passed())
    late = http.post("/v1/chat/completions", headers={"X-Deadline-Ms": "1000"}, json={
        "model": "stub", "messages": prompt(), "x_script": script.name})
    assert late.status_code == 504 and late.json()["error"]["code"] in ("deadline_exceeded", "upstream_timeout")
    eventually(lambda: script.calls[0].closed_at, what="the platform is hung up on")
