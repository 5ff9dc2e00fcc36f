"""A platform that counts: OpenAI's chat completions on loopback, accounts told apart by their key.

In: a mode per account, which a test may change at any time. Out: `CountedAccount.calls`, one per completion: when it
arrived, what it was billed, when its answer ended or its caller left. Probes (`GET /v1/models`) meet the same mode and
are kept apart. Runs in one thread with its own event loop.
"""

import asyncio
import json
import random
import threading
import time
from dataclasses import dataclass

from .service import ANSWER_MARK, KEY_MARK
from .upstream import chunk_of, completion_of

REASONS = {401: "invalid_api_key", 429: "rate_limit_exceeded", 500: "server_error"}


@dataclass(frozen=True)
class Mode:
    """An answer after `service` seconds, billed with a number of tokens between the two (prompt, answer)."""

    status: int = 200
    service: float = 0.05
    prompt_tokens: int = 10
    answer_tokens: tuple = (10, 10)
    retry_after: int | None = None


def refusing(status, service=0.0, retry_after=None):
    return Mode(status=status, service=service, retry_after=retry_after)


@dataclass
class CountedCall:
    at: float
    mode: Mode
    body: dict
    answer_tokens: int
    ended: float | None = None
    is_whole: bool = False

    @property
    def tokens(self):
        return self.mode.prompt_tokens + self.answer_tokens if self.mode.status == 200 else 0

    @property
    def usage(self):
        return {"prompt_tokens": self.mode.prompt_tokens, "completion_tokens": self.answer_tokens,
                "total_tokens": self.tokens}


class CountedAccount:
    def __init__(self, name, mode):
        self.name, self.mode, self.calls, self.probes = name, mode, [], []
        self._dice = random.Random(name)

    @property
    def key(self):
        return f"{KEY_MARK}-{self.name}"

    def arrived(self, body):
        least, most = self.mode.answer_tokens
        limit = body.get("max_completion_tokens") or body.get("max_tokens") or most
        self.calls.append(CountedCall(time.monotonic(), self.mode, body, min(self._dice.randint(least, most), limit)))
        return self.calls[-1]

    def requests(self):
        return [(call.at, 1) for call in list(self.calls)]

    def tokens(self):
        return [(call.at, call.tokens) for call in list(self.calls)]

    def spans(self, until=float("inf")):
        return [(call.at, call.ended or until) for call in list(self.calls)]

    def answered(self, since=0.0):
        return [call for call in list(self.calls) if call.is_whole and call.mode.status == 200 and call.at >= since]


class CountingPlatform:
    def __init__(self, **modes):
        self.accounts = {name: CountedAccount(name, mode) for name, mode in modes.items()}
        self._by_key = {account.key: account for account in self.accounts.values()}
        self._loop = asyncio.new_event_loop()
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        started.wait(10)

    def __getitem__(self, name):
        return self.accounts[name]

    def _run(self, started):
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1024))
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        started.set()
        self._loop.run_forever()
        open_connections = asyncio.all_tasks(self._loop)
        for task in open_connections:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*open_connections, return_exceptions=True))
        self._loop.close()

    def stop(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def catalogue_account(self, name, models, **limits):
        """Its entry in a catalogue."""
        return {"id": name, "provider": "openai", "api_key": self[name].key, "base_url": self.url, "models": models,
                **limits}

    # MARK: the wire

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
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        if headers.get("expect", "").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        account = self._by_key[headers["authorization"].removeprefix("Bearer ")]
        if head[0].startswith("GET"):
            account.probes.append((time.monotonic(), account.mode.status))
            return await self._answer_probe(account.mode, writer)
        call = account.arrived(json.loads(body))
        return await self._until_left(call, reader, self._answer(call, writer))

    async def _until_left(self, call, reader, answer):
        """The answer, or until its caller closes; no caller pipelines, so whatever can be read before is the end."""
        work, closed = asyncio.ensure_future(answer), asyncio.ensure_future(reader.read(1))
        await asyncio.wait({work, closed}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            call.ended = time.monotonic()
            work.cancel()
        closed.cancel()
        results = await asyncio.gather(work, closed, return_exceptions=True)
        return results[0] is None and isinstance(results[1], asyncio.CancelledError)

    async def _answer(self, call, writer):
        mode = call.mode
        if mode.status != 200:
            await asyncio.sleep(mode.service)
            self._end(call)
            return self._refuse(mode, writer)
        if not call.body.get("stream"):
            await asyncio.sleep(mode.service)
            self._end(call)
            return self._write(writer, 200, completion_of(call.body["model"], ANSWER_MARK, call.usage))
        await self._stream(call, writer)

    async def _stream(self, call, writer):
        writer.write(b"HTTP/1.1 200 Counted\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        model, pieces = call.body["model"], 4
        for number in range(pieces):
            await asyncio.sleep(call.mode.service / pieces)
            self._event(writer, json.dumps(chunk_of(model, {"content": f"{ANSWER_MARK} {number} "})))
        self._event(writer, json.dumps(chunk_of(model, {}, finish="stop")))
        self._event(writer, json.dumps({**chunk_of(model, {}), "choices": [], "usage": call.usage}))
        self._end(call)
        self._event(writer, "[DONE]")
        writer.write(b"0\r\n\r\n")

    @staticmethod
    def _end(call):
        """Before the last byte is written: its reader may be quicker than this thread."""
        call.ended, call.is_whole = time.monotonic(), True

    async def _answer_probe(self, mode, writer):
        if mode.status == 200:
            self._write(writer, 200, {"object": "list", "data": []})
        else:
            self._refuse(mode, writer)
        await writer.drain()
        return True

    def _refuse(self, mode, writer):
        extra = f"retry-after: {mode.retry_after}\r\n" if mode.retry_after else ""
        code = REASONS.get(mode.status, "server_error")
        self._write(writer, mode.status, {"error": {"message": "counted refusal", "type": code, "code": code}}, extra)

    @staticmethod
    def _write(writer, status, value, extra=""):
        body = json.dumps(value).encode()
        head = f"HTTP/1.1 {status} Counted\r\ncontent-type: application/json\r\n{extra}content-length: {len(body)}"
        writer.write(f"{head}\r\n\r\n".encode() + body)

    @staticmethod
    def _event(writer, text):
        data = f"data: {text}\n\n".encode()
        writer.write(b"%x\r\n%s\r\n" % (len(data), data))
