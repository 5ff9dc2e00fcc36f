"""The HTTP/1.1 server under every fake platform of the tests, on loopback.

In: a coroutine function that answers a `Call`. Out: `Call`s with the exact bytes received, and when the caller closed its
connection. `HTTPServer` runs in the event loop of its caller, `ThreadedServer` in one thread that all of them share.
"""

import asyncio
import json
import threading
import time
from urllib.parse import parse_qsl, unquote, urlsplit


class Call:
    """One request as the platform sees it, and the means to answer."""

    def __init__(self, method, target, headers, raw, writer):
        parts = urlsplit(target)
        self.method, self.target, self.path = method, target, unquote(parts.path)
        self.query = dict(parse_qsl(parts.query, keep_blank_values=True))
        self.headers, self.raw = headers, raw
        # `closed_at`: the caller closed before the answer had ended. Both times are of `time.monotonic`.
        self.began, self.closed_at, self.ended = time.monotonic(), None, False
        self._writer = writer

    @property
    def bearer(self):
        """The token, or None where the header has another form."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token if scheme == "Bearer" and token else None

    async def write(self, data):
        self._writer.write(data)
        await self._writer.drain()

    async def head(self, status=200, content_type="application/json", length=None, headers=()):
        lines = [f"HTTP/1.1 {status} Answer", *([f"Content-Type: {content_type}"] if content_type else [])]
        lines += [f"{name}: {value}" for name, value in headers]
        lines.append("Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}")
        await self.write(("\r\n".join(lines) + "\r\n\r\n").encode())

    async def chunk(self, data):
        """One piece of a chunked body. An empty one would end the body, so it is left out."""
        if data:
            await self.write(b"%x\r\n%s\r\n" % (len(data), data))

    async def finish(self):
        await self.write(b"0\r\n\r\n")

    async def send(self, value, status=200, content_type="application/json", headers=()):
        body = value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode()
        await self.head(status, content_type, len(body), headers)
        await self.write(body)

    def hang_up(self):
        """Closes the connection after what was written."""
        self._writer.close()

    def drop(self):
        """Closes the connection as a crash does."""
        self._writer.transport.abort()


class HTTPServer:
    """Exceptions of `answer(call)` are told to `failed(text)`, for a test to see. `call` makes the calls."""

    def __init__(self, answer, failed, call=Call):
        self._answer, self._failed, self._call = answer, failed, call
        self._open = set()

    async def start(self, port=0):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port, backlog=1024, limit=1 << 26)
        self.port = self._server.sockets[0].getsockname()[1]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def stop(self):
        """No more connections, and the open ones end."""
        self._server.close()
        for writer in self._open:
            writer.transport.abort()

    async def _serve(self, reader, writer):
        self._open.add(writer)
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    async def _exchange(self, reader, writer):
        """Answers one request. True where the connection may be used again."""
        call = await self._read(reader, writer)
        work = asyncio.ensure_future(self._answer(call))
        # No caller pipelines: whatever can be read before the answer has ended is the end of the connection.
        closed = asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait({work, closed}, return_when=asyncio.FIRST_COMPLETED)
            was_closed = closed.done()
            if not work.done():
                call.closed_at = time.monotonic()
        finally:
            work.cancel()
            closed.cancel()
            await asyncio.gather(work, closed, return_exceptions=True)
        return call.closed_at is None and self._has_ended(call, work) and not was_closed and not writer.is_closing()

    def _has_ended(self, call, work):
        error = None if work.cancelled() else work.exception()
        if isinstance(error, ConnectionError):
            # A write noticed that the caller had closed before the read did.
            call.closed_at = time.monotonic()
        elif error is not None:
            self._failed(f"the server of the test failed: {error!r}")
        call.ended = error is None
        return call.ended

    async def _read(self, reader, writer):
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}
        if headers.get("expect", "").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return self._call(method, target, headers, await self._body(reader, headers), writer)

    @staticmethod
    async def _body(reader, headers):
        if headers.get("transfer-encoding", "").lower() != "chunked":
            return await reader.readexactly(int(headers.get("content-length", 0)))
        body = b""
        while size := int(await reader.readuntil(b"\r\n"), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readuntil(b"\r\n")
        return body


class Loop:
    """The thread of all servers of this process."""

    _shared = None

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    @classmethod
    def shared(cls):
        cls._shared = cls._shared or cls()
        return cls._shared

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(10)


class ThreadedServer(HTTPServer):
    """Serves from the moment it is made, while the test's own thread works."""

    def __init__(self, answer, failed, call=Call, port=0):
        super().__init__(answer, failed, call)
        Loop.shared().run(self.start(port))

    def stop(self):
        Loop.shared().loop.call_soon_threadsafe(super().stop)


class Gate:
    """Closed until the test opens it. Answers wait for it inside the loop."""

    def __init__(self):
        self._event = asyncio.Event()

    def open(self):
        Loop.shared().loop.call_soon_threadsafe(self._event.set)

    async def passed(self):
        await self._event.wait()
