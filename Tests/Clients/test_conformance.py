"""One suite for all platforms: every feature, whole and streamed, through the real service with the unmodified SDK.

Each wire is a server that checks what it is sent as the real platform does, so a test ends with no violation or fails.
What a platform does not have is refused by name before anybody is called.
"""

import itertools
import os
import time

import openai
import pytest

import platforms.more_features  # noqa: F401  registers its features
from platforms.bench import bench, refusal_of, wire  # noqa: F401  fixtures
from platforms.extremes import EXTREMES
from platforms.features import FEATURES
from platforms.matrix import MATRIX, PAGE
from platforms.openai_answers import vector
from platforms.registry import WIRES
from platforms.scenarios import CHAT, Usage, marker
from support.processes import eventually


@pytest.mark.parametrize("feature, stream", [
    pytest.param(name, stream, id=f"{name}-{'stream' if stream else 'whole'}")
    for name in FEATURES for stream in (False, True) if stream or not name.startswith("framing")])
def test_a_feature_works_or_is_refused_by_name(bench, wire, feature, stream):
    case = FEATURES[feature][1](wire)
    reason = wire.lacks.get(feature) or wire.may_lack.get(feature)
    with MATRIX.measures(feature, wire.name) as result:
        before = len(wire.calls)
        try:
            answer = bench.ask(wire, case.scenario, model=case.model, stream=stream, **case.options)
        except openai.BadRequestError as refusal:
            assert reason, f"{wire.name} has this: {refusal.body}"
            check_refusal(refusal, wire, case.fields)
            assert len(wire.calls) == before, "the platform was called"
            result.lacks(reason)
            return
        assert feature not in wire.lacks, f"{wire.name} does not have this, and answered"
        assert answer.error is None, answer.error
        if feature in wire.silent:
            return result.lacks(wire.silent[feature])
        assert case.text is None or answer.text == case.text
        assert answer.finish == case.finish
        [ask] = wire.asks(answer.id)
        assert ask.stream == stream
        case.check(answer, ask)


def check_refusal(refusal, wire, fields):
    assert refusal.code == "unsupported_parameter" and refusal.type == "invalid_request_error"
    assert refusal.param and refusal.param.startswith(tuple(fields)), f"{refusal.param!r} is none of {fields}"
    assert any(word in refusal.message.lower() for word in wire.words), f"the platform is not named: {refusal.message}"


def all_failures():
    """One line of each platform's table in turn, so that accounts rest while others are asked."""
    rounds = itertools.zip_longest(*([(wire.name, failure.name) for failure in wire.failures] for wire in WIRES))
    return [case for cases in rounds for case in cases if case]


@pytest.mark.parametrize("wire, variant", all_failures(), indirect=["wire"])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_failure_is_called_by_its_name(bench, wire, variant, stream):
    """Attempt 1 fails as the platform's table says. Attempt 2, on another account, is answered."""
    kinds = next(failure.kind.split("|") for failure in wire.failures if failure.name == variant)
    with MATRIX.measures("failures", wire.name):
        error, answer = None, None
        try:
            answer = bench.ask(wire, "fail", variant=variant, stream=stream)
        except openai.APIStatusError as caught:
            error = caught
        id = bench.last_id
        found = eventually(lambda: bench.rows(wire, id), what="a usage row")
        assert found[0] in kinds, f"{found[0]} is none of {kinds}"
        if found[0] in ELSEWHERE:
            assert error is None, error
            assert answer.error is None and answer.text == CHAT and len(wire.calls_of(id)) == 2
        else:
            assert error is not None and len(wire.calls_of(id)) == 1
            assert 400 <= error.status_code < 500 and error.code == CODES.get(found[0], error.code), error.body
            assert not any(part in str(error.body) for part in wire.key.split(":"))


ELSEWHERE = ("rate_limited", "overloaded", "server_error", "timeout", "authentication", "quota_exhausted")
CODES = {"content_filtered": "content_filter", "context_too_long": "context_length_exceeded"}


@pytest.mark.parametrize("ending, kinds", [
    ("eof", ["stream_broken"]), ("drop", ["stream_broken", "network"]), ("error", ["overloaded", "server_error", "timeout"])])
def test_a_stream_that_breaks_after_text_is_an_error(bench, wire, ending, kinds):
    with MATRIX.measures("broken", wire.name):
        answer = bench.ask(wire, ending, stream=True)
        assert answer.error is not None and answer.finish is None
        assert answer.text == CHAT, "what came before the break was lost"
        found = eventually(lambda: bench.rows(wire, answer.id), what="a usage row")
        assert found[0] in kinds and len(wire.asks(answer.id)) == 1


