"""Answers that are paid for are read, however they are written (K1, K7). Callers get OpenAI's shape (K3)."""

import json

import pytest
from support.raw_platform import CODINGS, events, whole

from .bench import TOOL
from .known import known
from .modes import ALL, MANY_CALLS, OPENAI_SHAPED, WITH_VECTORS
from .reading import calls_of, check_completion
from .shapes import Said, calling, chunk, completion, usage_chunk

# Name -> what is sent as the text, as bytes of JSON, and what is read there.
ODD_TEXTS = {
    "half-a-surrogate": (b'"A\\ud83d"', "A\ufffd"),
    "the-other-half": (b'"\\ude00B"', "\ufffdB"),
    "halves-the-wrong-way": (b'"\\ude00\\ud83d"', "\ufffd\ufffd"),
    "no-utf-8": (b'"A\xe4\xbdB"', "A\ufffdB"),
    "overlong-utf-8": (b'"A\xc0\xafB"', "B"),
    "control-characters": (b'"A\tB\x01C"', "A\tB\x01C"),
    "escape-of-nothing": (b'"A\\x41B"', "B"),
    "null-character": (b'"A\\u0000B"', "A\x00B"),
}


def both(place, bend, said=Said()):
    """The answer and the stream of a mode, bent, as the service gives them."""
    place.answers(bend(place.mode.whole(said)))
    response = place.post()
    assert response.status_code == 200, f"{response.text}, called {len(place.calls())} times"
    place.answers(bend(place.mode.stream(said)))
    return check_completion(response.json()), place.stream().checked()


@known("llama.cpp", does="bytes that are no UTF-8 where a token ends inside a character",
       gives="U+FFFD in their place, the rest as it came", report="abetlen/llama-cpp-python#118")
@known("Ollama", "vLLM", does="lone halves of surrogate pairs, control characters and unknown escapes in texts",
       gives="the answer, U+FFFD for what nobody can read", report="elizaOS/eliza#30904")
@pytest.mark.parametrize("odd", ODD_TEXTS)
@pytest.mark.parametrize("mode", ALL)
def test_text_that_is_not_quite_json_is_read(place, mode, odd):
    written, read = ODD_TEXTS[odd]
    # A text of one piece, so that the whole answer and the stream hold the same bytes.
    answer, streamed = both(place, lambda raw: raw.replacing(b'"<>"', written), Said(("<>",)))

    text = answer["choices"][0]["message"]["content"]
    assert read in text and streamed.text == text


# Name -> what becomes of the bytes of each event, or of the whole answer.
ODD_DOCUMENTS = {
    "member-twice": lambda data: data.replace(b"{", b'{"x_first": 1, "x_first": {"a": [1]}, ', 1),
    "byte-order-mark": lambda data: b"\xef\xbb\xbf" + data,
    "not-a-number": lambda data: data.replace(b"{", b'{"x_score": NaN, "x_best": Infinity, "x_worst": -Infinity, ', 1),
    "space-before": lambda data: b"\r\n\t " + data,
}


@known("NVIDIA NIM", does="the same member twice in one object", gives="the last of the two counts",
       report="tinyhumansai/openhuman#4204")
@known("vLLM", "SGLang", does="`NaN` and `Infinity` as Python's json writes them, as in log probabilities",
       gives="null",
       report="vllm-project/vllm#48585")
@pytest.mark.parametrize("odd", ODD_DOCUMENTS)
@pytest.mark.parametrize("mode", ALL)
def test_a_document_that_is_not_quite_json_is_read(place, mode, odd):
    place.answers(whole(ODD_DOCUMENTS[odd](place.mode.whole().body)))

    response = place.post()

    assert response.status_code == 200, f"{response.text}, called {len(place.calls())} times"
    message = check_completion(response.json())["choices"][0]["message"]
    assert message["content"] == "Hello, world" and b"NaN" not in response.content and b"Infinity" not in response.content


@pytest.mark.parametrize("odd", ["member-twice", "not-a-number"])
@pytest.mark.parametrize("mode", ALL)
def test_an_event_that_is_not_quite_json_is_read(place, mode, odd):
    raw = place.mode.stream()
    bent = tuple(ODD_DOCUMENTS[odd](piece) for piece in raw.pieces)
    place.answers(events(bent, done=False))

    streamed = place.stream().checked()

    assert streamed.text == "Hello, world" and b"NaN" not in streamed.response.content


@pytest.mark.parametrize("mode", ALL)
def test_a_stream_may_begin_with_a_byte_order_mark(place, mode):
    raw = place.mode.stream()
    place.answers(events((b"\xef\xbb\xbf" + raw.pieces[0], *raw.pieces[1:]), done=False))

    assert place.stream().checked().text == "Hello, world"


