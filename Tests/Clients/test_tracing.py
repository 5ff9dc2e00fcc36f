"""Traces: one trace from the caller's `traceparent` over shim, queue and worker to the header that the platform gets.

The receiver reads each body with OpenTelemetry's own message types.
"""

import json
import tempfile
import time
import uuid
from pathlib import Path

import httpx
import pytest

from support import batches
from support.processes import eventually, free_port
from support.service import ANSWER_MARK, KEY_MARK, PROMPT_MARK, Service, prompt
from support.traces import Traces, new_trace
from support.upstream import answer, failing

PATH = "/v1/chat/completions"
REQUEST = f"POST {PATH}"


@pytest.fixture(scope="module")
def traces():
    traces = Traces()
    yield traces
    traces.stop()


@pytest.fixture(scope="module")
def traced(workspace, template, upstream, traces):
    service = Service(
        Path(tempfile.mkdtemp(prefix="traced-", dir=workspace)) / "s", template, upstream, TRACE_PLATFORMS="true",
        OTEL_EXPORTER_OTLP_HEADERS=f"x-key={KEY_MARK}-traces", OTEL_EXPORTER_OTLP_COMPRESSION="gzip", **traces.settings)
    yield service
    service.stop()


@pytest.fixture
def receiver():
    """Of the test's own, and there until its service has ended: to be named before `own_service`."""
    receiver = Traces()
    yield receiver
    receiver.stop()


def ask(service, script=None, path=PATH, headers=None, **body):
    named = {"model": "stub" if script else "sandbox"}
    if script:
        named["x_script"] = script.name
    return httpx.post(f"{service.url}{path}", json={**named, "messages": prompt(), **body}, headers=headers or {}, timeout=60)


def one(spans, name):
    found = [span for span in spans if span.name == name]
    assert len(found) == 1, [span.name for span in spans]
    return found[0]


def metric(process, result):
    text = httpx.get(f"http://127.0.0.1:{process.port}/metrics", timeout=10).text
    start = f'aims_trace_spans_total{{result="{result}"}} '
    return sum(float(line.removeprefix(start)) for line in text.splitlines() if line.startswith(start))


def test_a_request_is_one_trace_from_its_caller_to_the_platform(traced, traces, upstream):
    trace, caller, header = new_trace()
    script = upstream.script(answer(f"{ANSWER_MARK} fine"))
    reply = ask(traced, script, headers={"traceparent": header, "tracestate": "vendor=1"}, temperature=0.5, max_tokens=50)
    assert reply.status_code == 200

    spans = traces.of(trace, REQUEST, "send normal", "wait normal", "process normal", "chat stub-2026")
    assert len(spans) == 5 and {span.state for span in spans} == {"vendor=1"} and not any(span.failed for span in spans)
    request, sending, waiting, claim, call = (
        one(spans, name) for name in (REQUEST, "send normal", "wait normal", "process normal", "chat stub-2026"))
    assert [span.kind for span in (request, sending, waiting, claim, call)] == [
        "server", "producer", "internal", "consumer", "client"]
    assert [span.process.removeprefix("ai-model-service-") for span in (request, sending, waiting, claim, call)] == [
        "shim", "shim", "worker", "worker", "worker"]
    assert (request.parent, request.is_remote) == (caller, True)
    assert (sending.parent, sending.is_remote) == (request.id, False)
    assert (waiting.parent, claim.parent, claim.is_remote) == (sending.id, sending.id, True)
    assert (call.parent, call.is_remote) == (claim.id, False)
    assert all(span.start <= span.end for span in spans)
    assert request.start <= sending.start <= call.start <= call.end <= request.end

    asked = script.calls[0]
    assert asked.headers["traceparent"] == f"00-{trace}-{call.id}-01" and asked.headers["tracestate"] == "vendor=1"
    job = reply.headers["x-job-id"]
    assert request.attributes["http.request.method"] == "POST" and request.attributes["http.route"] == PATH
    assert request.attributes["http.response.status_code"] == 200 and request.attributes["url.scheme"] == "http"
    assert {span.attributes["messaging.message.id"] for span in (request, sending, waiting, claim)} == {job}
    assert sending.attributes["messaging.destination.name"] == traced.key("q:normal")
    assert claim.attributes["aims.outcome"] == "done" and claim.attributes["aims.attempts"] == 1
    assert call.attributes == {
        **call.attributes,
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "stub-2026",
        "gen_ai.request.temperature": 0.5, "gen_ai.request.max_tokens": 50, "gen_ai.response.model": "stub-2026",
        "gen_ai.response.finish_reasons": ["stop"], "gen_ai.usage.input_tokens": 7, "gen_ai.usage.output_tokens": 5,
        "server.address": "127.0.0.1", "aims.attempt": 1}
    assert "gen_ai.request.stream" not in call.attributes


