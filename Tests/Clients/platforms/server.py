"""A small HTTP/1.1 server under every platform: all wires run in one thread with one event loop.

In: what a `Wire` answers. Out: `Call`s with the exact bytes received, and when the caller closed its connection.
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
        self.began, self.closed_at, self.ended = time.monotonic(), None, False
        self.ask = None
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
        if data:
            await self.write(b"%x\r\n%s\r\n" % (len(data), data))

    async def finish(self):
        await self.write(b"0\r\n\r\n")

    async def send(self, value, status=200, content_type="application/json", headers=()):
        body = value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode()
        await self.head(status, content_type, len(body), headers)
        await self.write(body)

    def drop(self):
        """Closes the connection as a crash does."""
        self._writer.transport.abort()


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


class Server:
    """`answer(call)` is a coroutine function; its exceptions are told to `failed(text)`, for a test to see."""

    def __init__(self, answer, failed):
        self._answer, self._failed = answer, failed
        self._server = Loop.shared().run(asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 26))
        self.port = self._server.sockets[0].getsockname()[1]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def stop(self):
        Loop.shared().loop.call_soon_threadsafe(self._server.close)

    async def _serve(self, reader, writer):
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _exchange(self, reader, writer):
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}
        if headers.get("expect", "").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        raw = await self._body(reader, headers)
        call = Call(method, target, headers, raw, writer)
        work = asyncio.ensure_future(self._answer(call))
        # No caller pipelines: whatever can be read before the answer has ended is the end of the connection.
        closed = asyncio.ensure_future(reader.read(1))
        await asyncio.wait({work, closed}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            call.closed_at = time.monotonic()
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            return False
        was_closed = closed.done()
        closed.cancel()
        await asyncio.gather(closed, return_exceptions=True)
        if isinstance(error := work.exception(), ConnectionError):
            # A write noticed it before the read did.
            call.closed_at = time.monotonic()
            return False
        if error is not None:
            self._failed(f"the server of the test failed: {error!r}")
            return False
        call.ended = True
        if was_closed:
            return False
        return not writer.is_closing()

    @staticmethod
    async def _body(reader, headers):
        if headers.get("transfer-encoding", "").lower() != "chunked":
            return await reader.readexactly(int(headers.get("content-length", 0)))
        body = b""
        while size := int(await reader.readuntil(b"\r\n"), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readuntil(b"\r\n")
        return body
