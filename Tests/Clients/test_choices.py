"""Several answers of one request (`n`), at every platform: as many as were asked for, or a refusal by name."""

import json

import pytest

from platforms.bench import bench, wire  # noqa: F401  fixtures
from platforms.scenarios import CHAT, Usage, marker
from support.ledger import settled_rows

# Documented to know it. Of these, Qwen's fakes take it and answer once, as many servers do.
KNOWN = ("openai", "alibaba/native", "alibaba/compatible")


def heard(bench, wire, stream, **options):
    """(status, error, text by choice, job) of two answers asked for."""
    content = marker("chat", bench.fresh_id())
    response = bench.service.http.post("/v1/chat/completions", json={
        "model": wire.id, "messages": [{"role": "user", "content": content}], "stream": stream, "n": 2, **options})
    texts, error, job = {}, None, response.headers.get("x-job-id")
    values = [response.json()] if not response.text.startswith(("id:", "data:")) else [
        json.loads(line[6:]) for line in response.text.split("\n") if line.startswith("data: ") and line != "data: [DONE]"]
    for value in values:
        error = value.get("error") or error
        for choice in value.get("choices", []):
            said = choice.get("delta") or choice.get("message") or {}
            texts[choice["index"]] = texts.get(choice["index"], "") + (said.get("content") or "")
    return response.status_code, error, texts, job


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_several_answers_are_given_or_refused_by_name(bench, wire, stream):
    before = len(wire.calls)
    status, error, texts, job = heard(bench, wire, stream)
    if wire.obeys_n:
        assert (status, error, texts) == (200, None, {0: CHAT, 1: CHAT})
        [row] = settled_rows(bench.service, job)
        assert row[1] == "done" and bench.service.postgres.query(
            "SELECT tokens_in, tokens_out FROM usage_attempts WHERE request_id = %s", job) == [(Usage().input, Usage().output)]
        return
    if stream and wire.name == "alibaba/native":
        # Its streams have no terminator: one that lacks an answer looks like one that was cut.
        assert (status, error["code"], texts) == (200, "upstream_stream_broken", {0: CHAT})
        return
    assert (error["code"], error["param"]) == ("unsupported_parameter", "n"), error
    assert any(word in error["message"].lower() for word in (*wire.words, wire.provider))
    assert len(wire.calls) - before == (1 if wire.name in KNOWN else 0), "a platform that cannot was asked, or asked twice"
    assert status == 200 if stream and wire.name in KNOWN else status == 400


@pytest.mark.parametrize("name", ["alibaba/native", "alibaba/compatible"])
@pytest.mark.parametrize("options", [
    {"n": 5}, {"enable_thinking": True}, {"tools": [{"type": "function", "function": {"name": "f"}}]}],
    ids=["five", "thinking", "tools"])
def test_what_rules_several_answers_out_is_told_before_anybody_is_paid(bench, name, options):
    wire = bench.wires[name]
    before = len(wire.calls)
    status, error, _, _ = heard(bench, wire, False, **options)
    assert (status, error["param"], len(wire.calls) - before) == (400, "n", 0), error
