"""A platform's answer arrives byte for byte, wherever the network cuts it."""

import json

import pytest

from support.service import prompt
from support.upstream import chunk_of, completion_of

TEXT = "你好，世界！今天天气不错😀👩‍👩‍👧‍👦🇨🇳 é́ \u2028 \\ \" \u0000 𠮷"


def cut_everywhere(data):
    return [data[at:at + 1] for at in range(len(data))]


def cut_in_two(data, at):
    return [data[:at], data[at:]]


async def send_json(call, pieces):
    await call.head()
    for piece in pieces:
        await call.chunk(piece)
    await call.finish()


def whole_body(model="m"):
    body = completion_of(model, TEXT)
    # All that OpenAI's shape requires: what lacks nothing passes as it came.
    body["choices"][0] |= {"logprobs": None}
    body["choices"][0]["message"] |= {"refusal": None}
    return json.dumps(body, ensure_ascii=False).encode()


def stream_body():
    events = [chunk_of("m", {"content": TEXT}), chunk_of("m", {}, finish="stop")]
    return b"".join(b"data: " + json.dumps(e, ensure_ascii=False).encode() + b"\n\n" for e in events) + b"data: [DONE]\n\n"


def ask(service, script, stream):
    return service.openai().chat.completions.create(
        model="stub", messages=prompt(), stream=stream, extra_body={"x_script": script.name})


def streamed(service, script):
    return "".join(c.choices[0].delta.content or "" for c in ask(service, script, True) if c.choices)


def test_a_whole_answer_cut_at_every_byte(service, upstream):
    script = upstream.script(lambda call: send_json(call, cut_everywhere(whole_body())))
    assert ask(service, script, False).choices[0].message.content == TEXT


def test_the_body_of_a_whole_answer_is_the_platforms_body(service, upstream):
    script = upstream.script(lambda call: call.json(whole_body()))
    body = {"model": "stub", "messages": prompt(), "x_script": script.name}
    answer = service.http.post("/v1/chat/completions", json=body).content
    ours, theirs = json.loads(answer), json.loads(whole_body())
    assert ours["choices"] == theirs["choices"] and ours["usage"] == theirs["usage"]
    assert json.dumps(TEXT, ensure_ascii=False).encode() in answer, "the text was encoded anew"


def test_a_stream_cut_at_every_byte(service, upstream):
    async def behave(call):
        await call.head(content_type="text/event-stream")
        for piece in cut_everywhere(stream_body()):
            await call.chunk(piece)
        await call.finish()

    assert streamed(service, upstream.script(behave)) == TEXT


def test_a_stream_cut_in_two_at_each_byte_in_turn(service, upstream):
    """One request per place, each piece a chunk of its own."""
    body = stream_body()
    start = body.index("你".encode())
    places = list(range(start - 2, start + len(json.dumps(TEXT, ensure_ascii=False).encode())))

    def cut_at(at):
        async def behave(call):
            await call.head(content_type="text/event-stream")
            for piece in cut_in_two(body, at):
                await call.chunk(piece)
            await call.finish()

        return behave

    script = upstream.script(*map(cut_at, places))
    assert {streamed(service, script) for _ in places} == {TEXT}


@pytest.mark.parametrize("pieces", [list(TEXT), [TEXT[:3], TEXT[3:]]])
def test_deltas_that_are_single_characters(service, upstream, pieces):
    async def behave(call):
        await call.stream_head()
        for piece in pieces:
            await call.delta(piece)
        await call.stream_end()

    assert streamed(service, upstream.script(behave)) == TEXT


def test_crlf_comments_and_split_fields_of_server_sent_events(service, upstream):
    async def behave(call):
        await call.head(content_type="text/event-stream")
        event = json.dumps(chunk_of("m", {"content": TEXT}), ensure_ascii=False).encode()
        end = json.dumps(chunk_of("m", {}, finish="stop")).encode()
        comment = b": a comment\r\n\r\n"
        events = [b"event: message\r\ndata:" + event, b"data: " + end, b"data: [DONE]"]
        for byte in comment + b"".join(event + b"\r\n\r\n" for event in events):
            await call.chunk(bytes([byte]))
        await call.finish()

    assert streamed(service, upstream.script(behave)) == TEXT
