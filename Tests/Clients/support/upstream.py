"""A platform that speaks OpenAI's chat completions and does what a test wrote down for it.

In: scripts, each a list of behaviours, one per call; a request names its script in the unknown field `x_script`, which
reaches the platform unchanged. Out: `Script.calls`, each with what was asked and when the caller closed its connection.
Runs in one thread with its own event loop; a test's thread only reads lists and opens gates.
"""

import asyncio
import itertools
import json
import threading
import time

USAGE = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}


class Gate:
    """Closed until the test opens it; behaviours wait for it inside the loop."""

    def __init__(self, loop):
        self._loop, self._event = loop, asyncio.Event()

    def open(self):
        self._loop.call_soon_threadsafe(self._event.set)

    async def passed(self):
        await self._event.wait()


class Call:
    """One request as the platform sees it, and the means to answer."""

    def __init__(self, upstream, raw, headers, writer):
        self.upstream, self.raw, self.headers, self.body = upstream, raw, headers, json.loads(raw)
        self.began = time.monotonic()
        self.closed_at = None  # when the caller closed, measured on `time.monotonic`
        self.ended = False
        self._writer = writer

    @property
    def account(self):
        return self.headers.get("authorization", "").removeprefix("Bearer ")

    async def write(self, data):
        self._writer.write(data)
        await self._writer.drain()

    async def head(self, status=200, content_type="application/json", length=None, **headers):
        lines = [f"HTTP/1.1 {status} Scripted", f"content-type: {content_type}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        lines.append("transfer-encoding: chunked" if length is None else f"content-length: {length}")
        await self.write(("\r\n".join(lines) + "\r\n\r\n").encode())

    async def chunk(self, data):
        """One piece of a chunked body: with the pieces of a test, so are its packets."""
        await self.write(b"%x\r\n%s\r\n" % (len(data), data))

    async def finish(self):
        await self.write(b"0\r\n\r\n")

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

    def drop(self):
        """Closes the connection as a crash does."""
        self._writer.transport.abort()


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
        self._loop = asyncio.new_event_loop()
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        started.wait(10)

    def _run(self, started):
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 26))
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        self._loop.run_forever()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/v1"

    def script(self, *behaviours):
        """The last behaviour serves all further calls too."""
        script = Script(f"script-{next(self._names)}", behaviours)
        self.scripts[script.name] = script
        return script

    def gate(self):
        return Gate(self._loop)

    def stop(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    async def _serve(self, reader, writer):
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _exchange(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1)[:1] + line.split(": ", 1)[1:] for line in head[1:] if ": " in line)
        if headers.get("expect", "").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        call = Call(self, await reader.readexactly(int(headers.get("content-length", 0))), headers, writer)
        behaviour = self.scripts[call.body["x_script"]].next(call)
        work = asyncio.ensure_future(behaviour(call))
        # No caller pipelines: whatever can be read before the answer has ended is the end of the connection.
        closed = asyncio.ensure_future(reader.read(1))
        await asyncio.wait({work, closed}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            call.closed_at = time.monotonic()
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            return False
        call.ended = True
        if closed.done():
            return False
        closed.cancel()
        await asyncio.gather(closed, return_exceptions=True)
        work.result()
        return not writer.is_closing()
