"""A platform with OpenAI's wire that writes down, call by call, exactly what it sent.

A prompt is `fault-suite <tag> <behaviour>,<behaviour>…`: the n-th call of a tag gets the n-th behaviour, later ones the last.

    ok:<pieces>:<ms>      an answer in so many pieces with so many milliseconds between them (whole: the same time)
    big:<pieces>:<bytes>  the same with pieces of so many bytes and no pause
    e<status>             an error of this HTTP status; 429 says `Retry-After: 1`
    cut:<pieces>          the connection is dropped after so many pieces; 0: before the head
    stall:<pieces>        silence after so many pieces, until the caller hangs up
    early:<pieces>        a clean end of HTTP without an end of the answer
    hostile:<k>           an answer whose usage are numbers nobody should believe
    trickle               an error whose body comes byte by byte
    poison                whoever runs the request is killed
"""

import asyncio
import json

from records import PlatformCall

# Every piece has text outside ASCII, so that a cut in the middle of a character would show.
FILLER = "Grüße 世界 🎈 "
HOSTILE = [
    {"prompt_tokens": 9223372036854775807, "completion_tokens": 9223372036854775807, "total_tokens": 1},
    {"prompt_tokens": -5, "completion_tokens": -9223372036854775808, "total_tokens": -1},
    {"prompt_tokens": 1e300, "completion_tokens": "17", "total_tokens": None},
    {"prompt_tokens": 10**40, "completion_tokens": [], "prompt_tokens_details": {"cached_tokens": 9223372036854775807},
     "completion_tokens_details": {"reasoning_tokens": 9223372036854775807}},
]
KEYS = {"sk-fault-suite-a": "a", "sk-fault-suite-b": "b"}