@known("NVIDIA NIM", does="`reasoning_content` twice in one message", gives="the answer; the last counts",
       report="tinyhumansai/openhuman#4204")
@pytest.mark.place(alone=True)
def test_a_nested_member_counts_as_it_was_said_last(place):
    body = json.dumps(completion()).replace('"content": "ok"',
        '"content": "ok", "reasoning_content": "a", "reasoning_content": "b"')
    body = body.replace('"total_tokens"', '"prompt_tokens": 11, "total_tokens"')
    place.answers(whole(body.encode()))

    answer = place.post().json()

    assert answer["choices"][0]["message"]["reasoning_content"] == "b"
    assert place.row()["tokens_in"] == answer["usage"]["prompt_tokens"] == 11


@known("Ollama", "LM Studio", does="an emoji leaves as two escapes in two chunks, each half a surrogate pair",
       gives="the halves are joined", report="elizaOS/eliza#30904")
@pytest.mark.parametrize("mode", ALL)
def test_a_surrogate_pair_that_is_cut_by_chunks_is_joined(place, mode):
    raw = place.mode.stream(Said(("A<", ">B")))
    place.answers(raw.replacing(b"A<", b"A\\ud83d").replacing(b">B", b"\\ude00B"))

    assert place.stream().checked().text == "A😀B"


@pytest.mark.parametrize("mode", [mode for mode in ALL if mode not in ("baidu/v1",)])
def test_a_surrogate_pair_is_joined_in_thoughts_and_arguments(place, mode):
    said = Said((), ("A<", ">B"))
    place.answers(place.mode.stream(said).replacing(b"A<", b"A\\ud83d").replacing(b">B", b"\\ude00B"))
    assert place.stream().checked().thought == "A😀B"

    # One level deeper: an escape inside the arguments, which are themselves JSON.
    said = calling(("c1", "look_up", '{"q":"<"}'))
    place.answers(place.mode.stream(said).replacing(b"<", b"\\\\ud83d\\\\ude00"))
    [(_, _, arguments)] = place.stream(tools=[TOOL]).checked().calls
    assert json.loads(arguments) == {"q": "😀"}


@pytest.mark.parametrize("mode", OPENAI_SHAPED)
def test_a_surrogate_pair_is_joined_over_deltas_of_arguments(place, mode):
    parts = [{"index": 0, "id": "c1", "type": "function", "function": {"name": "look_up", "arguments": '{"q":"<'}},
             {"index": 0, "function": {"arguments": '>"}'}}]
    raw = events([*(chunk({"tool_calls": [part]}) for part in parts), chunk({}, "tool_calls"), usage_chunk(prompt_tokens=1)])
    place.answers(raw.replacing(b"<", b"\\ud83d").replacing(b">", b"\\ude00"))

    assert place.stream(tools=[TOOL]).checked().calls == [("c1", "look_up", '{"q":"😀"}')]


@known("OpenRouter", "Gemini", does="U+2028, U+0085 and other line ends of Unicode inside texts",
       gives="the text byte for byte",
       report="Soju06/codex-lb#1010")
@pytest.mark.parametrize("mode", ALL)
def test_line_ends_of_unicode_stay_inside_the_text(place, mode):
    text = "a\u2028b\u2029c\u0085d\x0b\x0ce"
    place.says(Said((text,)))

    assert place.stream().checked().text == text == place.ask()["content"]


# MARK: encodings and form (K7)

@known("Azure OpenAI (v1)", "Other servers", does="packed answers that nobody asked for: gzip, deflate, br, zstd",
       gives="unpacked, streams as well", report="agentgateway/agentgateway#621")
@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("mode", ALL)
def test_a_packed_answer_is_unpacked(place, mode, coding):
    answer, streamed = both(place, lambda raw: raw.packed(coding))

    assert answer["choices"][0]["message"]["content"] == streamed.text == "Hello, world"
    assert len(place.calls()) == 2


@pytest.mark.parametrize("coding", CODINGS)
def test_a_packed_error_is_unpacked(place, coding):
    place.answers(whole({"error": {"message": "top_k must be positive", "code": "invalid"}}, 400).packed(coding))

    response = place.post()

    assert response.status_code == 400 and "top_k must be positive" in response.text


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("mode", ["openai/compatible", "alibaba/native"])
@pytest.mark.place(vectors=True)
def test_packed_vectors_are_unpacked(place, mode, coding):
    place.answers(whole(place.mode.shape.vectors([0.5, 1])).packed(coding))

    assert place.embed().json()["data"][0]["embedding"] == [0.5, 1]