def test_each_attempt_is_a_span_and_says_why_it_failed(traced, traces, upstream):
    trace, _, header = new_trace()
    script = upstream.script(failing(500), answer("fine", ["fi", "ne"]))
    with httpx.stream(
            "POST", f"{traced.url}{PATH}", headers={"traceparent": header}, timeout=60,
            json={"model": "stub", "messages": prompt(), "x_script": script.name, "stream": True}) as reply:
        assert reply.status_code == 200 and "[DONE]" in reply.read().decode()

    spans = traces.of(trace, REQUEST, "chat stub-2026", "chat stub-2026", "process normal")
    failed, good = (span for span in spans if span.kind == "client")
    assert failed.failed and failed.attributes["error.type"] == "server_error"
    assert failed.attributes["http.response.status_code"] == 500
    assert not good.failed and good.attributes["gen_ai.request.stream"] is True
    assert 0 <= good.attributes["gen_ai.response.time_to_first_chunk"] <= (good.end - good.start) / 1e9 + 0.1
    assert [span.attributes["aims.attempt"] for span in (failed, good)] == [1, 2]
    assert failed.attributes["aims.account"] != good.attributes["aims.account"]
    assert [call.headers["traceparent"].split("-")[2] for call in script.calls] == [failed.id, good.id]


def test_what_a_span_says_of_tokens_is_what_the_ledger_says(traced, traces):
    trace, _, header = new_trace()
    job = ask(traced, headers={"traceparent": header}).headers["x-job-id"]

    call = one(traces.of(trace, "chat sandbox"), "chat sandbox")
    query = "SELECT tokens_in, tokens_out FROM usage_attempts WHERE request_id = %s"
    rows = eventually(lambda: traced.postgres.query(query, job), what="the row is booked")
    assert rows == [(call.attributes["gen_ai.usage.input_tokens"], call.attributes["gen_ai.usage.output_tokens"])]


def test_a_job_is_in_the_trace_of_whoever_made_it(traced, traces):
    trace, caller, header = new_trace()
    reply = httpx.post(
        f"{traced.url}/api/v1/jobs", json={"model_name": "sandbox", "messages": prompt()}, headers={"traceparent": header})
    assert reply.status_code == 202

    spans = traces.of(trace, "POST /api/v1/jobs", "send normal", "process normal", "chat sandbox")
    assert one(spans, "POST /api/v1/jobs").parent == caller
    assert one(spans, "process normal").attributes["messaging.message.id"] == reply.json()["id"]


@pytest.mark.parametrize("is_sampled", [True, False])
def test_another_producer_names_its_trace_in_the_entry(traced, traces, upstream, is_sampled):
    trace, caller, header = new_trace(is_sampled)
    script = upstream.script(answer("fine"))
    body = {"model": "stub", "messages": prompt(), "x_script": script.name}
    traced.redis.client().xadd(traced.key("q:high"), {
        "v": 1, "id": f"0-{uuid.uuid4().hex}", "req": json.dumps(body), "tp": header, "ts": "vendor=1"})

    eventually(lambda: script.calls, what="the platform is called")
    told = script.calls[0].headers["traceparent"]
    if is_sampled:
        spans = traces.of(trace, "wait high", "process high", "chat stub-2026")
        assert one(spans, "process high").parent == caller == one(spans, "wait high").parent
        assert told == f"00-{trace}-{one(spans, 'chat stub-2026').id}-01"
    else:
        assert told == header and not [span for span in traces.spans if span.trace == trace]


@pytest.mark.parametrize("wrong", [
    "junk", "00-" + "0" * 32 + "-" + "a" * 16 + "-01", "ff-" + "a" * 32 + "-" + "a" * 16 + "-01",
    "00-" + "A" * 32 + "-" + "a" * 16 + "-01", "x" * 5000])
def test_a_wrong_trace_counts_as_none(traced, upstream, wrong):
    script = upstream.script(answer("fine"))
    assert ask(traced, script, headers={"traceparent": wrong, "tracestate": "=,=" * 300}).status_code == 200

    version, trace, _, flags = script.calls[0].headers["traceparent"].split("-")
    assert version == "00" and trace.lower() == trace not in wrong and flags in ("01", "03")
    assert "tracestate" not in script.calls[0].headers

    traced.redis.client().xadd(traced.key("q:normal"), {
        "v": 1, "id": f"0-{uuid.uuid4().hex}", "tp": wrong, "ts": wrong,
        "req": json.dumps({"model": "stub", "messages": prompt(), "x_script": script.name})})
    eventually(lambda: len(script.calls) == 2, what="the entry is run all the same")


def test_lines_of_a_batch_are_in_the_trace_of_their_caller_or_in_none(traced, traces, upstream):
    trace, _, header = new_trace()
    scripts = [upstream.script(answer("fine")) for _ in range(2)]
    lines = [[batches.line(number, model="stub", x_script=script.name) for number in (1, 2, 3)] for script in scripts]
    files = [batches.upload(traced, each) for each in lines]
    body = {"endpoint": PATH, "completion_window": "24h"}
    made = [
        httpx.post(f"{traced.url}/v1/batches", json={**body, "input_file_id": file}, headers=headers).json()["id"]
        for file, headers in zip(files, ({"traceparent": header}, {}), strict=True)]
    assert {batches.ended(traced, id)["status"] for id in made} == {"completed"}

    spans = traces.of(trace, "POST /v1/batches", *["process batch"] * 3, *["chat stub-2026"] * 3)
    request = one(spans, "POST /v1/batches")
    assert {span.parent for span in spans if span.name in ("process batch", "wait batch")} == {request.id}
    told = [{call.headers["traceparent"].split("-")[1] for call in script.calls} for script in scripts]
    assert told[0] == {trace} and trace not in told[1]
    assert all(call.headers["traceparent"].endswith("-02") for call in scripts[1].calls)
    assert not [span for span in traces.spans if span.trace in told[1]]