def test_a_caller_that_leaves_ends_the_platforms_work(bench, wire):
    with MATRIX.measures("cancel", wire.name):
        id = bench.fresh_id()
        messages = [{"role": "user", "content": marker("hang", id)}]
        stream = bench.client(wire).chat.completions.create(model=wire.id, messages=messages, stream=True)
        for chunk in stream:
            if chunk.choices and chunk.choices[0].delta.content:
                break
        left = time.monotonic()
        stream.close()
        closed = eventually(lambda: wire.calls_of(id)[0].closed_at, 5, "the platform's connection is closed")
        assert closed - left < 2


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_usage_is_exact(bench, wire, stream):
    more = {"stream_options": {"include_usage": True}} if stream else {}
    with MATRIX.measures("usage", wire.name):
        answer, wanted = bench.ask(wire, stream=stream, **more), Usage()
        assert_usage(answer.usage, wanted, wire)
        if stream:
            silent = bench.ask(wire, stream=True)  # holds that no usage comes where none is asked for
            assert_booked(bench.service, silent.job, wanted)
        assert_booked(bench.service, answer.job, wanted)


def assert_usage(usage, wanted, wire):
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (wanted.input, wanted.output, wanted.total)
    if wire.counts_cached:
        assert usage.prompt_tokens_details.cached_tokens == wanted.cached


def assert_booked(service, job, wanted):
    found = eventually(lambda: service.postgres.query(
        "SELECT tokens_in, tokens_out, estimated FROM usage_attempts WHERE request_id = %s", job), what="a usage row")
    assert found == [(wanted.input, wanted.output, False)]


@pytest.mark.parametrize("extreme", EXTREMES)
def test_the_ends_of_ranges_are_fitted_or_refused_by_name(bench, wire, extreme):
    """The wire holds that nothing out of its ranges arrives, and nothing that its other fields forbid.

    What OpenAI itself refuses, it may refuse: a program that was written for it knows that.
    """
    options = dict(EXTREMES[extreme])
    suffix = options.pop("model", "")
    model = suffix if f"{wire.id}{suffix}" in wire.models else ""
    try:
        assert bench.ask(wire, "reasoning" if suffix else "chat", model=model, **options).error is None
    except openai.BadRequestError as refusal:
        if wire.is_canonical:
            return wire.violations.clear()
        assert wire.violations == [] and refusal.code in ("unsupported_parameter", "invalid_value"), refusal.body
        assert refusal.param and refusal.param.startswith((*options, *options.get("extra_body", {}), "messages")), refusal.param
        assert any(word in refusal.message.lower() for word in wire.words)


@pytest.mark.parametrize("format", [{}, {"encoding_format": "float"}], ids=["base64", "float"])
def test_texts_become_vectors_in_their_order(bench, wire, format):
    texts = [f"三 {marker('chat', bench.fresh_id())}", "b🙂", "a"]
    with MATRIX.measures("embeddings", wire.name) as result:
        create = bench.client(wire).embeddings.create
        if wire.embedding_model is None:
            result.lacks(wire.lacks["embeddings"])
            with pytest.raises(openai.APIStatusError) as caught:
                create(model=wire.id, input=texts, **format)
            assert 400 <= caught.value.status_code < 500
            return
        answer = create(model=f"{wire.id}-embedding", input=texts, **format)
        assert [(item.index, item.embedding) for item in answer.data] == [(i, vector(text)) for i, text in enumerate(texts)]
        assert answer.usage.prompt_tokens == answer.usage.total_tokens == sum(map(len, texts))
        single = create(model=f"{wire.id}-embedding", input=texts[0], **format)
        assert single.data[0].embedding == vector(texts[0]) and len(single.data) == 1
        if wire.max_inputs:
            before = len(wire.calls)
            refusal = refusal_of(create, model=f"{wire.id}-embedding", input=["a"] * (wire.max_inputs + 1), **format)
            assert refusal.param == "input" and len(wire.calls) == before


def test_vectors_have_the_length_that_is_asked_for(bench, wire):
    with MATRIX.measures("embeddings_dimensions", wire.name) as result:
        if wire.embedding_model is None:
            return result.lacks(wire.lacks["embeddings"])
        ask = {"model": f"{wire.id}-embedding", "input": "a", "dimensions": 256}
        if wire.has_dimensions:
            assert len(bench.client(wire).embeddings.create(**ask).data[0].embedding) == 256
        else:
            result.lacks("vectors have one length")
            check_refusal(refusal_of(bench.client(wire).embeddings.create, **ask), wire, ("dimensions",))


@pytest.mark.last
def test_the_page_says_what_was_measured():
    if not MATRIX.is_complete:
        pytest.skip("only a part was measured")
    if os.environ.get("AMS_WRITE_MATRIX"):
        PAGE.write_text(MATRIX.page(PAGE.read_text()))
    assert MATRIX.section in PAGE.read_text(), "write the table in docs/platforms.md anew: AMS_WRITE_MATRIX=1"
