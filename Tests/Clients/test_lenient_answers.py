"""Slips of real servers in their answers: callers of the stock SDK get the answer, and it is paid for once."""

import gzip
import json
import zlib

import brotli
import openai
import pytest
import zstandard

from support.ledger import settled_rows
from support.service import prompt
from support.upstream import USAGE, chunk_of

FAMILY = "👨‍👩‍👧"


def completion(text="ok", **message):
    return {"id": "x1", "object": "chat.completion", "created": 1, "model": "up", "usage": USAGE, "choices": [
        {"index": 0, "message": {"role": "assistant", "content": text, **message}, "finish_reason": "stop"}]}


def raw(text="@"):
    return json.dumps(completion(text)).encode()


async def send(call, body, status=200, content_type="application/json", **headers):
    await call.head(status, content_type=content_type, length=len(body), **headers)
    await call.write(body)


def whole(body, **headers):
    async def behave(call):
        await send(call, body, **headers)
    return behave


def events(*pieces, finish="stop", **headers):
    """Each piece is the inside of a JSON string, byte for byte."""
    async def behave(call):
        await call.head(content_type=headers.pop("content_type", "text/event-stream"), **headers)
        for piece in pieces:
            chunk = json.dumps(chunk_of("up", {"role": "assistant", "content": "@"})).encode()
            await call.chunk(b"data: " + chunk.replace(b"@", piece) + b"\n\n")
        last = chunk_of("up", {})
        last["choices"][0]["finish_reason"] = finish
        await call.event(last)
        await call.event({"id": "x1", "object": "chat.completion.chunk", "created": 1, "model": "up", "choices": [],
            "usage": USAGE})
        await call.chunk(b"data: [DONE]\n\n")
        await call.finish()
    return behave


def ask(service, script, stream):
    response = service.openai().chat.completions.with_raw_response.create(
        model="stub", messages=prompt(), stream=stream, extra_body={"x_script": script.name})
    got = response.parse()
    if not stream:
        return response, got.choices[0].message.content
    return response, "".join(chunk.choices[0].delta.content or "" for chunk in got if chunk.choices)


