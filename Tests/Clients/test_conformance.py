"""One suite for all platforms: every feature, whole and streamed, through the real service with the unmodified SDK.

Each wire is a server that checks what it is sent as the real platform does, so a test ends with no violation or fails.
What a platform does not have is refused by name before anybody is called.
"""

import openai
import pytest

import platforms.more_features  # noqa: F401  registers its features
from platforms.bench import bench, wire  # noqa: F401  fixtures
from platforms.features import FEATURES
from platforms.matrix import MATRIX
from support.ledger import settled_rows
from support.processes import eventually


def expected_usage(usage, reply):
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (reply.input, reply.output, reply.total)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("feature", FEATURES)
def test_a_feature_works_or_is_refused_by_name(bench, wire, feature, stream):
    case = FEATURES[feature][1](wire)
    if stream not in case.streams:
        pytest.skip("only for streams")
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
