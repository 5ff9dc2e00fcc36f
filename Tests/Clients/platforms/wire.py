"""The common part of all platforms: a server that checks first, then answers by scenario.

A wire brings `authenticate`, `read`, `whole`, `events`, `end`, and its table of failures.
"""

import asyncio
import collections
from dataclasses import dataclass, field

from support.http_server import ThreadedServer

from .scenarios import plan

SILENCE = 30.0  # seconds, longer than any test waits for a connection to close


@dataclass(frozen=True)
class Failure:
    """One line of a platform's error table, and what the service should call it (`error_kind`)."""

    name: str
    kind: str
    status: int
    body: object
    content_type: str = "application/json"
    headers: tuple = field(default=())
    only_stream: bool = False


class Refused(Exception):
    """The request breaks a rule of the platform."""

    def __init__(self, text, failure=None):
        self.text, self.failure = text, failure


class Wire:
    name = provider = key = model = ""
    mode = None  # of the account
    prefix = ""  # path of the account's base URL
    settings = {}
    # The platform's names for models of other kinds. None: there is none.
    vision_model = reasoning_model = embedding_model = prefill_model = None
    # Feature -> why the platform does not have it. `may_lack`: its documents do not say, so either is right.
    lacks: dict = {}
    silent: dict = {}  # nobody asks for it, so nothing is refused
    may_lack: dict = {}
    # The platform's names in error texts, any of these.
    words: tuple = ()
    failures: list = []
    is_canonical = False  # the platform that requests are written for
    stream_type = "text/event-stream"
    max_output = 8192
    max_inputs = None  # texts of one embeddings call at most, where it is documented
    has_dimensions = True
    obeys_n = False  # it may be taken all the same, and answered once
    counts_cached = True  # usage tells what came from a cache

    def __init__(self):
        self.violations, self.calls = [], collections.deque(maxlen=2000)
        self._failed_ids = set()
        self.server = ThreadedServer(self.answer, self.violations.append)

    @property
    def base_url(self):
        return self.server.url + self.prefix

    @property
    def id(self):
        """The model's name in our catalogue."""
        return self.name.replace("/", "-")

    @property
    def models(self):
        """Our id -> the platform's."""
        kinds = {
            "": self.model, "-vision": self.vision_model, "-reasoning": self.reasoning_model, "-prefill": self.prefill_model}
        return {self.id + suffix: model for suffix, model in kinds.items() if model}

    def asks(self, id):
        """The platform's reading of the requests with this id."""
        return [call.ask for call in list(self.calls) if call.ask and call.ask.id == id]

    def calls_of(self, id):
        return [call for call in list(self.calls) if call.ask and call.ask.id == id]

    # MARK: for subclasses

    def authenticate(self, call):
        """Raises `Refused`."""
        raise NotImplementedError

    def read(self, call):
        """The `Ask` of a chat or embeddings request. Raises `Refused`."""
        raise NotImplementedError

    def whole(self, ask, reply):
        raise NotImplementedError

    def events(self, ask, reply):
        """Bytes of the events up to, not including, those that end the answer."""
        raise NotImplementedError

    def end(self, ask, reply):
        raise NotImplementedError

    def stream_error(self):
        """One event that reports an overloaded platform in the middle of an answer."""
        raise NotImplementedError

    def invalid(self, text):
        raise NotImplementedError

    def vectors(self, ask):
        raise NotImplementedError

    def thinks(self, ask):
        """True when the model shows its reasoning for this request."""
        return False

    def reply_headers(self, ask):
        return ()

    async def other(self, call):
        """Answers calls that are no chat (pings, tokens). False: not one of those."""
        return False

    # MARK: the run of a call

    async def answer(self, call):
        call.ask = None
        self.calls.append(call)
        try:
            if await self.other(call):
                return
            self.authenticate(call)
            ask = call.ask = self.read(call)
        except Refused as refused:
            self.violations.append(f"{self.name}: {refused.text}")
            return await self.send_failure(call, refused.failure or self.invalid(refused.text))
        if ask.texts:
            return await call.send(self.vectors(ask))
        if (failure := self._failure_for(ask)) is not None:
            return await self.send_failure(call, failure)
        reply = plan(ask, self.thinks(ask))
        if not ask.stream:
            return await call.send(self.whole(ask, reply), headers=self.reply_headers(ask))
        await self.send_stream(call, ask, reply)

    def _failure_for(self, ask):
        """Each request with an id fails once: what comes after is the next attempt."""
        if ask.scenario != "fail" or ask.id in self._failed_ids:
            return None
        self._failed_ids.add(ask.id)
        return next(failure for failure in self.failures if failure.name == ask.variant)

    async def send_failure(self, call, failure):
        await call.send(failure.body, failure.status, failure.content_type, failure.headers)

    async def send_stream(self, call, ask, reply):
        if reply.ending == "hang":
            return await self._hang(call, ask, reply)
        await call.head(content_type=self.stream_type, headers=self.reply_headers(ask))
        await self._pieces(call, reply, self.events(ask, reply))
        if reply.ending == "drop":
            # The sent bytes must have arrived: an abort throws away what the kernel still holds.
            await asyncio.sleep(0.05)
            return call.drop()
        if reply.ending == "normal":
            await self._pieces(call, reply, self.end(ask, reply))
        if reply.ending == "error":
            await call.chunk(self.stream_error())
        await call.finish()

    async def _hang(self, call, ask, reply):
        """Speaks without end, as a model does whose reader may leave at any time."""
        await call.head(content_type=self.stream_type)
        events = list(self.events(ask, reply))
        for event in events:
            await call.chunk(event)
        await asyncio.sleep(SILENCE)
        await call.finish()

    async def _pieces(self, call, reply, events):
        for event in events:
            if reply.framing == "crlf":
                event = event.replace(b"\n", b"\r\n")
            elif reply.framing == "nospace":
                event = event.replace(b"data: ", b"data:").replace(b"event: ", b"event:")
            elif reply.framing == "comments":
                event = b": keep-alive\n\n" + event
            if reply.framing == "cut":
                # 3 bytes and 7: neither an event nor a character of four bytes stays in one piece.
                for start in range(0, len(event), 10):
                    await call.chunk(event[start:start + 3])
                    await call.chunk(event[start + 3:start + 10])
            else:
                await call.chunk(event)

    def stop(self):
        self.server.stop()
