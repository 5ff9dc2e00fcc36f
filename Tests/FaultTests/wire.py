"""A small HTTP/1.1 client on asyncio: one connection a request, and a caller who can be as slow or rude as a test wants."""

import asyncio
import json
import socket


class Response:
    def __init__(self, status, headers, reader, writer):
        self.status, self.headers, self._reader, self._writer = status, headers, reader, writer

    @property
    def is_stream(self):
        return self.headers.get("content-type", "").startswith("text/event-stream")

    async def chunks(self):
        """Body bytes as they come. Raises where the connection ends before the body does."""
        if "content-length" in self.headers:
            left = int(self.headers["content-length"])
            while left:
                data = await self._reader.read(min(left, 65536))
                if not data:
                    raise ConnectionError("the body was cut")
                left -= len(data)
                yield data
            return
        while True:
            size = int((await self._reader.readuntil(b"\r\n")).split(b";")[0], 16)
            data = await self._reader.readexactly(size + 2)
            if size == 0:
                return
            yield data[:-2]

    async def body(self):
        return b"".join([chunk async for chunk in self.chunks()])

    async def json(self):
        return json.loads(await self.body())

    async def events(self):
        """(id, event, data) of each server-sent event, comments as (None, "comment", text)."""
        rest, id, name, data = b"", None, None, []
        async for chunk in self.chunks():
            rest += chunk
            *lines, rest = rest.split(b"\n")
            for line in lines:
                text = line.decode()
                if text.startswith(":"):
                    yield None, "comment", text[1:].strip()
                elif text.startswith("id:"):
                    id = text[3:].strip()
                elif text.startswith("event:"):
                    name = text[6:].strip()
                elif text.startswith("data:"):
                    data.append(text[5:].removeprefix(" "))
                elif not text and data:
                    yield id, name, "\n".join(data)
                    id, name, data = None, None, []

    def close(self):
        self._writer.close()

    def abort(self):
        self._writer.transport.abort()


async def ask(port, method, path, body=None, headers=None, receive_buffer=None, limit=1 << 20):
    """The head of the answer. Raises `ConnectionError` (or a kind of it) where there is none."""
    sock = socket.socket()
    sock.setblocking(False)
    if receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    try:
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
        reader, writer = await asyncio.open_connection(sock=sock, limit=limit)
    except BaseException:
        sock.close()
        raise
    try:
        data = b"" if body is None else json.dumps(body).encode()
        lines = [f"{method} {path} HTTP/1.1", "host: shim", "content-type: application/json",
                 f"content-length: {len(data)}", "connection: close"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode() + data)
        await writer.drain()
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except asyncio.IncompleteReadError as error:
        writer.close()
        raise ConnectionError("closed before an answer") from error
    except BaseException:
        writer.close()
        raise
    fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
    return Response(int(head[0].split()[1]), fields, reader, writer)
