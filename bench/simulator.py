"""A platform that speaks OpenAI's chat completions and costs little: whole answers at once, streams at a fixed pace.

Usage: bench/simulator.py --port N [--tokens 50] [--gap-ms 20] [--drop I]

Every answer is the same, written once at the start. A token is " w" and its number in five digits, so that the load
generator can tell whether all came, once and in order. `--drop I` leaves out token I: the load generator must notice.
`GET /stats` says how many requests came, so that one that was sent twice is noticed, too.
"""

import argparse
import asyncio
import json
import os
import re

import timers

IDENTITY = {"id": "chatcmpl-simulator", "created": 1760000000, "model": "sim"}
STREAM_HEAD = (b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache\r\n"
               b"Transfer-Encoding: chunked\r\n\r\n")


def whole_reply(value, status="200 OK"):
    body = json.dumps(value, separators=(",", ":")).encode()
    return f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def event(data):
    """One server-sent event as one HTTP chunk."""
    text = data if isinstance(data, str) else json.dumps(data, separators=(",", ":"))
    line = f"data: {text}\n\n".encode()
    return b"%x\r\n%s\r\n" % (len(line), line)


def chunk(delta, finish=None):
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return event({**IDENTITY, "object": "chat.completion.chunk", "choices": [choice]})


class Answers:
    """All that is ever sent, as bytes."""

    def __init__(self, tokens, gap, drop=None):
        words = [f" w{number:05d}" for number in range(tokens) if number != drop]
        usage = {"prompt_tokens": 100, "completion_tokens": tokens, "total_tokens": 100 + tokens}
        message = {"role": "assistant", "content": "".join(words)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        self.whole = whole_reply({**IDENTITY, "object": "chat.completion", "choices": [choice], "usage": usage})
        self.first = STREAM_HEAD + chunk({"role": "assistant", "content": ""})
        self.words = [chunk({"content": word}) for word in words]
        self.finish = chunk({}, "stop")
        self.usage = event({**IDENTITY, "object": "chat.completion.chunk", "choices": [], "usage": usage})
        self.done = event("[DONE]") + b"0\r\n\r\n"
        self.gap = gap
        self.requests = 0


class Exchange(asyncio.Protocol):
    """One connection: a request, its answer, then the next request."""

    def __init__(self, answers, loop):
        self.answers, self.loop = answers, loop
        self.received, self.timer = bytearray(), None

    def connection_made(self, transport):
        self.transport = transport

    def connection_lost(self, error):
        if self.timer:
            self.timer.cancel()

    def data_received(self, data):
        self.received += data
        self.next_request()

    def next_request(self):
        while self.timer is None and (end := self.received.find(b"\r\n\r\n")) >= 0:
            head = bytes(self.received[:end])
            length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
            size = end + 4 + (int(length[1]) if length else 0)
            if len(self.received) < size:
                return
            body = bytes(self.received[end + 4:size])
            del self.received[:size]
            self.answer(head, body)

    def answer(self, head, body):
        if head.startswith(b"GET /stats"):
            self.transport.write(whole_reply({"requests": self.answers.requests}))
        elif head.startswith(b"GET"):
            self.transport.write(whole_reply({"object": "list", "data": [{"id": "sim", "object": "model"}]}))
        elif not body:
            self.transport.write(whole_reply({"error": {"message": "no body with Content-Length"}}, "411 Length Required"))
        else:
            self.complete(json.loads(body))

    def complete(self, request):
        self.answers.requests += 1
        if not request.get("stream"):
            self.transport.write(self.answers.whole)
            return
        self.wants_usage = (request.get("stream_options") or {}).get("include_usage")
        self.began, self.sent = self.loop.time(), 0
        self.transport.write(self.answers.first)
        self.timer = self.loop.call_soon(self.next_word)

    def next_word(self):
        answers = self.answers
        word = answers.words[self.sent]
        self.sent += 1
        if self.sent < len(answers.words):
            self.transport.write(word)
            self.timer = self.loop.call_at(self.began + self.sent * answers.gap, self.next_word)
            return
        self.transport.write(word + answers.finish + (answers.usage if self.wants_usage else b"") + answers.done)
        self.timer = None
        self.next_request()


async def serve(port, answers):
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Exchange(answers, loop), "127.0.0.1", port, backlog=1024)
    # Who started this one may be killed without a chance to end it.
    parent = os.getppid()
    while os.getppid() == parent:
        await asyncio.sleep(1)
    server.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--tokens", type=int, default=50)
    parser.add_argument("--gap-ms", type=float, default=20)
    parser.add_argument("--drop", type=int)
    options = parser.parse_args()
    timers.run(serve(options.port, Answers(options.tokens, options.gap_ms / 1000, options.drop)))


if __name__ == "__main__":
    main()
