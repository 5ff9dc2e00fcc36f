"""No guess loses text, and an answer is complete when all that began or was asked for has ended (K13)."""

import json

import pytest
from support.raw_platform import events, whole

from .known import known
from .modes import ALL
from .shapes import DashScopeShape, OpenAIShape, Said, chunk, dashscope_event, usage_chunk

# MARK: DashScope's pieces

REPEATING = {
    "equal pieces": ["ha ha ha ha ha "] * 6,
    "each begins with the last": ["abcdefghijklmn", "abcdefghijklmnop", "abcdefghijklmnopqr"],
    "each begins with all before": ["Hello, my friend ", "Hello, my friend again", "Hello, my friend again and more"],
    "a list": ["- item number ", "- item number ", "2\n- item number ", "3\n"],
    "one letter": ["a"] * 40,
    "a rule": ["--------------------"] * 3 + ["\n"],
    "equal after an empty one": ["", "the same words", "the same words"],
    "wide characters": ["你好你好你好你好"] * 4,
}


@known("DashScope", does="streams of pieces that repeat themselves, as verses and tables do",
       gives="every piece; no guess at growing texts drops one")
@pytest.mark.place(mode="alibaba/native")
@pytest.mark.parametrize("how", REPEATING)
@pytest.mark.parametrize("thought", [False, True], ids=["text", "thought"])
def test_pieces_that_repeat_lose_nothing(place, how, thought):
    pieces = tuple(REPEATING[how])
    place.says(Said((), pieces) if thought else Said(pieces))

    streamed = place.stream().checked()

    assert (streamed.thought if thought else streamed.text) == "".join(pieces)
    assert place.calls()[-1].json["parameters"]["incremental_output"] is True


@pytest.mark.parametrize("how", REPEATING)
@pytest.mark.parametrize("mode", [mode for mode in ALL if mode != "alibaba/native"])
def test_pieces_that_repeat_lose_nothing_in_any_mode(place, mode, how):
    place.says(Said(tuple(REPEATING[how])))

    assert place.stream().checked().text == "".join(REPEATING[how])


@pytest.mark.place(mode="alibaba/native")
def test_arguments_that_repeat_lose_nothing(place):
    """In pieces, as DashScope sends them when it sends increments."""
    parts = ['{"q":"', "ha ha ha ha ha ", "ha ha ha ha ha ", '"}']
    message = lambda index, text: {"content": "", "tool_calls": [  # noqa: E731
        OpenAIShape.call(0, "c1" if index == 0 else "", "look_up" if index == 0 else "", text)]}
    values = [DashScopeShape.output(message(index, text), "null") for index, text in enumerate(parts)]
    place.answers(events([dashscope_event(value) for value in [*values, DashScopeShape.output({"content": ""}, "tool_calls")]],
        done=False))

    [(_, _, arguments)] = place.stream().checked().calls
    assert arguments == "".join(parts)


# MARK: n > 1

def choice(index, delta=None, finish=None):
    return {**chunk(), "choices": [{"index": index, "delta": delta or {}, "finish_reason": finish}]}


CUT = {
    "after choice 0 ended": [choice(0, {"content": "a"}), choice(1, {"content": "b"}), choice(0, finish="stop")],
    "before choice 1 began": [choice(0, {"content": "a"}), choice(0, finish="stop")],
    "before choice 1 began, said done": [choice(0, {"content": "a"}), choice(0, finish="stop"), b"data: [DONE]\n\n"],
    "choice 1 alone": [choice(1, {"content": "b"}), choice(1, finish="stop")],
}


@known("vLLM", "SGLang", does="a stream of two answers that is cut after the first has ended",
       gives="a failure, no success with one")
@pytest.mark.parametrize("mode", ["openai/compatible", "openai/native", "alibaba/compatible"])
@pytest.mark.parametrize("how", CUT)
def test_a_stream_of_two_that_lost_one_is_broken(place, how, mode):
    place.answers(events(CUT[how], done=False))

    streamed = place.stream(n=2)

    assert streamed.error and not streamed.is_done


