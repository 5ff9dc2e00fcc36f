"""A caller that writes its own bytes: requests that no library would send any more, and callers that leave oddly."""

import json
import socket
import time
from dataclasses import dataclass

from support.service import prompt


@dataclass
class Heard:
    head: bytes
    body: bytes
    is_closed: bool
    seconds: float

    @property
    def status(self):
        return int(self.head.split()[1]) if self.head else None

    @property
    def first_line(self):
        return self.head.split(b"\r\n")[0]

    @property
    def data(self):
        """The body without its chunks."""
        if b"transfer-encoding: chunked" not in self.head.lower():
            return self.body
        found, rest = b"", self.body
        while rest:
            size, _, rest = rest.partition(b"\r\n")
            length = int(size, 16)
            if not length:
                break
            found, rest = found + rest[:length], rest[length + 2:]
        return found


def request(place, stream=False, version="1.1", method="POST", path="/v1/chat/completions", body=None, framing=True, **headers):
    body = json.dumps({"model": place.model, "messages": prompt(), "stream": stream}).encode() if body is None else body
    lines = [f"{method} {path} HTTP/{version}", *(["host: x"] if version == "1.1" else []), "content-type: application/json"]
    lines += [f"content-length: {len(body)}"] if framing else []
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode(), body


def exchange(place, *pieces, half_close=False, pause=0.0, until=None, seconds=8.0):
    """Sends the pieces, then reads to the end of the connection, or until `until(bytes)`."""
    with socket.create_connection(("127.0.0.1", place.stack.port), timeout=seconds) as wire:
        start = time.monotonic()
        for piece in pieces:
            wire.sendall(piece)
            time.sleep(pause)
        if half_close:
            wire.shutdown(socket.SHUT_WR)
        got, is_closed = read(wire, until or complete, seconds)
        head, _, body = got.partition(b"\r\n\r\n")
        return Heard(head, body, is_closed, time.monotonic() - start)


def read(wire, until, seconds):
    wire.settimeout(0.2)
    got, end = b"", time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            piece = wire.recv(65536)
        except TimeoutError:
            continue
        if not piece:
            return got, True
        got += piece
        if until(got):
            return got, False
    return got, False


def complete(got):
    """True when the answer has its end, by its length or its last chunk."""
    head, found, body = got.partition(b"\r\n\r\n")
    if not found:
        return False
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
    if b"content-length" in fields:
        return len(body) >= int(fields[b"content-length"])
    return body.endswith(b"0\r\n\r\n")


def never(_):
    return False
