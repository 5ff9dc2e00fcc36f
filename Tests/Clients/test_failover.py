"""Platforms fail. Callers see an answer, or an error that says what happened, never a clean end of half an answer."""

import json

import openai
import pytest

from support.ledger import settled_rows
from support.processes import eventually
from support.service import ANSWER_MARK, prompt
from support.upstream import USAGE, answer, chunk_of, failing


def ask(service, script, **options):
    return service.openai().chat.completions.with_raw_response.create(
        model="stub", messages=prompt(), extra_body={"x_script": script.name}, **options)


def body_error(call):
    """HTTP 200 around an error, as some gateways answer."""
    return call.json({"error": {"message": "overloaded", "type": "server_error", "code": None}})


async def hang_up(call):
    call.drop()


async def cut_before_text(call):
    await call.stream_head()
    call.drop()


@pytest.mark.parametrize("first, kind", [
    (failing(500), "server_error"), (failing(503), "overloaded"), (failing(429, "rate_limit_exceeded"), "rate_limited"),
    (failing(429, "insufficient_quota"), "quota_exhausted"), (failing(401, "invalid_api_key"), "authentication"),
    (body_error, None), (hang_up, "stream_broken")])
@pytest.mark.parametrize("stream", [False, True])
def test_another_account_answers_where_the_first_one_failed(failover, upstream, first, kind, stream):
    script = upstream.script(first, answer(ANSWER_MARK))
    response = ask(failover, script, stream=stream)
    got = response.parse()
    text = "".join(c.choices[0].delta.content or "" for c in got if c.choices) if stream else got.choices[0].message.content
    assert text == ANSWER_MARK
    accounts = [call.account for call in script.calls]
    assert len(accounts) == 2 and accounts[0] != accounts[1], "the same account was tried again"
    found = settled_rows(failover, response.headers["x-job-id"], 2)
    assert [(row[0], row[1], row[2]) for row in found] == [(1, "error", True), (2, "done", True)]
    assert found[0][4] != found[1][4] and found[0][5] and (kind is None or found[0][5] == kind)


def test_the_jobs_report_shows_the_trail(failover, upstream):
    script = upstream.script(failing(500), answer(ANSWER_MARK))
    with failover.http as client:
        job = client.post("/api/v1/jobs", json={"model": "stub", "messages": prompt(), "x_script": script.name}).json()
        report = eventually(
            lambda: (r := client.get(job["links"]["self"]).json())["status"] == "done" and r, what="the job is done")
    assert [(a["attempt"], a["error"]) for a in report["attempts"]] == [(1, "server_error"), (2, None)]


@pytest.mark.parametrize("status, code", [(400, "invalid_value"), (413, None), (422, None)])
def test_what_the_platform_calls_the_callers_fault_is_not_tried_elsewhere(failover, upstream, status, code):
    script = upstream.script(failing(status, code or "x"))
    with pytest.raises(openai.APIStatusError) as caught:
        ask(failover, script)
    assert 400 <= caught.value.status_code < 500 and len(script.calls) == 1


def test_when_no_key_works_it_is_not_the_callers_fault(failover, upstream):
    """The SDK would tell its user that *their* key is wrong, if our platform's 401 reached it."""
    script = upstream.script(failing(401, "invalid_api_key"))
    with pytest.raises(openai.InternalServerError) as caught:
        ask(failover, script)
    assert caught.value.status_code == 502 and caught.value.code == "upstream_credentials_exhausted"
    assert len(script.calls) == 2


def broken_after_text(how):
    async def behave(call):
        await call.stream_head()
        await call.delta("shown")
        if how == "event":
            await call.event({"error": {"message": "overloaded", "type": "server_error"}})
        if how in ("event", "eof"):
            return await call.finish()
        call.drop()

    return behave


@pytest.mark.parametrize("how", ["event", "eof", "cut"])
def test_a_stream_that_breaks_after_text_says_so_and_is_not_begun_again(failover, upstream, how):
    script = upstream.script(broken_after_text(how), answer("never"))
    body = {"model": "stub", "messages": prompt(), "stream": True, "x_script": script.name}
    with failover.http as client, client.stream("POST", "/v1/chat/completions", json=body) as response:
        data = [line[6:] for line in response.iter_lines() if line.startswith("data: ")]
    assert response.status_code == 200 and "[DONE]" not in data
    error = json.loads(data[-1])["error"]
    assert error["code"] and error["request_id"] == response.headers["x-request-id"]
    chunks = [json.loads(line) for line in data[:-1]]
    assert "".join(c["choices"][0]["delta"].get("content") or "" for c in chunks) == "shown"
    assert len(script.calls) == 1
    assert [row[1] for row in settled_rows(failover, response.headers["x-job-id"])] == ["error"]


def test_a_stream_that_breaks_before_text_is_begun_again_unseen(failover, upstream):
    script = upstream.script(cut_before_text, answer("whole"))
    got = ask(failover, script, stream=True).parse()
    assert "".join(c.choices[0].delta.content or "" for c in got if c.choices) == "whole" and len(script.calls) == 2


def test_a_stream_without_done_but_with_its_usage_is_no_clean_end(failover, upstream):
    """Finished for the model, cut off for the wire: the terminator is the proof, and it is missing."""
    async def behave(call):
        await call.stream_head()
        await call.delta("text")
        await call.event({**chunk_of("m", {}), "choices": [], "usage": USAGE})
        await call.finish()

    with pytest.raises(openai.APIError):
        list(ask(failover, upstream.script(behave), stream=True).parse())


@pytest.mark.parametrize("stream", [False, True])
def test_a_platform_that_stays_silent_is_given_up(own_service, upstream, stream):
    service = own_service(UPSTREAM_FIRST_BYTE_TIMEOUT="0.5", UPSTREAM_IDLE_TIMEOUT="0.5", MAX_ATTEMPTS="2")
    gate = upstream.gate()

    async def goes_silent(call):
        if call.body.get("stream"):
            await call.stream_head()
            await call.delta("shown")
        await gate.passed()

    script = upstream.script(goes_silent)
    if stream:
        with pytest.raises(openai.APIError) as caught:
            list(ask(service, script, stream=True).parse())
    else:
        with pytest.raises(openai.InternalServerError) as caught:
            ask(service, script)
        assert caught.value.status_code == 504
    assert caught.value.code == "upstream_timeout"
    assert len(script.calls) == (1 if stream else 2)
    eventually(lambda: all(call.closed_at for call in script.calls), what="silent connections are closed")


def test_a_rate_limit_everywhere_makes_the_request_wait_instead_of_fail(failover, upstream):
    script = upstream.script(*[failing(429, "rate_limit_exceeded", retry_after="1")] * 2, answer("after the wait"))
    assert ask(failover, script).parse().choices[0].message.content == "after the wait"
    assert len(script.calls) == 3
    assert script.calls[2].began - script.calls[0].began >= 1, "Retry-After was not kept to"


def test_a_bad_key_beside_a_resting_account_makes_the_request_wait(failover, upstream):
    """One account is over its rate for a second, the other's key is wrong: capacity is on its way, so nobody fails."""
    script = upstream.script(
        failing(429, "rate_limit_exceeded", retry_after="1"), failing(401, "invalid_api_key"), answer("after the wait"))
    assert ask(failover, script).parse().choices[0].message.content == "after the wait"