@pytest.mark.place(accounts=3)
@pytest.mark.parametrize("coding", CODINGS)
def test_a_bomb_is_refused_and_not_asked_for_again_and_again(place, coding, stack):
    """128 MiB of spaces in some KiB."""
    bomb = whole(b" " * (1 << 27) + place.mode.whole().body).packed(coding)
    place.answers(bomb)
    before = stack.service.workers[0].rss

    response = place.post()

    assert response.status_code == 502 and len(place.calls()) <= 2, response.text
    assert stack.service.workers[0].rss - before < 200 << 20


@known("DeepSeek", does="server-sent events where a whole answer was asked for",
       gives="one whole answer, put together from them", report="BerriAI/litellm#25766")
@known("one-api / new-api", does="passes on events of an upstream that only streams, though `stream` is false",
       gives="one whole answer, put together from them", report="QuantumNous/new-api#5230")
@pytest.mark.parametrize("kind", ["text/event-stream", "application/json", "text/plain"])
@pytest.mark.parametrize("mode", ALL)
def test_events_where_a_document_was_asked_for(place, mode, kind):
    raw = place.mode.stream(Said(thought=("hm",) if place.mode.thinks else ()))
    place.answers(events(raw.pieces, done=False, content_type=kind))

    response = place.post(stream=False)

    assert response.status_code == 200, f"{response.text}, called {len(place.calls())} times"
    answer = check_completion(response.json())
    assert answer["choices"][0]["message"]["content"] == "Hello, world" and answer["choices"][0]["finish_reason"] == "stop"
    assert (answer["usage"]["prompt_tokens"], answer["usage"]["completion_tokens"]) == (7, 3)
    assert not place.mode.thinks or answer["choices"][0]["message"]["reasoning_content"] == "hm"


@pytest.mark.parametrize("mode", ALL)
def test_calls_in_events_where_a_document_was_asked_for(place, mode):
    place.answers(place.mode.stream(calling(("c1", "look_up", '{"q":"a"}'))))

    [(id, name, arguments)] = calls_of(place.ask(tools=[TOOL]))

    assert id and name == "look_up" and json.loads(arguments) == {"q": "a"}


@known("one-api / new-api", does="a whole answer where a stream was asked for", gives="a stream of it")
@pytest.mark.parametrize("kind", ["text/event-stream", "application/json", "text/plain"])
@pytest.mark.parametrize("mode", ALL)
def test_a_document_where_events_were_asked_for(place, mode, kind):
    place.answers(whole(place.mode.whole().body, content_type=kind))

    streamed = place.stream().checked()

    assert streamed.text == "Hello, world" and streamed.finish == "stop" and streamed.usage == (7, 3)
    assert len(place.calls()) == 1


@pytest.mark.parametrize("mode", MANY_CALLS)
def test_calls_in_a_document_where_events_were_asked_for(place, mode):
    place.answers(place.mode.whole(calling(("c1", "look_up", '{"q":"a"}'), ("c2", "look_up", "{}"))))

    assert [name for _, name, _ in place.stream(tools=[TOOL]).checked().calls] == ["look_up", "look_up"]


# MARK: vectors and errors are read as kindly

@pytest.mark.parametrize("odd", ODD_DOCUMENTS)
@pytest.mark.parametrize("mode", WITH_VECTORS)
@pytest.mark.place(vectors=True)
def test_vectors_that_are_not_quite_json_are_read(place, mode, odd):
    place.answers(whole(ODD_DOCUMENTS[odd](whole(place.mode.shape.vectors([0.5, 1])).body)))

    response = place.embed()

    assert response.status_code == 200, response.text
    assert response.json()["data"][0]["embedding"] == [0.5, 1]


@pytest.mark.parametrize("odd", ODD_DOCUMENTS)
def test_an_error_that_is_not_quite_json_keeps_its_words(place, odd):
    error = whole({"error": {"message": "top_k must be positive", "code": "invalid"}}).body
    place.answers(whole(ODD_DOCUMENTS[odd](error), 400))

    response = place.post()

    assert response.status_code == 400 and "top_k must be positive" in response.text and len(place.calls()) == 1


def test_an_error_with_broken_characters_keeps_the_others(place):
    place.answers(whole(b'{"error": {"message": "top_k \xff must be \\ud83d positive", "code": 400}}', 400))

    response = place.post()

    assert response.status_code == 400 and "top_k" in response.text and "positive" in response.text