SLIPS = {
    "a byte order mark": (b"\xef\xbb\xbf" + raw("ok"), "ok"),
    "a member twice": (raw("ok").replace(b'"content": "ok"', b'"content": "no", "content": "ok"'), "ok"),
    "NaN": (raw("ok").replace(b'"created": 1', b'"created": 1, "score": NaN, "least": -Infinity'), "ok"),
    "None": (raw("ok").replace(b'"created": 1', b'"created": 1, "logprobs": None, "flag": True'), "ok"),
    "a comma too many": (raw("ok")[:-1] + b",}", "ok"),
    "a control character": (raw("a@b").replace(b"@", b"\n\x01"), "a\n\x01b"),
    "half a pair": (raw("a@b").replace(b"@", rb"\ud83d"), "a\ufffdb"),
    "no UTF-8": (raw("a@b").replace(b"@", b"\xe4\xbd"), "a\ufffdb"),
    "a pair in six bytes": (raw("a@b").replace(b"@", "\ud83d\ude00".encode("utf-8", "surrogatepass")), "a😀b"),
    "an escape of no kind": (raw("a@b").replace(b"@", rb"\(x\)"), r"a\(x\)b"),
    "zeros behind it": (raw("ok") + b"\0\0", "ok"),
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("slip", SLIPS)
def test_a_whole_answer_with_a_slip_is_given_and_bought_once(service, upstream, slip, stream):
    body, text = SLIPS[slip]
    script = upstream.script(whole(body))
    response, got = ask(service, script, stream)
    assert got == text and len(script.calls) == 1
    [row] = settled_rows(service, response.headers["x-job-id"], 1)
    assert row[1] == "done"


PIECES = [
    ([rb"A\ud83d", rb"\ude00B"], "A😀B"),
    ([b"A" + FAMILY.encode()[:2], FAMILY.encode()[2:9], FAMILY.encode()[9:] + b"B"], f"A{FAMILY}B"),
    ([rb"A\ud83d", b"", rb"\ude00\ud83d", rb"\ude00B"], "A😀😀B"),
    ([rb"A\ud83d", b"B"], "A\ufffdB"),
    ([b"A\xe4\xbd", b"B"], "A\ufffdB"),
    ([rb"A\ud83d"], "A\ufffd"),
]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("pieces, text", PIECES)
def test_characters_that_are_cut_between_two_events_are_joined(service, upstream, pieces, text, stream):
    script = upstream.script(events(*pieces))
    _, got = ask(service, script, stream)
    assert got == text and len(script.calls) == 1


@pytest.mark.parametrize("content_type", ["text/event-stream", "application/json", "text/html; charset=utf-8"])
def test_events_where_a_document_was_asked_for_become_one(service, upstream, content_type):
    script = upstream.script(events(b"Hel", b"lo", content_type=content_type))
    got = service.openai().chat.completions.create(model="stub", messages=prompt(), extra_body={"x_script": script.name})
    assert got.choices[0].message.content == "Hello" and got.choices[0].finish_reason == "stop"
    assert got.usage.completion_tokens == USAGE["completion_tokens"] and got.object == "chat.completion"
    assert len(script.calls) == 1


PACKERS = {
    "gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress, "zstd": zstandard.compress,
    "gzip, br": lambda body: brotli.compress(gzip.compress(body)), "utf-8": bytes,
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("encoding", PACKERS)
def test_what_is_packed_unasked_is_unpacked(service, upstream, encoding, stream):
    script = upstream.script(whole(PACKERS[encoding](raw("ok")), content_encoding=encoding))
    _, got = ask(service, script, stream)
    assert got == "ok" and len(script.calls) == 1
    assert script.calls[0].headers["accept-encoding"] == "identity"


def test_a_refusal_that_is_packed_is_understood(service, upstream):
    error = {"error": {"message": "the words of the platform", "type": "invalid_request_error", "code": "x"}}
    script = upstream.script(whole(gzip.compress(json.dumps(error).encode()), status=400, content_encoding="gzip"))
    with pytest.raises(openai.BadRequestError, match="the words of the platform"):
        ask(service, script, False)


COMMENTS = b": PROCESSING\n\n" * 3
UNREADABLE = {
    "cut": (raw("secret words")[:-9], {}), "nothing": (b"", {}), "no choices": (b'{"id": "x"}', {}), "comments": (COMMENTS, {}),
    "two answers": (raw("secret words") * 2, {}), "an encoding nobody knows": (b"secret words", {"content_encoding": "lzma"}),
    "no gzip": (b"secret words", {"content_encoding": "gzip"}),
    "an array of nothing": (b"[]", {}), "a word": (b"secret words", {}),
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("case", UNREADABLE)
def test_what_nobody_can_read_is_bought_twice_at_most_and_named(failover, upstream, case, stream):
    body, headers = UNREADABLE[case]
    script = upstream.script(whole(body, **headers))
    with pytest.raises(openai.InternalServerError) as caught:
        ask(failover, script, stream)
    assert caught.value.status_code == 502 and caught.value.code == "unreadable_answer"
    message = caught.value.body["message"]
    assert message.startswith("openai: ") and "secret" not in message
    assert "encoding" not in headers or headers["content_encoding"] in message
    accounts = [call.account for call in script.calls]
    assert len(accounts) == 2 and accounts[0] != accounts[1]
    rows = settled_rows(failover, caught.value.response.headers["x-job-id"], 2)
    assert [(row[1], row[5]) for row in rows] == [("error", "unreadable_answer")] * 2


def test_unreadable_answers_open_no_circuit(failover, upstream):
    script = upstream.script(whole(b"{}"))
    for _ in range(8):
        with pytest.raises(openai.InternalServerError) as caught:
            ask(failover, script, False)
        assert caught.value.code == "unreadable_answer"
    fine = upstream.script(whole(raw("ok")))
    assert ask(failover, fine, False)[1] == "ok" and len(fine.calls) == 1