class Upstream:
    def __init__(self, book):
        self.book, self.on_poison = book, None
        self._seen, self._number = {}, 0
        self._tasks = set()

    async def start(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1024, limit=1 << 26)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"

    def stop(self):
        self._server.close()

    # MARK: the wire

    async def _serve(self, reader, writer):
        self._tasks.add(asyncio.current_task())
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._tasks.discard(asyncio.current_task())
            writer.close()

    async def _exchange(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        if headers.get("expect", "").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        if head[0].startswith("GET"):
            self._json(writer, 200, {"object": "list", "data": []})
            return True
        call = self._arrived(json.loads(body), headers)
        work, closed = asyncio.ensure_future(self._answer(call, writer)), asyncio.ensure_future(reader.read(1))
        await asyncio.wait({work, closed}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            call.end("left")
            work.cancel()
        closed.cancel()
        results = await asyncio.gather(work, closed, return_exceptions=True)
        call.end("left")
        return results[0] is True and isinstance(results[1], asyncio.CancelledError)

    def _arrived(self, body, headers):
        text = body["messages"][-1]["content"]
        _, tag, plan = text.split(" ")[:3]
        plan = plan.split(",")
        nth = self._seen[tag] = self._seen.get(tag, 0) + 1
        self._number += 1
        account = KEYS.get(headers.get("authorization", "").removeprefix("Bearer "), "?")
        call = PlatformCall(self._number, tag, nth, account, bool(body.get("stream")), plan[min(nth, len(plan)) - 1])
        call.usage = (1000 + self._number, 500 + self._number)
        self.book.calls.append(call)
        return call

    # MARK: behaviours

    async def _answer(self, call, writer):
        """True where the connection may be used again."""
        name, *numbers = call.behaviour.split(":")
        numbers = [int(number) for number in numbers]
        if name.startswith("e") and name[1:].isdigit():
            return self._refuse(call, writer, int(name[1:]))
        if name == "trickle":
            return await self._trickle(call, writer)
        if name == "poison":
            # A task of its own: this one ends with the connection of the worker that is killed.
            poisoning = asyncio.ensure_future(self.on_poison(call))
            self._tasks.add(poisoning)
            poisoning.add_done_callback(self._tasks.discard)
            await asyncio.sleep(30)
            return False
        if name == "cut" and numbers[0] == 0:
            call.end("cut")
            writer.transport.abort()
            return False
        count, pause, size = self._shape(name, numbers)
        if not call.stream:
            return await self._whole(call, writer, name, count, pause, size)
        return await self._stream(call, writer, name, count, pause, size)

    @staticmethod
    def _shape(name, numbers):
        """Pieces, seconds between them, bytes of each."""
        if name == "big":
            return numbers[0], 0, numbers[1]
        if name == "ok":
            return numbers[0], numbers[1] / 1000, 0
        return (numbers[0] if name != "hostile" else 3), 0.02, 0

    @staticmethod
    def _piece(call, index, size):
        piece = f"<{call.tag}.{call.number}.{index}> {FILLER}"
        return piece + "x" * max(0, size - len(piece))

    async def _whole(self, call, writer, name, count, pause, size):
        await asyncio.sleep(count * pause)
        if name == "stall":
            call.end("stalled")
            await asyncio.sleep(120)
            return False
        if name == "cut":
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n{")
            await writer.drain()
            call.end("cut")
            writer.transport.abort()
            return False
        if name == "early":
            call.end("broken")
            self._json(writer, 200, {"choices": "none"})
            return True
        call.pieces = [self._piece(call, index, size) for index in range(count)]
        message = {"role": "assistant", "content": call.text}
        call.end("whole")
        self._json(writer, 200, {
            "id": call.id, "object": "chat.completion", "created": 1, "model": "m", "usage": self._usage(call, name),
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})
        await writer.drain()
        return True

    def _usage(self, call, name):
        if name == "hostile":
            call.is_hostile = True
            return HOSTILE[int(call.behaviour.split(":")[1]) % len(HOSTILE)]
        return {"prompt_tokens": call.usage[0], "completion_tokens": call.usage[1], "total_tokens": sum(call.usage)}

    async def _stream(self, call, writer, name, count, pause, size):
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        self._event(writer, self._chunk(call, {"role": "assistant", "content": ""}))
        for index in range(count):
            await asyncio.sleep(pause)
            piece = self._piece(call, index, size)
            # Before it is written: its reader may be quicker.
            call.pieces.append(piece)
            self._event(writer, self._chunk(call, {"content": piece}))
            await writer.drain()
        if name == "cut":
            call.end("cut")
            writer.transport.abort()
            return False
        if name == "stall":
            call.end("stalled")
            await asyncio.sleep(120)
            return False
        if name == "early":
            call.end("broken")
            writer.write(b"0\r\n\r\n")
            return True
        self._event(writer, self._chunk(call, {}, "stop"))
        self._event(writer, {**self._chunk(call, {}), "choices": [], "usage": self._usage(call, name)})
        call.end("whole")
        self._raw(writer, b"data: [DONE]\n\n")
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True

    def _refuse(self, call, writer, status):
        call.end(f"refused {status}")
        kind = {400: "invalid_request_error", 401: "invalid_api_key", 429: "rate_limit_exceeded"}.get(status, "server_error")
        extra = "retry-after: 1\r\n" if status == 429 else ""
        self._json(writer, status, {"error": {"message": "refused by the suite", "type": kind, "code": kind}}, extra)
        return True

    async def _trickle(self, call, writer):
        writer.write(b"HTTP/1.1 500 Broken\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n")
        for byte in b'{"error":{"message":"slow","type":"server_error","code":"server_error"}}':
            await asyncio.sleep(0.03)
            writer.write(b"1\r\n%c\r\n" % byte)
            await writer.drain()
        call.end("refused 500")
        writer.write(b"0\r\n\r\n")
        return True

    @staticmethod
    def _chunk(call, delta, finish=None):
        return {"id": call.id, "object": "chat.completion.chunk", "created": 1, "model": "m",
                "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    def _event(self, writer, value):
        self._raw(writer, b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n")

    @staticmethod
    def _raw(writer, data):
        writer.write(b"%x\r\n%s\r\n" % (len(data), data))

    @staticmethod
    def _json(writer, status, value, extra=""):
        body = json.dumps(value, ensure_ascii=False).encode()
        head = f"HTTP/1.1 {status} Suite\r\ncontent-type: application/json\r\n{extra}content-length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
