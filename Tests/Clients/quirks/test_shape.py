"""OpenAI's guarantees are completed: every chunk and every answer has its members, whatever the server left out (K3)."""

import copy
import json

import pytest
from support.raw_platform import events, whole

from .known import known
from .modes import ALL, NATIVE, OPENAI_SHAPED
from .reading import check_completion
from .shapes import OpenAIShape, Said, chunk, completion, usage_chunk

USAGE = usage_chunk(prompt_tokens=7, completion_tokens=3, total_tokens=10)
HELLO = [chunk({"role": "assistant", "content": ""}), chunk({"content": "Hello, "}), chunk({"content": "world"}),
    chunk({}, "stop"), USAGE]


def bent(change):
    """The plain stream, each of its chunks changed."""
    chunks = copy.deepcopy(HELLO)
    for number, value in enumerate(chunks):
        change(value, number)
    return chunks


def choice_of(value):
    return value["choices"][0] if value["choices"] else {}


def set_role(value, _):
    choice_of(value).get("delta", {})["role"] = "assistant"


def set_empty_reason(value, number):
    if value["choices"] and number < 3:
        choice_of(value)["finish_reason"] = ""


def without(*names):
    def change(value, _):
        for name in names:
            value.pop(name, None)
            for choice in value["choices"]:
                choice.pop(name, None)
    return change


def with_null(*names):
    def change(value, _):
        for name in names:
            if name in value:
                value[name] = None
    return change


def null_members(value, _):
    choice_of(value).get("delta", {}).update({
        "name": None, "tool_calls": None, "function_call": None, "refusal": None, "reasoning_content": None, "audio": None})


def empty_calls(value, _):
    if value["choices"]:
        choice_of(value)["delta"]["tool_calls"] = []


def null_delta(value, number):
    if number == 3:
        choice_of(value)["delta"] = None


def no_delta(value, number):
    if number == 3:
        del choice_of(value)["delta"]


def end_on_the_last_text(value, number):
    if number == 2:
        choice_of(value)["finish_reason"] = "stop"
    if number == 3:
        value["choices"] = []


def end_twice(value, number):
    if number == 2:
        choice_of(value)["finish_reason"] = "stop"


def null_reason_at_the_end(value, number):
    if number == 3:
        choice_of(value)["finish_reason"] = None


def empty_reason_at_the_end(value, number):
    if number == 3:
        choice_of(value)["finish_reason"] = ""


def another_word(word):
    def change(value, number):
        if number == 3:
            choice_of(value)["finish_reason"] = word
    return change


def changing_ids(value, number):
    value.update({"id": f"x{number}", "created": number})


def text_beside_content(value, _):
    if content := choice_of(value).get("delta", {}).get("content"):
        choice_of(value)["text"] = content


def odd_numbers(value, _):
    value.update({"created": "1700000000"})
    for choice in value["choices"]:
        choice["index"] = "0"


def filter_results_first(value, number):
    if number == 0:
        value.update({"choices": [], "prompt_filter_results": [{"prompt_index": 0}]})


def null_choices_beside_usage(value, number):
    if number == 4:
        value["choices"] = None


def usage_null(value, number):
    if number < 4:
        value["usage"] = None


STREAMS = {
    "role in every delta": set_role, "empty finish reasons": set_empty_reason, "no index": without("index"),
    "no object": without("object"), "no id": without("id"), "no created": without("created"), "no model": without("model"),
    "no envelope": without("object", "id", "created", "model", "index"),
    "null envelope": with_null("object", "id", "created", "model"),
    "null members": null_members, "empty calls": empty_calls, "null delta at the end": null_delta,
    "no delta at the end": no_delta,
    "end on the last text": end_on_the_last_text, "end said twice": end_twice, "null reason at the end": null_reason_at_the_end,
    "empty reason at the end": empty_reason_at_the_end, "no finish_reason member": without("finish_reason"),
    "ids that change": changing_ids, "text beside content": text_beside_content, "numbers as texts": odd_numbers,
    "no choices and no role first": filter_results_first, "null choices beside usage": null_choices_beside_usage,
    "usage null until the end": usage_null, "a reason of its own": another_word("eos_token"),
    "a reason in capitals": another_word("STOP"), "end_turn": another_word("end_turn")}


@known("Together", "Fireworks", does="`role` in every delta", gives="in the first alone", report="BerriAI/litellm#9986")
@known("SGLang", does="the finish reason on the last text and again at the end; members that are null in every delta",
       gives="one end; absent",
       report="sgl-project/sglang#8417")
@known("Groq", does="`tool_calls: []` in every delta", gives="left out", report="Portkey-AI/gateway#1338")
@known("Ollama", "one-api / new-api", does='`finish_reason: ""` before the end', gives="null",
       report="adolfousier/opencrabs#1499")
