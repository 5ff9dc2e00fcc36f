"""A platform that counts: OpenAI's chat completions on loopback, accounts told apart by their key.

In: a mode per account, which a test may change at any time. Out: `CountedAccount.calls`, one per completion: when it
arrived, what it was billed, when its answer ended or its caller left. Probes (`GET /v1/models`) meet the same mode and
are kept apart.
"""

import asyncio
import json
import random
import sys
import time
from dataclasses import dataclass

from .http_server import ThreadedServer
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
        self._server = ThreadedServer(self._answer, lambda text: print(text, file=sys.stderr))

    def __getitem__(self, name):
        return self.accounts[name]

    @property
    def url(self):
        return f"{self._server.url}/v1"

    def stop(self):
        self._server.stop()

    def catalogue_account(self, name, models, **limits):
        """Its entry in a catalogue."""
        return {"id": name, "provider": "openai", "api_key": self[name].key, "base_url": self.url, "models": models,
                **limits}

    # MARK: the wire

    async def _answer(self, call):
        account = self._by_key[call.bearer]
        if call.method == "GET":
            account.probes.append((time.monotonic(), account.mode.status))
            return await self._answer_probe(account.mode, call)
        counted = account.arrived(json.loads(call.raw))
        try:
            await self._complete(counted, call)
        except asyncio.CancelledError:
            # Its caller has left.
            counted.ended = counted.ended or time.monotonic()
            raise

    async def _complete(self, counted, call):
        mode = counted.mode
        if mode.status == 200 and counted.body.get("stream"):
            return await self._stream(counted, call)
        await asyncio.sleep(mode.service)
        self._end(counted)
        if mode.status != 200:
            return await self._refuse(mode, call)
        await call.send(completion_of(counted.body["model"], ANSWER_MARK, counted.usage))

    async def _stream(self, counted, call):
        await call.head(content_type="text/event-stream")
        model, pieces = counted.body["model"], 4
        for number in range(pieces):
            await asyncio.sleep(counted.mode.service / pieces)
            await self._event(call, json.dumps(chunk_of(model, {"content": f"{ANSWER_MARK} {number} "})))
        await self._event(call, json.dumps(chunk_of(model, {}, finish="stop")))
        await self._event(call, json.dumps({**chunk_of(model, {}), "choices": [], "usage": counted.usage}))
        self._end(counted)
        await self._event(call, "[DONE]")
        await call.finish()

    @staticmethod
    def _end(counted):
        """Before the last byte is written: its reader may be quicker than this thread."""
        counted.ended, counted.is_whole = time.monotonic(), True

    async def _answer_probe(self, mode, call):
        if mode.status != 200:
            return await self._refuse(mode, call)
        await call.send({"object": "list", "data": []})

    @staticmethod
    async def _refuse(mode, call):
        code = REASONS.get(mode.status, "server_error")
        headers = [("retry-after", mode.retry_after)] if mode.retry_after else []
        await call.send({"error": {"message": "counted refusal", "type": code, "code": code}}, mode.status, headers=headers)

    @staticmethod
    async def _event(call, text):
        await call.chunk(f"data: {text}\n\n".encode())
