"""Usage in other words is counted, and what the platform said wins over an estimate (K6)."""

import pytest
from support.raw_platform import events, whole

from .known import known
from .modes import ALL, OPENAI_SHAPED
from .shapes import Said, chunk, completion, usage_chunk

HELLO = [chunk({"role": "assistant", "content": ""}), chunk({"content": "hi"})]


def usage(prompt, output, **more):
    return {"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output, **more}


def booked(place):
    """(input, output, cached, thinking) of the newest attempt, which must be no estimate."""
    row = place.row()
    assert not row["estimated"], row
    return row["tokens_in"], row["tokens_out"], row["tokens_cached"], row["tokens_reasoning"]


# Name -> (usage as the server says it, (input, output, cached, thinking)).
WORDS = {
    "OpenAI's": (usage(10, 5, prompt_tokens_details={"cached_tokens": 4}, completion_tokens_details={"reasoning_tokens": 2}),
        (10, 5, 4, 2)),
    "thinking beside the output": (
        {"prompt_tokens": 10120, "completion_tokens": 1499, "total_tokens": 14428,
            "prompt_tokens_details": {"cached_tokens": 128},
         "completion_tokens_details": {"reasoning_tokens": 2809}}, (10120, 4308, 128, 2809)),
    "thinking within the output": (usage(10, 50, completion_tokens_details={"reasoning_tokens": 40}), (10, 50, 0, 40)),
    "DeepSeek's cache": (usage(1000, 5, prompt_cache_hit_tokens=960, prompt_cache_miss_tokens=40), (1000, 5, 960, 0)),
    "DeepSeek's cache beside OpenAI's": (
        usage(1000, 5, prompt_cache_hit_tokens=960, prompt_tokens_details={"cached_tokens": 960}), (1000, 5, 960, 0)),
    "Moonshot's cache": (usage(1000, 5, cached_tokens=512), (1000, 5, 512, 0)),
    "Anthropic's words": ({"input_tokens": 10, "output_tokens": 5}, (10, 5, 0, 0)),
    "Anthropic's words and a total": ({"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}, (10, 5, 0, 0)),
    "both words": (usage(10, 5, input_tokens=10, output_tokens=5), (10, 5, 0, 0)),
    "zeros in the other words": (usage(10, 5, input_tokens=0, output_tokens=0), (10, 5, 0, 0)),
    "texts": ({"prompt_tokens": "10", "completion_tokens": "5", "total_tokens": "15"}, (10, 5, 0, 0)),
    "floats": ({"prompt_tokens": 10.0, "completion_tokens": 5.0, "total_tokens": 15.0}, (10, 5, 0, 0)),
    "floats as texts": ({"prompt_tokens": "10.0", "completion_tokens": "5.0"}, (10, 5, 0, 0)),
    "no total": ({"prompt_tokens": 10, "completion_tokens": 5}, (10, 5, 0, 0)),
    "no output": ({"prompt_tokens": 10, "total_tokens": 15}, (10, 5, 0, 0)),
    "null details": (usage(10, 5, prompt_tokens_details=None, completion_tokens_details=None), (10, 5, 0, 0)),
    "null members": (usage(10, 5, prompt_cache_hit_tokens=None, prompt_tokens_details={"cached_tokens": None}), (10, 5, 0, 0)),
    "negative": (usage(10, 5, prompt_tokens_details={"cached_tokens": -4}), (10, 5, 0, 0)),
}


@known("xAI (Grok)", does="thinking is beside `completion_tokens`, the total has both", gives="output = total − prompt",
       report="Wei-Shaw/sub2api#5771")
@known("DeepSeek", does="the cached part is `prompt_cache_hit_tokens`", gives="counted as cached",
       report="NousResearch/hermes-agent#61871")
@known("SGLang", "one-api / new-api", does="`input_tokens` and `output_tokens`, counts as texts or floats",
       gives="counted")
@pytest.mark.parametrize("mode", ["openai/compatible", "openai/native", "tencent/tokenhub"])
@pytest.mark.parametrize("how", WORDS)
def test_usage_in_other_words_is_counted(place, how, mode):
    said, counts = WORDS[how]
    place.answers(whole(completion(usage=said)))
    answer = place.post().json()
    assert booked(place) == counts and answer["usage"]["prompt_tokens"] == counts[0] and answer["usage"][
        "completion_tokens"] == counts[1]

    place.answers(events([*HELLO, chunk({}, "stop"), usage_chunk(**said)]))
    streamed = place.stream()
    place.row(2)
    assert booked(place) == counts and streamed.usage == counts[:2]


def in_choice(said):
    last = chunk({}, "stop")
    last["choices"][0]["usage"] = said
    return [last]


# Name -> the events after the text.
PLACES = {
    "in the choice": in_choice,
    "under x_groq": lambda said: [chunk({}, "stop", x_groq={"id": "req_1", "usage": said})],
    "beside the last choice": lambda said: [chunk({}, "stop", usage=said)],
    "in a chunk of its own": lambda said: [chunk({}, "stop"), usage_chunk(**said)],
    "in a chunk with a choice": lambda said: [chunk({}, "stop"), chunk({}, usage=said)],
    "twice the same": lambda said: [chunk({}, "stop", usage=said), usage_chunk(**said)],
    "then zeros": lambda said: [chunk({}, "stop", usage=said), usage_chunk(**usage(0, 0))],
    "then null": lambda said: [chunk({}, "stop", usage=said), {**usage_chunk(), "usage": None}],
    "then nothing in it": lambda said: [chunk({}, "stop", usage=said), usage_chunk()],
    "growing": lambda said: [chunk({}, usage=usage(190, 1)), chunk({}, usage=usage(190, 20)), chunk({}, "stop", usage=said)],
    "zeros first": lambda said: [chunk({}, usage=usage(0, 0)), chunk({}, "stop", usage=said)],
    "null choices beside it": lambda said: [chunk({}, "stop"), {**usage_chunk(**said), "choices": None}],
    "no choices beside it": lambda said: [chunk({}, "stop"), {"id": "x1", "usage": said}],
}


@known("Moonshot (Kimi)", does="usage inside `choices[0]` of the last chunk", gives="counted exactly",
       report="earendil-works/pi#2017")
@known("Groq", does="usage under `x_groq`, and once more in a chunk of its own", gives="counted exactly",
       report="Portkey-AI/gateway#1338")
@known("Gemini", does="usage in every chunk, growing", gives="the last counts, none is added up",
       report="ogx-ai/ogx#5122")
@known("vLLM", "one-api / new-api", does="usage in every chunk, twice, or with zeros at the end",
       gives="the last that is no 0 counts")
@pytest.mark.parametrize("how", PLACES)
def test_usage_is_found_in_every_place(place, how):
    place.answers(events([*HELLO, *PLACES[how](usage(190, 42))]))

    streamed = place.stream()

    assert booked(place)[:2] == streamed.usage == (190, 42)


@pytest.mark.parametrize("how", ["in the choice", "under x_groq"])
def test_usage_of_a_whole_answer_is_found_in_every_place(place, how):
    answer = completion(usage=None)
    if how == "in the choice":
        answer["choices"][0]["usage"] = usage(190, 42)
    else:
        answer["x_groq"] = {"usage": usage(190, 42)}
    place.answers(whole(answer))

    place.post()

    assert booked(place)[:2] == (190, 42)


def claude_usage(place, start, end):
    return events(place.mode.shape.stream(Said(), start=start, end=end), done=False)


# Name -> (usage of the first event, of the last, (input, output)).
CLAUDES = {
    "zero input at the end": ({"input_tokens": 15, "output_tokens": 1}, {"input_tokens": 0, "output_tokens": 8}, (15, 8)),
    "input at the end only": ({"input_tokens": 0, "output_tokens": 0}, {"input_tokens": 11, "output_tokens": 5}, (11, 5)),
    "all zeros at the end": ({"input_tokens": 15, "output_tokens": 4}, {"input_tokens": 0, "output_tokens": 0}, (15, 4)),
    "null at the end": ({"input_tokens": 15, "output_tokens": 4}, {"input_tokens": None, "output_tokens": 8}, (15, 8)),
    "texts": ({"input_tokens": "15", "output_tokens": "1"}, {"output_tokens": "8"}, (15, 8)),
    "corrected at the end": ({"input_tokens": 15, "output_tokens": 1}, {"input_tokens": 16, "output_tokens": 8}, (16, 8)),
    "with a cache": ({"input_tokens": 15, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 20, "output_tokens": 1},
                     {"output_tokens": 8}, (135, 8)),
    "with a cache and zeros": (
        {"input_tokens": 15, "cache_read_input_tokens": 100, "output_tokens": 1},
        {"input_tokens": 0, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0, "output_tokens": 8}, (115, 8)),
}


@known("Claude", does="`input_tokens: 0` in the closing event", gives="a later 0 replaces no count",
       report="envoyproxy/ai-gateway#1631")
@known("SGLang", does="Claude's first event says 0, the last has the count", gives="counted",
       report="sgl-project/sglang#33419")
@pytest.mark.place(mode="anthropic")
@pytest.mark.parametrize("how", CLAUDES)
def test_usage_of_claude_is_read_from_both_ends(place, how):
    start, end, counts = CLAUDES[how]
    place.answers(claude_usage(place, start, end))

    streamed = place.stream()

    assert booked(place)[:2] == streamed.usage == counts


CACHED = {"input_tokens": 100, "cache_read_input_tokens": 1000, "cache_creation_input_tokens": 300, "output_tokens": 10,
          "cache_creation": {"ephemeral_5m_input_tokens": 200, "ephemeral_1h_input_tokens": 100}}


@known("Claude", does="cache writes cost 1.25 or 2 times the price by their life, reads a tenth",
       gives="columns of the ledger, priced so")
@pytest.mark.place(mode="anthropic")
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_cache_writes_and_reads_of_claude_are_priced(place, stream):
    """Input costs 1 and output 2 a million tokens: 100 fresh, 1000 read, 200 written for 5 minutes, 100 for an hour, 10 out."""
    place.answers(claude_usage(place, CACHED, {"output_tokens": 10}) if stream else whole(place.mode.shape.whole(Said(), CACHED)))

    place.post(stream=stream)

    row = place.row()
    assert (row["tokens_in"], row["tokens_out"], row["tokens_cached"]) == (1400, 10, 1000)
    assert (row["tokens_cache_write"], row["tokens_cache_write_1h"]) == (300, 100)
    assert float(row["cost"]) * 1e6 == pytest.approx(100 + 100 + 250 + 200 + 20)


@pytest.mark.place(mode="anthropic")
def test_the_caller_sees_what_was_written_to_claudes_cache(place):
    place.answers(whole(place.mode.shape.whole(Said(), CACHED)))

    found = place.post().json()["usage"]

    assert found["prompt_tokens"] == 1400 and found["prompt_tokens_details"]["cached_tokens"] == 1000
    assert 300 in (found.get("cache_creation_input_tokens"), found["prompt_tokens_details"].get("cache_creation_tokens"),
                   found["prompt_tokens_details"].get("cache_write_tokens")), found


# MARK: the other shapes

def numbers_as(kind, data):
    """Every count of the answer as a text or a float."""
    for number in (7, 3, 10):
        written = f'"{number}"' if kind == "texts" else f"{number}.0"
        for ending in (",", "}"):
            data = data.replace(f": {number}{ending}".encode(), f": {written}{ending}".encode())
    return data


@pytest.mark.parametrize("kind", ["texts", "floats"])
@pytest.mark.parametrize("mode", ALL)
def test_counts_as_texts_or_floats_are_counted_in_every_mode(place, mode, kind):
    place.answers(whole(numbers_as(kind, place.mode.whole().body)))
    assert place.post().status_code == 200
    assert booked(place)[:2] == (7, 3)

    place.answers(events([numbers_as(kind, piece) for piece in place.mode.stream().pieces], done=False))
    place.stream().checked()
    place.row(2)
    assert booked(place)[:2] == (7, 3)


@pytest.mark.parametrize("mode", ["alibaba/native", "tencent/native", "baidu/v1"])
def test_zeros_in_the_last_event_replace_no_count(place, mode):
    pieces = list(place.mode.stream().pieces)
    for old, new in ((b": 7", b": 0"), (b": 3", b": 0"), (b": 10", b": 0")):
        pieces[-1] = pieces[-1].replace(old, new)
    place.answers(events(pieces, done=False))

    place.stream()

    assert booked(place)[:2] == (7, 3)


@pytest.mark.place(mode="alibaba/native")
def test_cached_tokens_of_dashscope_are_counted_wherever_they_stand(place):
    for details in ({"prompt_tokens_details": {"cached_tokens": 4}}, {"input_tokens_details": {"cached_tokens": 4}},
        {"cached_tokens": 4}):
        answer = place.mode.shape.whole(Said())
        answer["usage"] |= details
        place.answers(whole(answer))
        place.post()
        assert eventually_cached(place) == 4, details


def eventually_cached(place):
    place.row(len(place.calls()))
    return place.rows()[-1]["tokens_cached"]


@pytest.mark.parametrize("mode", OPENAI_SHAPED)
def test_no_usage_at_all_is_an_estimate(place, mode):
    place.answers(events([*HELLO, chunk({}, "stop")]))

    place.stream()

    row = place.row()
    assert row["estimated"] and row["tokens_in"] > 0 and row["tokens_out"] > 0


def test_what_a_platform_said_before_its_stream_broke_wins_over_the_estimate(place):
    place.answers(events([chunk({"role": "assistant", "content": "hi"}, usage=usage(190, 42)),
        {"error": {"message": "x", "code": 502}}]))

    place.stream()

    row = place.row()
    assert (row["tokens_in"], row["tokens_out"]) == (190, 42), row