@known("Azure OpenAI (v1)", does="first chunks without choices and without role",
       gives="the stream as it came, one end",
       report="BerriAI/litellm#37780")
@known("Mistral", does="the end is said on the last chunk with text, then usage alone", gives="one end, the usage",
       report="NousResearch/hermes-agent#91373")
@known("Zhipu GLM", "llama.cpp", does="leaves out `object`, `created`, `id`, `model` or `choices[].index`",
       gives="they are filled in")
@pytest.mark.parametrize("mode", ["openai/compatible", "alibaba/compatible", "tencent/tokenhub"])
@pytest.mark.parametrize("how", STREAMS)
def test_a_stream_is_completed(place, how, mode):
    place.answers(events(bent(STREAMS[how])))

    streamed = place.stream().checked()

    assert streamed.text == "Hello, world" and streamed.finish == "stop" and streamed.usage == (7, 3)


@pytest.mark.parametrize("how", STREAMS)
def test_the_same_events_give_the_same_answer_whole(place, how):
    place.answers(events(bent(STREAMS[how])))

    answer = check_completion(place.post().json())

    assert answer["choices"][0]["message"]["content"] == "Hello, world" and answer["choices"][0]["finish_reason"] == "stop"


@known("Azure OpenAI (v1)", does="`delta: null` on the last chunk", gives="an object",
       report="microsoft/agent-framework#5734")
def test_the_sdks_read_a_stream_with_a_null_delta(place):
    place.answers(events(bent(null_delta)))

    text = ""
    for piece in place.openai.chat.completions.create(model=place.model, messages=[{"role": "user", "content": "x"}],
        stream=True):
        text += "".join(choice.delta.content or "" for choice in piece.choices)
    assert text == "Hello, world"


def test_the_sdk_joins_roles_to_one(place):
    place.answers(events(bent(set_role)).slowly(0.05))

    with place.openai.chat.completions.stream(model=place.model, messages=[{"role": "user", "content": "x"}]) as stream:
        message = stream.get_final_completion().choices[0].message
    assert (message.role, message.content) == ("assistant", "Hello, world")


ANSWERS = {
    "no envelope": lambda a: [a.pop(name) for name in ("object", "id", "created", "model")],
    "null envelope": lambda a: a.update(object=None, id=None, created=None, model=None),
    "object of a chunk": lambda a: a.update(object="chat.completion.chunk"),
    "created as a float": lambda a: a.update(created=1700000000.25),
    "id as a number": lambda a: a.update(id=17),
    "no index": lambda a: a["choices"][0].pop("index"),
    "no role": lambda a: a["choices"][0]["message"].pop("role"),
    "no content": lambda a: a["choices"][0]["message"].pop("content"),
    "no finish reason": lambda a: a["choices"][0].pop("finish_reason"),
    "empty finish reason": lambda a: a["choices"][0].update(finish_reason=""),
    "null finish reason": lambda a: a["choices"][0].update(finish_reason=None),
    "empty calls": lambda a: a["choices"][0]["message"].update(tool_calls=[]),
    "null calls": lambda a: a["choices"][0]["message"].update(tool_calls=None, function_call=None, name=None),
    "content in parts": lambda a: a["choices"][0]["message"].update(content=[{"type": "text", "text": "Hello, "},
        {"type": "text", "text": "world"}]),
    "no usage": lambda a: a.pop("usage"),
    "null usage": lambda a: a.update(usage=None),
    "members of its own": lambda a: a.update(x_groq={"id": "r"}, provider="x", citations=["y"]),
}


@known("LM Studio", does="`tool_calls: []` in every answer", gives="left out",
       report="lmstudio-ai/lmstudio-bug-tracker#1318")
@known("vLLM", does="an empty list of `tool_calls` in answers without calls", gives="left out",
       report="vllm-project/vllm#44104")
@pytest.mark.parametrize("mode", OPENAI_SHAPED)
@pytest.mark.parametrize("how", ANSWERS)
def test_an_answer_is_completed(place, how, mode):
    answer = OpenAIShape().whole(Said())
    ANSWERS[how](answer)
    place.answers(whole(answer))

    response = place.post()

    assert response.status_code == 200, response.text
    [choice] = check_completion(response.json())["choices"]
    assert choice["message"]["content"] == (None if how == "no content" else "Hello, world") and choice["finish_reason"] == "stop"


@known("vLLM", does="no calls are an empty list in every delta", gives="deltas without the member",
       report="vllm-project/vllm#44104")
def test_a_stream_without_calls_has_no_member_for_them(place):
    place.answers(events(bent(empty_calls)))

    assert not any("tool_calls" in delta for delta in place.stream().checked().deltas)


@known("Mistral", does="`content` as a list of parts, thinking among them", gives="its text, and `reasoning_content`",
       report="vercel/ai#8072")
