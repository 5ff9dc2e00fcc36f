"""`POST /v1/completions`: text in, text out, on every platform, through the same queue."""

import json

import pytest
from support.raw_platform import events

from .known import known
from .modes import ALL
from .shapes import Said, calling

PATH = "/v1/completions"


def complete(place, prompt="Once upon", **fields):
    return place.stack.http.post(PATH, json={"model": place.model, "prompt": prompt, **fields})


@known("Older clients", does="still call `/v1/completions`", gives="it works on every platform")
@pytest.mark.parametrize("mode", ALL)
def test_a_text_is_completed(place, mode):
    place.says(Said(thought=("hm",) if place.mode.thinks else ()))

    answer = complete(place, max_tokens=20) if not mode.startswith(("tencent/native", "tencent/compatible")) else complete(place)

    assert answer.status_code == 200, answer.text
    value = answer.json()
    [choice] = value["choices"]
    assert value["object"] == "text_completion" and value["id"] and value["model"] and isinstance(value["created"], int)
    assert (choice["text"], choice["index"], choice["finish_reason"], choice["logprobs"]) == ("Hello, world", 0, "stop", None)
    assert (value["usage"]["prompt_tokens"], value["usage"]["completion_tokens"], value["usage"]["total_tokens"]) == (7, 3, 10)
    assert b"Once upon" in place.calls()[-1].raw


@pytest.mark.parametrize("mode", ALL)
def test_a_text_is_completed_in_a_stream(place, mode):
    place.says(Said())

    text, finishes, usages = "", [], []
    for chunk in place.openai.completions.create(model=place.model, prompt="Once", stream=True,
        stream_options={"include_usage": True}):
        assert chunk.object == "text_completion" and chunk.id
        usages += [chunk.usage] if chunk.usage else []
        for choice in chunk.choices:
            text += choice.text or ""
            finishes += [choice.finish_reason] if choice.finish_reason else []
    assert (text, finishes) == ("Hello, world", ["stop"]) and [usage.total_tokens for usage in usages] == [10]


def test_a_stream_ends_with_done_and_has_no_usage_unasked(place):
    place.says(Said())

    answer = complete(place, stream=True)

    data = [line[5:].strip() for line in answer.text.split("\n") if line.startswith("data:")]
    assert data[-1] == "[DONE]" and not any(json.loads(value).get("usage") for value in data[:-1])
    assert all("text" in choice and "delta" not in choice for value in data[:-1] for choice in json.loads(value)["choices"])


@pytest.mark.place(alone=True)
def test_the_sdk_reads_a_whole_one(place):
    place.says(Said())

    answer = place.openai.completions.create(model=place.model, prompt="Once", stop=["."], temperature=0.5, seed=1, user="u")

    assert answer.choices[0].text == "Hello, world" and place.sent["stop"] in (["."], ".") and place.sent["temperature"] == 0.5
    assert place.row()["tokens_in"] == 7


@pytest.mark.parametrize("prompts", [["one"], ["one", "two"], ["one", "two", "three"]], ids=len)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_several_prompts_are_several_choices_or_refused_by_name(place, prompts, stream):
    place.says(Said())

    answer = complete(place, prompts, stream=stream)

    if answer.status_code != 200:
        assert len(prompts) > 1 and answer.status_code == 400 and answer.json()["error"]["param"] == "prompt" and not place.calls(
            ), answer.text
        return
    if stream:
        values = [json.loads(line[5:]) for line in answer.text.split("\n") if line.startswith("data:") and "[DONE]" not in line]
    else:
        values = [answer.json()]
    assert {choice["index"] for value in values for choice in value["choices"]} == set(range(len(prompts)))


@pytest.mark.parametrize("fields, param", [
    ({"suffix": "the end"}, "suffix"), ({"echo": True}, "echo"), ({"logprobs": 3}, "logprobs"), ({"logprobs": 0}, "logprobs"),
    ({"prompt": [1, 2, 3]}, "prompt"),
    ({"prompt": [[1, 2], [3]]}, "prompt"), ({"prompt": {}}, "prompt"), ({"prompt": 5}, "prompt"), ({"prompt": []}, "prompt"),
    ({"prompt": ["a", 1]}, "prompt"),
    ({"best_of": 3}, "best_of"), ({"stream": "true"}, "stream"), ({"max_tokens": "many"}, "max_tokens"),
    ({"temperature": "hot"}, "temperature")],
    ids=json.dumps)
def test_what_chat_has_no_words_for_is_refused_by_name(place, fields, param):
    place.says(Said())

    answer = place.stack.http.post(PATH, json={"model": place.model, "prompt": "x", **fields})

    assert answer.status_code == 400 and answer.json()["error"]["param"].split("[")[0] == param and not place.calls(), answer.text


@pytest.mark.parametrize("fields", [
    {"suffix": None}, {"echo": False}, {"echo": None}, {"logprobs": None}, {"best_of": 1}, {"best_of": None},
    {"logit_bias": None}, {"stop": None},
    {"stream": None}, {"n": 1}, {"suffix": ""}], ids=json.dumps)
def test_what_asks_for_nothing_is_taken(place, fields):
    place.says(Said())

    assert complete(place, **fields).status_code == 200
    assert not {"suffix", "echo", "logprobs", "best_of", "prompt"} & set(place.sent)


def test_a_prompt_is_needed_and_a_model_is_known(place):
    assert place.stack.http.post(PATH, json={"model": place.model}).json()["error"]["param"] == "prompt"
    unknown = place.stack.http.post(PATH, json={"model": "none", "prompt": "x"})
    assert unknown.status_code == 404 and unknown.json()["error"]["code"] == "model_not_found"


def test_a_failure_is_told_as_it_is_of_chat(place):
    place.answers(lambda call: events([{"error": {"code": 400, "message": "too long for me"}}]))
    for stream in (False, True):
        answer = complete(place, stream=stream)
        assert answer.status_code == 400 and "too long for me" in answer.json()["error"]["message"]


def test_a_call_of_a_function_is_no_text(place):
    """Nobody asked for one: what text there is, is given."""
    place.says(calling(("c1", "f", "{}"), text=("So: ",)))

    answer = complete(place)

    assert answer.status_code == 200 and answer.json()["choices"][0]["text"] == "So: "
