"""Models of Qwen's that only stream answer a plain request, too: the worker streams and joins."""

import openai
import pytest

from platforms.alibaba_compatible import AlibabaCompatible
from platforms.alibaba_native import AlibabaNative
from platforms.bench import Bench
from platforms.features import TOOLS
from platforms.openai_messages import require
from platforms.scenarios import CALLS, CHAT, THOUGHT, Usage
from support.ledger import settled_rows


class OnlyStreams:
    """Refuses what is no stream, in the platform's words, and always thinks."""

    def read(self, call):
        ask = super().read(call)
        require(ask.stream, "This model only support stream mode, please enable the stream parameter to access the model.")
        require(ask.thinking is None, "enable_thinking is not known to this model")
        return ask

    def thinks(self, ask):
        return True


class Native(OnlyStreams, AlibabaNative):
    model, reasoning_model, embedding_model = "qwq-plus", "qwen3-8b", None


class Compatible(OnlyStreams, AlibabaCompatible):
    model, reasoning_model, embedding_model = "qwq-plus", "qwen3-8b", None


@pytest.fixture(scope="module")
def streaming(workspace, template):
    bench = Bench(workspace, template, name="streaming", wires=[Native, Compatible])
    yield bench
    bench.stop()


@pytest.fixture(params=["alibaba/native", "alibaba/compatible"])
def only(request, streaming):
    """Starts without violations and ends without."""
    wire = streaming.wires[request.param]
    wire.violations.clear()
    yield wire
    assert wire.violations == []


@pytest.mark.parametrize("model", ["", "-reasoning"], ids=["qwq", "qwen3-8b"])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_plain_request_is_answered(streaming, only, model, stream):
    more = {"stream_options": {"include_usage": True}} if stream else {}
    answer = streaming.ask(only, "reasoning", model=model, stream=stream, **more)
    assert (answer.error, answer.text, answer.thought, answer.finish) == (None, CHAT, THOUGHT, "stop")
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (Usage().input, 29)
    [ask] = only.asks(answer.id)
    assert ask.stream
    [row] = settled_rows(streaming.service, answer.job)
    assert row[1:4] == ("done", True, False)


@pytest.mark.parametrize("scenario", ["tools", "tools.parallel", "tools.empty"])
def test_calls_are_joined(streaming, only, scenario):
    answer = streaming.ask(only, scenario, tools=TOOLS)
    wanted = {"tools": CALLS[:1], "tools.parallel": CALLS, "tools.empty": [{}]}[scenario]
    assert (answer.finish, answer.arguments) == ("tool_calls", [("weather", arguments) for arguments in wanted])


@pytest.mark.parametrize("scenario", ["unicode", "length", "filtered", "long"])
def test_any_end_and_any_text_is_joined(streaming, only, scenario):
    whole, streamed = (streaming.ask(only, scenario, stream=stream) for stream in (False, True))
    assert whole.error is None and streamed.error is None
    assert (whole.text, whole.finish) == (streamed.text, streamed.finish) and whole.text


@pytest.mark.parametrize("ending", ["eof", "drop", "error"])
def test_a_stream_that_breaks_is_no_answer(streaming, only, ending):
    with pytest.raises(openai.APIStatusError) as caught:
        streaming.ask(only, ending)
    assert caught.value.status_code >= 500
    assert len(only.calls_of(streaming.last_id)) <= 6