def test_content_in_parts_is_text_and_thinking(place):
    parts = [{"type": "thinking", "thinking": [{"type": "text", "text": "let me think"}]}, {"type": "text", "text": "ok"}]
    place.answers(whole(completion({"content": parts})))
    message = place.ask()
    place.answers(events([*(chunk({"content": [part]}) for part in parts), chunk({}, "stop"), USAGE]))
    streamed = place.stream().checked()

    assert message["content"] == streamed.text == "ok"
    assert message["reasoning_content"] == streamed.thought == "let me think"


THOUGHTS = {
    "reasoning": lambda text: {"reasoning": text},
    "reasoning_content": lambda text: {"reasoning_content": text},
    "both": lambda text: {"reasoning": text, "reasoning_content": text},
    "null beside": lambda text: {"reasoning": text, "reasoning_content": None},
    "empty beside": lambda text: {"reasoning": "", "reasoning_content": text},
    "with details": lambda text: {"reasoning": text, "reasoning_details": [{"type": "reasoning.text", "text": text, "index": 0}]},
}


@known("vLLM", "OpenRouter", "Groq", does="thinking is called `reasoning`",
       gives="it comes as `reasoning_content`, whole and streamed",
       report="BenedictKing/ccx#246")
@pytest.mark.parametrize("mode", ["openai/compatible", "alibaba/compatible"])
@pytest.mark.parametrize("how", THOUGHTS)
def test_thinking_has_one_name(place, how, mode):
    write = THOUGHTS[how]
    place.answers(whole(completion(write("let me think"))))
    assert place.ask()["reasoning_content"] == "let me think"

    place.answers(events([
        chunk({"role": "assistant", "content": ""}), chunk(write("let me ")), chunk(write("think")), chunk({"content": "ok"}),
        chunk({}, "stop"), USAGE]))
    streamed = place.stream().checked()
    assert streamed.thought == "let me think" and streamed.text == "ok"


@pytest.mark.parametrize("mode", [mode for mode in ALL if mode != "baidu/v1"])
def test_thinking_has_one_name_in_every_mode(place, mode):
    place.says(Said(thought=("let me ", "think")))

    assert place.ask()["reasoning_content"] == place.stream().checked().thought == "let me think"


@known("DashScope", "Hunyuan", does='`finish_reason` is "" or "null" until the end, in their own shapes',
       gives="null until the end, then once")
@pytest.mark.parametrize("reason, mode", [
    (reason, mode) for reason in ('""', "null", '"null"') for mode in NATIVE if (reason, mode) != ('"null"', "tencent/native")])
def test_reasons_before_the_end_are_null_in_native_modes(place, mode, reason):
    raw = place.mode.stream()
    for old in (b'"finish_reason": "null"', b'"FinishReason": ""'):
        if old in raw.body:
            raw = raw.replacing(old, old.split(b": ")[0] + b": " + reason.encode())
    place.answers(raw)

    streamed = place.stream().checked()

    assert streamed.finishes == ["stop"] and streamed.text == "Hello, world"


@known("Gemini", does="no `message` and no `completion_tokens` where the answer is empty",
       gives="200, the counts there are",
       report="agentgateway/agentgateway#1464")
@pytest.mark.parametrize("choice", [{}, {"message": None}, {"message": {}}, {"message": {"role": "assistant"}}], ids=json.dumps)
@pytest.mark.place(alone=True)
def test_an_empty_answer_is_an_answer(place, choice):
    place.answers(whole({**OpenAIShape().whole(Said()), "choices": [{"index": 0, "finish_reason": "length", **choice}],
                         "usage": {"prompt_tokens": 9, "total_tokens": 9}}))

    response = place.post(max_tokens=1)

    assert response.status_code == 200 and check_completion(response.json())["choices"][0]["finish_reason"] == "length"
    row = place.row()
    assert (row["tokens_in"], row["tokens_out"]) == (9, 0)


@known("OpenRouter", does="a stream of nothing but comments", gives="a failure that says so, no empty 200",
       report="coder/coder#26005")
@pytest.mark.parametrize("lines", [[b": OPENROUTER PROCESSING\n\n"] * 3, [b"\n\n"], [], [b"event: ping\n\n"], [b"data: \n\n"]],
                         ids=["comments", "blank-lines", "nothing", "an-event-without-data", "empty-data"])
@pytest.mark.parametrize("mode", ["openai/compatible", "anthropic", "alibaba/native", "tencent/native", "baidu/v1"])
def test_a_stream_of_nothing_is_a_failure(place, mode, lines):
    place.answers(events(lines, done=False))

    streamed = place.stream(headers={"X-Deadline-Ms": "4000"})

    assert streamed.error and not streamed.is_done and len(place.calls()) <= 2
