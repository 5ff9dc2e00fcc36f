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
import sys

from support.http_server import HTTPServer

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
    """Runs in the suite's own event loop, so that the book is written by one thread."""

    def __init__(self, book):
        self.book, self.on_poison = book, None
        self._seen, self._number = {}, 0
        self._server = HTTPServer(self._serve, lambda text: print(text, file=sys.stderr))
        self._poisonings = set()

    async def start(self):
        await self._server.start()
        self.url = f"{self._server.url}/v1"

    def stop(self):
        self._server.stop()

    async def _serve(self, http):
        if http.method == "GET":
            return await http.send({"object": "list", "data": []})
        call = self._arrived(json.loads(http.raw), http)
        try:
            await self._answer(call, http)
        finally:
            # No behaviour has said how it ended.
            call.end("left")

    def _arrived(self, body, http):
        text = body["messages"][-1]["content"]
        _, tag, plan = text.split(" ")[:3]
        plan = plan.split(",")
        nth = self._seen[tag] = self._seen.get(tag, 0) + 1
        self._number += 1
        account = KEYS.get(http.bearer, "?")
        call = PlatformCall(self._number, tag, nth, account, bool(body.get("stream")), plan[min(nth, len(plan)) - 1])
        call.usage = (1000 + self._number, 500 + self._number)
        self.book.calls.append(call)
        return call

    # MARK: behaviours

    async def _answer(self, call, http):
        name, *numbers = call.behaviour.split(":")
        numbers = [int(number) for number in numbers]
        if name.startswith("e") and name[1:].isdigit():
            return await self._refuse(call, http, int(name[1:]))
        if name == "trickle":
            return await self._trickle(call, http)
        if name == "poison":
            return await self._poison(call, http)
        if name == "cut" and numbers[0] == 0:
            return self._cut(call, http)
        answer = self._stream if call.stream else self._whole
        await answer(call, http, name, *self._shape(name, numbers))

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

    async def _whole(self, call, http, name, count, pause, size):
        await asyncio.sleep(count * pause)
        if name == "stall":
            return await self._stall(call, http)
        if name == "cut":
            await http.head(length=5000)
            await http.write(b"{")
            return self._cut(call, http)
        if name == "early":
            call.end("broken")
            return await http.send({"choices": "none"})
        call.pieces = [self._piece(call, index, size) for index in range(count)]
        message = {"role": "assistant", "content": call.text}
        call.end("whole")
        await http.send({
            "id": call.id, "object": "chat.completion", "created": 1, "model": "m", "usage": self._usage(call, name),
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})

    async def _stream(self, call, http, name, count, pause, size):
        await http.head(content_type="text/event-stream")
        await self._event(http, self._chunk(call, {"role": "assistant", "content": ""}))
        for index in range(count):
            await asyncio.sleep(pause)
            piece = self._piece(call, index, size)
            # Before it is written: its reader may be quicker.
            call.pieces.append(piece)
            await self._event(http, self._chunk(call, {"content": piece}))
        if name == "cut":
            return self._cut(call, http)
        if name == "stall":
            return await self._stall(call, http)
        if name == "early":
            call.end("broken")
            return await http.finish()
        await self._event(http, self._chunk(call, {}, "stop"))
        await self._event(http, {**self._chunk(call, {}), "choices": [], "usage": self._usage(call, name)})
        call.end("whole")
        await http.chunk(b"data: [DONE]\n\n")
        await http.finish()

    def _usage(self, call, name):
        if name == "hostile":
            call.is_hostile = True
            return HOSTILE[int(call.behaviour.split(":")[1]) % len(HOSTILE)]
        return {"prompt_tokens": call.usage[0], "completion_tokens": call.usage[1], "total_tokens": sum(call.usage)}

    @staticmethod
    def _cut(call, http):
        call.end("cut")
        http.drop()

    @staticmethod
    async def _stall(call, http):
        call.end("stalled")
        await asyncio.sleep(120)
        http.hang_up()

    async def _poison(self, call, http):
        # A task of its own: this one ends with the connection of the worker that is killed.
        poisoning = asyncio.ensure_future(self.on_poison(call))
        self._poisonings.add(poisoning)
        poisoning.add_done_callback(self._poisonings.discard)
        await asyncio.sleep(30)
        http.hang_up()

    async def _refuse(self, call, http, status):
        call.end(f"refused {status}")
        kind = {400: "invalid_request_error", 401: "invalid_api_key", 429: "rate_limit_exceeded"}.get(status, "server_error")
        headers = [("retry-after", 1)] if status == 429 else []
        await http.send({"error": {"message": "refused by the suite", "type": kind, "code": kind}}, status, headers=headers)

    async def _trickle(self, call, http):
        await http.head(500)
        for byte in b'{"error":{"message":"slow","type":"server_error","code":"server_error"}}':
            await asyncio.sleep(0.03)
            await http.chunk(bytes([byte]))
        call.end("refused 500")
        await http.finish()

    @staticmethod
    def _chunk(call, delta, finish=None):
        return {"id": call.id, "object": "chat.completion.chunk", "created": 1, "model": "m",
                "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    @staticmethod
    async def _event(http, value):
        await http.chunk(b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n")
