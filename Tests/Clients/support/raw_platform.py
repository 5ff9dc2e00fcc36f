"""A platform that sends bytes as they are told, so that every oddity can be said.

In: handlers, one a place, which is the first part of the path. Out: `calls` of each place, which are the answers that a
platform bills.
"""

import asyncio
import gzip
import json
import zlib
from dataclasses import dataclass, replace

import brotli
import zstandard

from .http_server import ThreadedServer

CODINGS = {
    "gzip": gzip.compress, "deflate": zlib.compress, "br": lambda data: brotli.compress(data, quality=1),
    "zstd": lambda data: zstandard.ZstdCompressor().compress(data)}
TOKEN = {"access_token": "24.quirk", "expires_in": 2592000}
# Asked for in passing: the worker's probes, and the token of Baidu's v1.
FREE = {"count_tokens": {"input_tokens": 1}, "token": TOKEN, "models": {"object": "list", "data": []}}

# A platform without a list to prove a key by is probed with a chat of one token or the vector of one letter.
PROBES = (b'"content":"hi"', b'{"Input":"a"}')


@dataclass(frozen=True)
class Raw:
    """One response. `pieces` are bytes, or seconds to wait. A chunked body goes out with each piece as a chunk."""

    pieces: tuple
    status: int = 200
    headers: tuple = (("content-type", "application/json"),)
    is_chunked: bool = False
    is_cut: bool = False  # the connection ends before the body does

    @property
    def body(self):
        return b"".join(piece for piece in self.pieces if isinstance(piece, bytes))

    def replacing(self, old, new):
        assert old in self.body, f"{old} is not in {self.body[:300]}"
        return replace(self, pieces=tuple(p.replace(old, new) if isinstance(p, bytes) else p for p in self.pieces))

    def with_headers(self, **headers):
        return replace(self, headers=(*self.headers, *((name.replace("_", "-"), value) for name, value in headers.items())))

    def packed(self, coding):
        return replace(self.with_headers(content_encoding=coding), pieces=(CODINGS[coding](self.body),))

    def slowly(self, seconds):
        """Each piece alone, so that nothing is joined on the way."""
        return replace(self, pieces=tuple(part for piece in self.pieces for part in (piece, seconds)))

    async def send(self, call):
        length = None if self.is_chunked or self.is_cut else len(self.body)
        await call.head(self.status, headers=self.headers, content_type=None, length=length)
        for piece in self.pieces:
            if not isinstance(piece, bytes):
                await asyncio.sleep(piece)
            elif self.is_chunked or self.is_cut:
                await call.chunk(piece)
            else:
                await call.write(piece)
        if self.is_cut:
            await asyncio.sleep(0.05)  # an abort throws away what the kernel still holds
            call.drop()
        elif self.is_chunked:
            await call.finish()


def encoded(value):
    return value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode()


def whole(value, status=200, content_type="application/json"):
    return Raw((encoded(value),), status, (("content-type", content_type),))


def events(values, done=True, content_type="text/event-stream", status=200):
    """Server-sent events, one a chunk of the body. An event of bytes goes out as it is."""
    pieces = [value if isinstance(value, bytes) else b"data: " + encoded(value) + b"\n\n" for value in values]
    return Raw((*pieces, *([b"data: [DONE]\n\n"] if done else [])), status, (("content-type", content_type),), is_chunked=True)


class RawPlatform:
    def __init__(self):
        self.handlers, self.seen, self.faults = {}, {}, []
        self._server = ThreadedServer(self._answer, self.faults.append)

    def url(self, place):
        return f"{self._server.url}/{place}"

    def calls(self, place):
        return self.seen.setdefault(place, [])

    def stop(self):
        self._server.stop()

    async def _answer(self, call):
        _, place, *_, last = call.path.split("/")
        if last in FREE or any(probe in call.raw for probe in PROBES):
            return await whole(FREE.get(last, {})).send(call)
        self.calls(place).append(call)
        try:
            call.json = json.loads(call.raw)
            answer = self.handlers[place](call)
        except Exception as error:  # noqa: BLE001  the test that asked shows it
            self.faults.append(f"{place}: {error!r}")
            answer = whole({"error": {"message": f"the handler of {place} failed: {error!r}"}}, 400)
        await answer.send(call)
