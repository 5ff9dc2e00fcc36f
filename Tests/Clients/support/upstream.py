"""A platform that speaks OpenAI's chat completions and does what a test wrote down for it.

In: scripts, each a list of behaviours, one per call. A request names its script in the unknown field `x_script`, which
reaches the platform unchanged. Out: `Script.calls`, each with what was asked and when the caller closed its connection.
A test's own thread only reads lists and opens gates.
"""

import itertools
import json
import sys
import time

from . import http_server
from .http_server import Gate, ThreadedServer

USAGE = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}


class Call(http_server.Call):
    """One chat completion, and the means to answer in OpenAI's words."""

    def __init__(self, upstream, *request):
        super().__init__(*request)
        self.upstream = upstream
        self.body = json.loads(self.raw) if self.raw else None

    @property
    def account(self):
        return self.headers.get("authorization", "").removeprefix("Bearer ")

    async def head(self, status=200, content_type="application/json", length=None, headers=(), **named):
        named = [(name.replace("_", "-"), value) for name, value in named.items()]
        await super().head(status, content_type, length, [*headers, *named])

    async def json(self, value, status=200, **headers):
        body = value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode()
        await self.head(status, length=len(body), **headers)
        await self.write(body)

    async def error(self, status, code="scripted", **headers):
        self.upstream.last_refusal = time.monotonic()
        await self.json({"error": {"message": "scripted failure", "type": "t", "code": code}}, status, **headers)

    async def event(self, value):
        await self.chunk(b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n")

    async def delta(self, text, index=0):
        await self.event(chunk_of(self.body["model"], {"content": text}, index=index))

    async def stream_head(self):
        await self.head(content_type="text/event-stream")
        await self.event(chunk_of(self.body["model"], {"role": "assistant", "content": ""}))

    async def stream_end(self, usage=USAGE):
        model = self.body["model"]
        await self.event(chunk_of(model, {}, finish="stop"))
        await self.event({**chunk_of(model, {}), "choices": [], "usage": usage})
        await self.chunk(b"data: [DONE]\n\n")
        await self.finish()


def chunk_of(model, delta, finish=None, index=0):
    return {
        "id": "chatcmpl-up", "object": "chat.completion.chunk", "created": 1, "model": model,
        "choices": [{"index": index, "delta": delta, "finish_reason": finish}]}


def completion_of(model, text, usage=USAGE):
    return {
        "id": "chatcmpl-up", "object": "chat.completion", "created": 1, "model": model, "usage": usage,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]}


def answer(text, pieces=None):
    """A behaviour: the whole text, streamed or not as asked."""

    async def behave(call):
        if not call.body.get("stream"):
            return await call.json(completion_of(call.body["model"], text))
        await call.stream_head()
        for piece in pieces or [text]:
            await call.delta(piece)
        await call.stream_end()

    return behave


def failing(status, code="scripted", **headers):
    return lambda call: call.error(status, code, **headers)


class Script:
    def __init__(self, name, behaviours):
        self.name, self.calls = name, []
        self._behaviours = behaviours

    def next(self, call):
        self.calls.append(call)
        return self._behaviours[min(len(self.calls), len(self._behaviours)) - 1]


class Upstream:
    def __init__(self):
        self.scripts, self._names = {}, itertools.count(1)
        self.last_refusal = 0.0  # when an error was answered, after which an account may have to rest
        self._server = ThreadedServer(
            self._answer, lambda text: print(text, file=sys.stderr), lambda *request: Call(self, *request))

    @property
    def url(self):
        return f"{self._server.url}/v1"

    def script(self, *behaviours):
        """The last behaviour serves all further calls too."""
        script = Script(f"script-{next(self._names)}", behaviours)
        self.scripts[script.name] = script
        return script

    def gate(self):
        return Gate()

    def stop(self):
        self._server.stop()

    async def _answer(self, call):
        if call.body is None:
            # A probe: this platform has nothing to say of itself.
            return call.hang_up()
        await self.scripts[call.body["x_script"]].next(call)(call)