@pytest.mark.parametrize("mode", ["openai/compatible", "alibaba/compatible"])
def test_a_stream_of_two_ends_when_both_have(place, mode):
    place.answers(events([
        choice(0, {"role": "assistant", "content": "a"}), choice(1, {"role": "assistant", "content": "b"}),
        choice(1, finish="stop"),
        choice(0, finish="length"), usage_chunk(prompt_tokens=1, completion_tokens=2, total_tokens=3)]))

    streamed = place.stream(n=2)

    assert streamed.is_done and not streamed.error and sorted(streamed.finishes) == ["length", "stop"]


def test_a_choice_that_began_unasked_must_end(place):
    place.answers(events([choice(0, {"content": "a"}), choice(1, {"content": "b"}), choice(0, finish="stop")], done=False))

    assert not place.stream().is_done


@pytest.mark.place(mode="alibaba/native")
def test_a_stream_of_two_of_dashscope_that_lost_one_is_broken(place):
    def event(*choices):
        value = DashScopeShape.output({"content": ""}, "null")
        value["output"]["choices"] = [{"index": index, "finish_reason": finish, "message": {"role": "assistant", "content": text}}
                                      for index, text, finish in choices]
        return dashscope_event(value)

    place.answers(events([event((0, "a", "null")), event((1, "b", "null")), event((0, "", "stop"))], done=False))

    streamed = place.stream(n=2)

    assert streamed.error and not streamed.is_done


def test_a_whole_answer_with_one_of_two_is_no_silent_success(place):
    """A server that does not know `n` is refused by its name, or it is a failure."""
    place.answers(whole(OpenAIShape().whole(Said())))

    response = place.post(n=2)

    assert response.status_code == 502 or response.json()["error"]["param"] == "n", response.text
    assert len(place.calls()) <= 2


# MARK: models that only stream

def only_streams(place):
    def answer(call):
        if not place.mode.wants_stream(call):
            shape = place.mode.shape
            return whole(shape.error("InvalidParameter", "This model only support stream mode, please enable the"
                                                         " stream parameter"), 400)
        return place.mode.stream(Said(thought=("hm",)))
    return answer


@known("DashScope", does="QwQ, QVQ and open Qwen3 models answer streams only", gives="a plain request is answered, too",
       report="infiniflow/ragflow#5912")
@pytest.mark.parametrize("model_id", ["qwq-plus", "qwq-32b", "qvq-max", "qwen3-235b-a22b-thinking-2507", "qwen-omni-turbo"])
@pytest.mark.parametrize("mode", ["alibaba/native", "alibaba/compatible"])
def test_a_model_that_only_streams_answers_a_plain_request(place, mode, model_id):
    place.answers(only_streams(place))

    message = place.ask()

    assert message["content"] == "Hello, world" and len(place.calls()) == 1


@pytest.mark.place(mode="tencent/tokenhub", model_id="qwen3.5-plus")
@pytest.mark.parametrize("fields", [{"enable_thinking": True}, {"enable_thinking": False}], ids=json.dumps)
def test_qwen_on_tokenhub_takes_its_switch_for_thinking(place, fields):
    place.says(Said())

    assert place.post(**fields).status_code == 200
    assert place.sent.get("enable_thinking") == fields["enable_thinking"] or "thinking" in place.sent


# MARK: limits are checked after messages are merged

@pytest.mark.place(mode="tencent/native")
@pytest.mark.parametrize("count, merged", [(60, 1), (39, 39)])
def test_hunyuans_forty_messages_are_counted_after_merging(place, count, merged):
    place.says(Said())
    if merged == 1:
        messages = [{"role": "user", "content": f"{number}"} for number in range(count)]
    else:
        messages = [{"role": ("user", "assistant")[number % 2], "content": f"{number}"} for number in range(count)]

    response = place.post(messages=messages)

    assert response.status_code == 200, response.text
    assert len(place.sent["Messages"]) == merged


@pytest.mark.parametrize("mode", ["tencent/native", "tencent/compatible"])
def test_an_empty_result_at_hunyuan_is_mended_or_refused_by_name(place, mode):
    place.says(Said())
    response = place.post(messages=[
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "type": "function",
            "function": {"name": "f", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "c1", "content": ""}])

    if response.status_code == 200:
        last = (place.sent.get("Messages") or place.sent["messages"])[-1]
        assert last.get("Content") or last.get("content"), "Hunyuan refuses an empty text"
    else:
        assert response.json()["error"]["param"] == "messages[2].content"