def test_probes_have_no_spans_and_refusals_have(traced, traces):
    trace, _, header = new_trace()
    for path in ("/live", "/ready", "/metrics", "/v1/nothing", "/api/v1/jobs/0-nobody00?secret=quagga"):
        httpx.get(f"{traced.url}{path}", headers={"traceparent": header})

    spans = traces.of(trace, "GET", "GET /api/v1/jobs/{id}")
    assert len(spans) == 2 and {span.attributes["http.response.status_code"] for span in spans} == {404}


def test_no_body_has_a_prompt_an_answer_or_a_key(traced, traces, upstream):
    trace, _, header = new_trace()
    script = upstream.script(answer(f"{ANSWER_MARK} fine"))
    tool = {"type": "function", "function": {"name": "quagga", "parameters": {"type": "object"}}}
    ask(traced, script, headers={"traceparent": header}, stop=[PROMPT_MARK], user=PROMPT_MARK, tools=[tool])
    refused = ask(traced, upstream.script(failing(400)), headers={"traceparent": header})
    assert refused.status_code >= 400
    traces.of(trace, REQUEST, REQUEST, "process normal", "process normal")

    assert all(headers["x-key"] == f"{KEY_MARK}-traces" for headers in traces.headers)
    assert not [body for body in traces.bodies if PROMPT_MARK in body or ANSWER_MARK in body or KEY_MARK in body]


def test_platforms_are_told_nothing_unless_that_is_wished(own_service, traces, upstream):
    service = own_service(**traces.settings)
    trace, _, header = new_trace()
    script = upstream.script(answer("fine"))
    assert ask(service, script, headers={"traceparent": header}).status_code == 200

    traces.of(trace, "chat stub-2026")
    assert not {"traceparent", "tracestate"} & script.calls[0].headers.keys()


def test_last_spans_are_sent_when_a_process_ends(own_service, traces):
    service = own_service(**{**traces.settings, "OTEL_BSP_SCHEDULE_DELAY": "3600000"})
    trace, _, header = new_trace()
    assert ask(service, headers={"traceparent": header}).status_code == 200
    assert not [span for span in traces.spans if span.trace == trace]

    for process in service.processes:
        process.ask_to_end()
    traces.of(trace, REQUEST, "send normal", "wait normal", "process normal", "chat sandbox")


@pytest.mark.parametrize("trouble", ["hangs", "503", "400", "is down"])
def test_a_receiver_in_trouble_costs_spans_and_no_request(receiver, own_service, trouble):
    receiver.answers = {"hangs": [None], "503": [503], "400": [400], "is down": []}[trouble]
    url = f"http://127.0.0.1:{free_port()}" if trouble == "is down" else receiver.url
    service = own_service(
        OTEL_EXPORTER_OTLP_ENDPOINT=url, OTEL_BSP_SCHEDULE_DELAY="50", OTEL_BSP_MAX_QUEUE_SIZE="6",
        OTEL_BSP_MAX_EXPORT_BATCH_SIZE="3", TRACE_RETRY_PAUSE="0.05", TRACE_DRAIN_TIMEOUT="0.5")
    longest = 0
    for _ in range(20):
        began = time.monotonic()
        assert ask(service).status_code == 200
        longest = max(longest, time.monotonic() - began)
    assert longest < 5

    lost = "rejected" if trouble == "400" else "dropped"
    for process in service.processes:
        eventually(lambda process=process: metric(process, lost) > 0, what=f"{process.name} counts spans")
        assert metric(process, "sent") == 0
        # A receiver that hangs is known by `OTEL_EXPORTER_OTLP_TIMEOUT` alone.
        assert process.log.read_text().count("traces are not sent") == (0 if trouble == "hangs" else 1)
    # That every process ends in time, with exit code 0, is looked at by `Service.stop`, while the receiver is still in trouble.


def test_spans_are_sent_once_the_receiver_is_back(receiver, own_service):
    receiver.answers = [503]
    service = own_service(**receiver.settings, TRACE_RETRY_PAUSE="0.05")
    trace, _, header = new_trace()
    assert ask(service, headers={"traceparent": header}).status_code == 200
    eventually(lambda: "traces are not sent" in service.shim.log.read_text(), what="a warning")

    receiver.answers = []
    receiver.of(trace, REQUEST, "send normal", "process normal", "chat sandbox")
    assert metric(service.shim, "failed") == 0
