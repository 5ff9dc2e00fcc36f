"""An answer that was paid for is never bought more than twice, in whatever form it cannot be read (K1b)."""

import json

import pytest
from support.raw_platform import Raw, events, whole
from support.service import ANSWER_MARK

from .known import known
from .modes import ALL, WITH_VECTORS
from .shapes import ClaudeShape, Said, chunk, completion

SECRET = ANSWER_MARK


def page(text):
    return whole(f"<html><body>{text}</body></html>".encode(), content_type="text/html")


# Forms of a 200 that nobody can read, made of a mode's own answer.
UNREADABLE = {
    "not JSON": lambda raw: whole(b"I am sorry, but " + SECRET.encode()),
    "a page": lambda raw: page(SECRET),
    "half a document": lambda raw: whole(raw.body[:len(raw.body) // 2]),
    "another document": lambda raw: whole({"hello": SECRET}),
    "a number": lambda raw: whole(b"17"),
    "a text": lambda raw: whole(json.dumps(SECRET).encode()),
    "a list": lambda raw: whole([]),
    "null": lambda raw: whole(b"null"),
    "nothing": lambda raw: whole(b""),
    "spaces": lambda raw: whole(b"  \n"),
    "too deep": lambda raw: whole(b"[" * 100_000 + b"]" * 100_000),
    "gzip that is none": lambda raw: raw.with_headers(content_encoding="gzip"),
    "gzip cut off": lambda raw: Raw((raw.packed("gzip").body[:-12],), headers=raw.packed("gzip").headers),
    "another coding": lambda raw: raw.with_headers(content_encoding="snappy"),
    "an object of nothing": lambda raw: whole({}),
    "events of no answer": lambda raw: events([b"data: " + SECRET.encode() + b"\n\n"] * 2),
    "UTF-16": lambda raw: whole(raw.body.decode().encode("utf-16")),
}


@known("Other servers", does="HTTP 200 with a page, half a document, or nothing that can be read",
       gives="asked once more, of another account; then 502 `unreadable_answer`, without a word of the content")
@pytest.mark.place(accounts=3)
@pytest.mark.parametrize("mode", ALL)
@pytest.mark.parametrize("how", UNREADABLE)
def test_what_cannot_be_read_is_asked_for_once_more_at_most(place, mode, how):
    place.answers(UNREADABLE[how](place.mode.whole()))

    response = place.post()

    assert len(place.calls()) <= 2, f"bought {len(place.calls())} times"
    assert len({call.path.split("/")[1] for call in place.calls()}) == len(place.calls()), "one account was asked twice"
    if how == "UTF-16" and response.status_code == 200:
        return
    failure = response.json()["error"]
    assert response.status_code == 502 and failure["code"] == "unreadable_answer", response.text
    assert SECRET not in response.text and any(word in failure["message"].lower() for word in place.mode.words)


@pytest.mark.place(accounts=3)
@pytest.mark.parametrize("mode", ALL)
@pytest.mark.parametrize("how", ["not JSON", "a page", "half a document", "nothing", "gzip that is none", "events of no answer",
    "another document"])
def test_a_stream_that_cannot_be_read_is_asked_for_once_more_at_most(place, mode, how):
    place.answers(UNREADABLE[how](place.mode.stream() if "gzip" in how else place.mode.whole()))

    streamed = place.stream()

    assert len(place.calls()) <= 2, f"bought {len(place.calls())} times"
    assert streamed.error and not streamed.is_done and SECRET not in streamed.response.text


@pytest.mark.place(accounts=2)
@pytest.mark.parametrize("mode", ALL)
def test_the_second_account_may_be_read(place, mode):
    place.answers(whole(b"{"), account=1)
    place.says(Said(), account=2)

    assert place.ask()["content"] == "Hello, world"
    assert len(place.calls(1)) == len(place.calls(2)) == 1


@pytest.mark.place(accounts=3, vectors=True)
@pytest.mark.parametrize("mode", WITH_VECTORS)
@pytest.mark.parametrize("how", ["not JSON", "another document", "null", "nothing", "gzip that is none"])
def test_vectors_that_cannot_be_read_are_asked_for_once_more_at_most(place, mode, how):
    place.answers(UNREADABLE[how](whole(place.mode.shape.vectors([0.5]))))

    response = place.embed()

    assert response.status_code == 502 and len(place.calls()) <= 2, f"bought {len(place.calls())} times: {response.text}"
    assert response.json()["error"]["code"] == "unreadable_answer"


# Forms that say a failure in a 200, or end in the middle: the platform may have billed what came before.
HALF_SAID = {
    "cut after text": lambda mode: Raw(mode.beginning(), headers=mode.stream().headers, is_cut=True),
    "text, then an unreadable event": lambda mode: events((*mode.beginning(), b"data: {\n\n"), done=False),
    "text, then a page": lambda mode: events((*mode.beginning(), b"<html>" + SECRET.encode()), done=False),
    "text, then an end": lambda mode: events(mode.beginning(), done=False),
}


@pytest.mark.place(accounts=3)
@pytest.mark.parametrize("mode", ALL)
@pytest.mark.parametrize("how", HALF_SAID)
def test_a_stream_that_was_shown_is_not_bought_again(place, mode, how):
    place.answers(HALF_SAID[how](place.mode))

    streamed = place.stream()

    assert streamed.text == "Hello, " and streamed.error and not streamed.is_done
    assert len(place.calls()) == 1


@pytest.mark.place(accounts=3)
@pytest.mark.parametrize("answer", [
    whole(completion({"content": None})), whole(completion({"content": ""})),
    whole(completion({"content": ""}, "content_filter")),
    whole({**completion(), "choices": []}), whole({**completion(), "choices": None}), whole({**completion(), "choices": {}}),
    whole(completion({"content": 17})), whole(completion({"content": {"a": 1}})), whole(completion({"tool_calls": {"a": 1}})),
    whole(completion({"tool_calls": [None]})), whole(completion({"tool_calls": [{"function": None}]})),
    whole({**completion(), "choices": [None]}),
    whole({**completion(), "choices": ["x"]}), whole(completion(usage=[])), whole(completion(usage="many")),
    whole(completion(id=None, created="x"))],
    ids=["null", "empty", "filtered", "no-choices", "null-choices", "choices-as-object", "number", "object", "calls-as-object",
         "null-call", "null-function", "null-choice", "choice-as-text", "usage-as-list", "usage-as-text", "odd-envelope"])
def test_odd_members_never_buy_more_than_twice(place, answer):
    place.answers(answer)

    assert place.post().status_code in (200, 502)
    assert len(place.calls()) <= 2


@pytest.mark.place(accounts=3)
@pytest.mark.parametrize("delta", [
    {"content": 17}, {"content": {"a": 1}}, {"content": [{"type": "text", "text": "x"}]}, {"tool_calls": {}},
    {"tool_calls": [None]},
    {"tool_calls": "x"}, {"tool_calls": [{"index": -1, "id": "c", "function": {"name": "f", "arguments": "{}"}}]},
    {"tool_calls": [{"index": 10**30, "id": "c", "function": {"name": "f", "arguments": "{}"}}]}, "text", [], 17], ids=json.dumps)
def test_odd_deltas_never_buy_more_than_twice(place, delta):
    place.answers(events([chunk({"role": "assistant", "content": ""}), chunk(delta), chunk({"content": "x"}), chunk({}, "stop")]))

    place.stream()

    assert len(place.calls()) <= 2


@pytest.mark.place(mode="anthropic", accounts=3)
@pytest.mark.parametrize("bend", [
    lambda answer: answer.update(content=None), lambda answer: answer.update(content=[]),
    lambda answer: answer.update(content="hi"),
    lambda answer: answer.update(content=[None]), lambda answer: answer.update(stop_reason=None),
    lambda answer: answer.update(usage=None),
    lambda answer: answer.update(content=[{"type": "tomorrow", "x": 1}])],
    ids=["null", "no-blocks", "text", "null-block", "no-reason", "no-usage", "unknown-block"])
def test_odd_answers_of_claude_never_buy_more_than_twice(place, bend):
    answer = ClaudeShape().whole(Said())
    bend(answer)
    place.answers(whole(answer))

    assert place.post().status_code in (200, 502)
    assert len(place.calls()) <= 2


@pytest.mark.place(accounts=3)
def test_an_unreadable_answer_is_in_the_books_by_its_name(place):
    place.answers(whole(b"{"))

    place.post()

    assert place.row()["error_kind"] == "unreadable_answer"


@pytest.mark.place(accounts=1)
def test_unreadable_answers_leave_the_account_open(place):
    """They are paid for, and no sign of an outage: the next caller is served at once."""
    place.answers(whole(b"{"))
    for _ in range(6):
        place.post()
    place.says(Said())

    assert place.ask()["content"] == "Hello, world"
