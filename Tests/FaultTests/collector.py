"""Copies every log before it expires, and at the end everything that is left: ledger rows, keys, memory."""

import asyncio
import json
import time
from datetime import timezone

import redis

from fleet import PREFIX
from records import END, Bill, LogCopy

LANES = ("high", "normal", "batch")
# The only keys that may stay for ever.
LASTING = ("q:high", "q:normal", "q:batch", "usage", "dead")


class Collector:
    def __init__(self, book, fleet):
        self.book, self.fleet = book, fleet
        self._prefix, self.is_paused, self.is_over = fleet.key("log:"), False, False

    async def run(self, pause=0.3):
        """Until `is_over`: a cancel may be lost in the client, which turns it into a timeout."""
        while not self.is_over:
            try:
                if not self.is_paused:
                    await self.sweep()
            except (redis.RedisError, OSError, asyncio.TimeoutError):
                pass
            await asyncio.sleep(pause)

    async def sweep(self):
        client = self.fleet.client
        keys = [key async for key in client.scan_iter(match=f"{PREFIX}{{0}}:log:*", count=2000)]
        self._note_gone({key.decode()[len(self._prefix):] for key in keys})
        for first in range(0, len(keys), 200):
            some = keys[first:first + 200]
            pipeline = client.pipeline(transaction=False)
            for key in some:
                pipeline.xrevrange(key, count=1)
            tops = await pipeline.execute(raise_on_error=False)
            for key, top in zip(some, tops):
                if isinstance(top, list) and top:
                    await self._copy(key.decode()[len(self._prefix):], top[0][0].decode())

    async def _copy(self, id, top):
        log = self.book.logs.get(id) or LogCopy(id)
        known = log.entries[-1][0] if log.entries else "0-0"
        if top == known:
            return
        if log.ended or number(top) < number(known):
            return self._second_life(log, top)
        entries = await self.fleet.client.xrange(self._prefix + id, f"({known}", "+")
        if not entries:
            return
        self.book.logs[id] = log
        log.entries += [(at.decode(), decoded(fields)) for at, fields in entries]
        log.seen = time.time()
        if log.entries and log.entries[-1][0] == END:
            log.ended = time.time()

    def _note_gone(self, there):
        """A log that was removed before its end was copied: its caller had the answer, or it expired."""
        for id, log in self.book.logs.items():
            log.is_gone = not log.ended and id not in there

    @staticmethod
    def _second_life(log, top):
        what = f"after its end at {log.ended}" if log.ended else f"after {log.entries[-1][0]}"
        text = f"the log is there again with {top}, {what}"
        if not log.oddities or log.oddities[-1][1] != text:
            log.oddities.append((time.time(), text))

    def forget_all(self):
        """After FLUSHALL every log may begin again."""
        for log in self.book.logs.values():
            log.entries = log.entries if log.ended else []


def number(at):
    attempt, seq = at.split("-")
    return int(attempt), int(seq)


def decoded(fields):
    values = {name.decode(): value.decode(errors="replace") for name, value in fields.items()}
    if "u" in values:
        try:
            values["_tag"] = json.loads(values["u"]).get("u")
        except ValueError:
            pass
    return values


async def quiet(fleet, seconds):
    """Waits until nothing waits or runs. Returns what is left after that time, empty if all is well."""
    give_up, left = time.monotonic() + seconds, {"nothing was seen": 1}
    while time.monotonic() < give_up:
        try:
            left = await remains(fleet)
            if not left:
                return {}
        except (redis.RedisError, OSError) as error:
            left = {f"Redis: {error!r}": 1}
        await asyncio.sleep(0.3)
    return left


async def remains(fleet):
    client, left = fleet.client, {}
    for lane in LANES:
        left[f"q:{lane}"] = await client.xlen(fleet.key(f"q:{lane}"))
        left[f"order:{lane}"] = await client.zcard(fleet.key(f"order:{lane}"))
        left[f"q:{lane} pending"] = await pending(client, fleet.key(f"q:{lane}"), "workers")
    left["usage"] = await client.xlen(fleet.key("usage"))
    left["usage pending"] = await pending(client, fleet.key("usage"), "postgres")
    for name in ("delayed", "rooms", "due"):
        left[name] = await client.zcard(fleet.key(name))
    now = time.time() * 1000
    async for key in client.scan_iter(match=f"{PREFIX}{{accounts}}:slots:*", count=1000):
        left[key.decode()] = await client.zcount(key, now, "+inf")
    async for key in client.scan_iter(match=f"{PREFIX}{{0}}:held:*", count=1000):
        left[key.decode()] = 1
    return {name: count for name, count in left.items() if count}


async def pending(client, key, group):
    try:
        return (await client.xpending(key, group))["pending"]
    except redis.ResponseError:
        return 0


async def immortal(fleet):
    """Keys without a life that the protocol does not name."""
    found = []
    allowed = {fleet.key(name) for name in LASTING}
    async for key in fleet.client.scan_iter(count=2000):
        if key.decode() not in allowed and await fleet.client.ttl(key) == -1:
            found.append(key.decode())
    return found


async def too_long_lived(fleet, seconds):
    """Ended logs that would stay for longer than the settings say."""
    found = []
    async for key in fleet.client.scan_iter(match=f"{PREFIX}{{0}}:log:*", count=2000):
        top = await fleet.client.xrevrange(key, count=1)
        life = await fleet.client.pttl(key)
        # An end without a start is a cancel of which nobody knew how long its entry may wait: that one stays for a day.
        if top and top[0][0].decode() == END and life > seconds * 1000 and await fleet.client.xlen(key) > 1:
            found.append((key.decode(), life))
    return found


async def age(fleet):
    """Lets everything with a life of its own die now in place of in a minute."""
    async for key in fleet.client.scan_iter(count=2000):
        if await fleet.client.ttl(key) > 0:
            await fleet.client.unlink(key)


async def memory(fleet):
    """Bytes of all keys but the dead letters, which stay on purpose.

    Not `used_memory`: scripts, buffers and tables of Redis itself make up most of that, and differ by hundreds of
    kilobytes after the same load.
    """
    keys = [key async for key in fleet.client.scan_iter(count=1000) if key.decode() != fleet.key("dead")]
    return sum([await fleet.client.memory_usage(key, samples=0) or 0 for key in keys])


def read_bills(fleet, book):
    columns = ("request_id", "attempt", "started_at", "status", "final", "estimated", "account", "error_kind", "tokens_in",
               "tokens_out", "worker", "upstream_request_id", "user_id")
    rows = fleet.postgres.query(f"SELECT {', '.join(columns)} FROM usage_attempts ORDER BY request_id, attempt")
    book.bills = [Bill(row[0], row[1], row[2].replace(tzinfo=row[2].tzinfo or timezone.utc).timestamp(), *row[3:])
        for row in rows]
    return fleet.postgres.query(
        "SELECT (SELECT count(*) FROM usage_attempts) - (SELECT coalesce(sum(attempts), 0) FROM usage_hourly),"
        " (SELECT coalesce(sum(tokens_in + tokens_out), 0) FROM usage_attempts)"
        " - (SELECT coalesce(sum(tokens_in + tokens_out), 0) FROM usage_hourly)")[0]
