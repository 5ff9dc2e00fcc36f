"""The record of a run: the checker judges nothing else.

All times are `time.time()`. A request is known by its tag, which stands in its prompt and in its `user`, so that the platform,
the log and the ledger name the same one even where its id never reached the caller.
"""

import itertools
import time
from dataclasses import dataclass, field

END = "18446744073709551615-0"


@dataclass
class Request:
    """One request as its caller lived it."""

    tag: str
    path: str
    stream: bool
    plan: list
    began: float = field(default_factory=time.time)
    id: str | None = None
    # True: the service said that it took it. False: it said that it did not. None: nobody knows.
    accepted: bool | None = None
    # The text since the last announced restart.
    text: str = ""
    # `done`, `error:<code>`, `left` (the caller's own choice), `cut` (the connection broke), None: waited in vain.
    outcome: str | None = None
    status: int | None = None
    ended: float | None = None
    # Text is only a part by the caller's own doing.
    is_partial: bool = False
    may_be_cancelled: bool = False
    may_fail: bool = False
    restarts_allowed: bool = False
    restarts: int = 0
    # Bytes added to the prompt: above 16 KB a body travels beside its entry.
    padding: int = 0
    notes: list = field(default_factory=list)

    def note(self, what):
        self.notes.append((time.time(), what))

    def end(self, outcome):
        self.outcome, self.ended = outcome, time.time()
        self.note(f"outcome {outcome}")


@dataclass
class PlatformCall:
    """One completion as the platform gave it."""

    number: int
    tag: str
    nth: int
    account: str
    stream: bool
    behaviour: str
    at: float = field(default_factory=time.time)
    pieces: list = field(default_factory=list)
    usage: tuple = (0, 0)
    is_hostile: bool = False
    # `whole`, `refused <status>`, `cut`, `stalled`, `broken`, `left` (by its caller), None: still open.
    how: str | None = None
    ended: float | None = None

    @property
    def id(self):
        return f"up-{self.number}"

    @property
    def text(self):
        return "".join(self.pieces)

    def end(self, how):
        if self.how is None:
            self.how, self.ended = how, time.time()


@dataclass
class FaultEvent:
    name: str
    detail: str = ""
    # Workers or shims that it hits by their process ids. Empty: everybody may feel it.
    pids: tuple = ()
    scope: str = "redis"
    began: float = field(default_factory=time.time)
    ended: float | None = None

    def touches(self, since, until):
        return self.began <= until and (self.ended or float("inf")) >= since


@dataclass
class LogCopy:
    """A request's log as it was last seen."""

    id: str
    entries: list = field(default_factory=list)  # (id, {field: value})
    seen: float = 0.0
    ended: float | None = None
    is_gone: bool = False
    # Entries that were seen after the end, or a second life of the log.
    oddities: list = field(default_factory=list)

    @property
    def tag(self):
        return next((fields["_tag"] for _, fields in self.entries if fields.get("_tag")), None)

    @property
    def is_whole(self):
        """Seen up to its end."""
        return self.ended is not None

    @property
    def end(self):
        return self.entries[-1][1] if self.entries and self.entries[-1][0] == END else None


@dataclass
class Bill:
    """A row of the ledger."""

    id: str
    attempt: int
    started: float
    status: str
    final: bool
    estimated: bool
    account: str
    kind: str | None
    tokens_in: int
    tokens_out: int
    worker: str
    upstream: str | None
    tag: str | None

    @property
    def pid(self):
        """Worker names are `host-pid-random`."""
        words = self.worker.rsplit("-", 2)
        return int(words[1]) if len(words) == 3 and words[1].isdigit() else None


class Book:
    """Everything that was recorded in one run."""

    def __init__(self):
        self.requests, self.calls, self.faults, self.logs, self.bills = {}, [], [], {}, []
        self.violations, self.recoveries = [], []
        self._numbers = itertools.count(1)

    def request(self, path, stream, plan, **options):
        tag = f"t{next(self._numbers):06d}"
        self.requests[tag] = Request(tag, path, stream, plan, **options)
        return self.requests[tag]

    def fault(self, name, detail="", pids=(), scope="redis"):
        self.faults.append(FaultEvent(name, detail, tuple(pids), scope))
        return self.faults[-1]

    def calls_of(self, tag):
        return self._index("calls", self.calls, lambda call: call.tag).get(tag, [])

    def bills_of(self, id):
        return self._index("bills", self.bills, lambda bill: bill.id).get(id, [])

    def _index(self, name, items, key):
        cached = getattr(self, f"_{name}_index", None)
        if cached is None or cached[0] != len(items):
            index = {}
            for item in items:
                index.setdefault(key(item), []).append(item)
            cached = (len(items), index)
            setattr(self, f"_{name}_index", cached)
        return cached[1]
