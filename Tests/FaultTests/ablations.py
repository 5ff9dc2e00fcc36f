"""Fences that are broken one at a time, each with the order of events that it is there for.

A scenario brings about, step by step, what the fence guards against. The same checker judges as after a chaos run. Without the
ablation the scenario must end without a violation, with it the checker must find one: else nobody would notice if it broke.
"""

import asyncio
import signal
import time
from dataclasses import dataclass, field

import redis

import wire
from collector import quiet
from load import BROKEN
from suite import Suite

LUA_PAIR, LUA_END = "\x1f", "\x1e"


@dataclass
class Ablation:
    name: str
    why: str
    scenario: object
    # Replacements in the text of scripts, or the name of a fence in Swift (`Ablation.swift`).
    lua: list = field(default_factory=list)
    swift: str | None = None
    options: dict = field(default_factory=dict)

    @property
    def environment(self):
        if self.swift:
            return {"ABLATE": self.swift}
        return {"ABLATE_LUA": LUA_END.join(LUA_PAIR.join(pair) for pair in self.lua)}


class Stage:
    """The stage of a scenario."""

    def __init__(self, suite):
        self.suite, self.fleet, self.book, self.load = suite, suite.fleet, suite.book, suite.load
        self.load.padding = 0
        self.first = self.fleet.workers[0]

    def ask(self, path, *plan, padding=0):
        """Sets a caller to work. Returns its task, and the request, once it is there."""
        before = len(self.book.requests)
        self.load.fixed, self.load.padding = list(plan), padding
        task = asyncio.ensure_future(self.load.one(path))
        return task, lambda: list(self.book.requests.values())[before] if len(self.book.requests) > before else None

    async def until(self, condition, what, seconds=25):
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            value = condition()
            if asyncio.iscoroutine(value):
                value = await value
            if value:
                return value
            await asyncio.sleep(0.03)
        raise RuntimeError(f"the scenario waits in vain for: {what}")

    async def calls(self, count):
        await self.until(lambda: len(self.book.calls) >= count, f"call {count} at the platform")

    async def stopped(self, worker):
        """It has come to its point, and sleeps."""
        def state():
            return open(f"/proc/{worker.pid}/stat").read().rsplit(")", 1)[1].split()[0] == "T"
        await self.until(state, f"{worker.name} stops")
        self._event = self.book.fault("stop_worker", worker.name, [worker.pid], "worker")

    def stop(self, worker):
        self._event = self.book.fault("stop_worker", worker.name, [worker.pid], "worker")
        worker.process.send(signal.SIGSTOP)

    def wake(self, worker):
        worker.process.send(signal.SIGCONT)
        self._event.ended = time.time()

    async def kill(self, worker):
        event = self.book.fault("kill_worker", worker.name, [worker.pid], "worker")
        await worker.kill()
        event.ended = time.time()

    async def log_of(self, request):
        """IDs of its log's records."""
        entries = await self.fleet.client.xrange(self.fleet.key(f"log:{request.id}")) if request.id else []
        return [at.decode() for at, _ in entries]

    async def cancel(self, request):
        request.may_be_cancelled = True
        try:
            response = await wire.ask(self.fleet.shims[0].port, "DELETE", f"/api/v1/jobs/{request.id}")
            response.close()
        except BROKEN:
            pass


# MARK: scenarios


async def sleeper_before_start(stage):
    """A worker sleeps between read and start. Another one answers, the log goes, then the first wakes."""
    task, request = stage.ask(stage.load.whole, "ok:1:0")
    await stage.stopped(stage.first)
    await stage.fleet.add_worker()
    await task
    log = stage.fleet.key(f"log:{request().id}")
    await stage.until(lambda: gone(stage, log), "the log's end of life", 30)
    stage.wake(stage.first)
    await asyncio.sleep(2)


async def gone(stage, key):
    return not await stage.fleet.client.exists(key)


async def sleeper_before_finish(stage):
    """A worker sleeps with the answer in its hands. Another one begins anew. The first wakes and wants to end the request."""
    task, _ = stage.ask(stage.load.whole, "ok:1:0", "ok:10:600")
    await stage.stopped(stage.first)
    await stage.fleet.add_worker()
    await stage.calls(2)
    stage.wake(stage.first)
    await task
    await asyncio.sleep(1)


async def rollback(stage):
    """Redis has lost the last deltas of a stream that goes on."""
    task, request = stage.ask(stage.load.xadd, "ok:40:100")
    await stage.calls(1)
    key = stage.fleet.key(f"log:{request().id}")
    await stage.until(lambda: has_entries(stage, key, 3), "three records")
    stage.suite.collector.is_paused = True
    copy, life = await stage.fleet.client.dump(key), await stage.fleet.client.pttl(key)
    known = await stage.fleet.client.xlen(key)
    await stage.until(lambda: has_entries(stage, key, known + 4), "four more")
    await stage.fleet.client.restore(key, life, copy, replace=True)
    stage.book.logs.pop(request().id, None)
    stage.suite.collector.is_paused = False
    event = stage.book.fault("rollback", request().id)
    event.ended = time.time()
    # Events that this reader has seen may be gone: it is the log that must not have a hole.
    await task


async def has_entries(stage, key, count):
    return await stage.fleet.client.xlen(key) >= count


async def sleeper_before_retry(stage):
    """A worker sleeps with a failure in its hands, which it will want to try again later. Another one runs the request."""
    task, _ = stage.ask(stage.load.whole, "e500", "ok:10:600")
    await stage.stopped(stage.first)
    await stage.fleet.add_worker()
    await stage.calls(2)
    stage.wake(stage.first)
    await asyncio.wait([task], timeout=30)
    await task


async def sleeping_reaper(stage):
    """A reaper sleeps between taking an entry over and deciding. The next reaper runs the request."""
    task, _ = stage.ask(stage.load.whole, "ok:10:600", "ok:10:600")
    await stage.calls(1)
    reaper = await stage.fleet.add_worker(FAULT_POINT="reaping:1:stop")
    await stage.kill(stage.first)
    await stage.stopped(reaper)
    await stage.fleet.add_worker()
    await stage.calls(2)
    stage.wake(reaper)
    await task


async def sleeper_and_cancel(stage):
    """The first sleeps before its start, the second dies in its attempt, the caller cancels: who bills the second's attempt?"""
    task, request = stage.ask(stage.load.job, "ok:40:300")
    await stage.stopped(stage.first)
    second = await stage.fleet.add_worker()
    await stage.calls(1)
    await stage.kill(second)
    await stage.cancel(request())
    stage.wake(stage.first)
    await task


async def death_and_cancel(stage):
    """A worker dies in its attempt, the caller cancels: the attempt is billed all the same."""
    task, request = stage.ask(stage.load.job, "ok:40:300")
    await stage.calls(1)
    await stage.kill(stage.first)
    await stage.cancel(request())
    await stage.fleet.add_worker()
    await task


async def simple_death(stage):
    """A worker dies before text was shown."""
    task, _ = stage.ask(stage.load.whole, "ok:10:300", "ok:1:0")
    await stage.calls(1)
    await stage.kill(stage.first)
    await stage.fleet.add_worker()
    await task


async def late_death(stage):
    """Nobody is there for longer than logs live."""
    task, _ = stage.ask(stage.load.job, "ok:10:300", "ok:1:0")
    await stage.calls(1)
    await stage.kill(stage.first)
    await asyncio.sleep(7)
    await stage.fleet.add_worker()
    await task


async def death_after_text(stage):
    """A worker dies in the middle of a stream whose caller wants no second beginning."""
    task, request = stage.ask(stage.load.stream, "ok:40:300", "ok:1:0")
    await stage.until(lambda: request() and request().text, "text")
    request().may_fail = True
    await stage.kill(stage.first)
    await stage.fleet.add_worker()
    await task


async def poison(stage):
    """Kills each worker that runs it."""
    task, request = stage.ask(stage.load.xadd, "poison")
    await stage.calls(1)
    for _ in range(7):
        worker = next((worker for worker in stage.fleet.workers if worker.is_up), None)
        if worker:
            await stage.kill(worker)
        if task.done():
            break
        seen = len(stage.book.calls)
        await stage.fleet.add_worker()
        try:
            await stage.until(lambda: task.done() or len(stage.book.calls) > seen, "the next attempt, or the end", 12)
        except RuntimeError:
            break
    await asyncio.wait([task], timeout=10)
    if not any(worker.is_up for worker in stage.fleet.workers):
        await stage.fleet.add_worker()
    await task


async def cancelled_in_the_lane(stage):
    """Cancelled while every slot is taken for longer than a short log lives."""
    first, _ = stage.ask(stage.load.whole, "ok:9:800")
    await stage.calls(1)
    stage.load.padding = 0
    second, request = stage.ask(stage.load.job, "ok:1:0")
    await stage.until(lambda: request() and request().accepted and request().id, "the second in its lane")
    await asyncio.sleep(0.5)
    await stage.cancel(request())
    await first
    await second
    await asyncio.sleep(3)


async def two_lanes(stage):
    """Two requests of one worker whose entries have one ID, in two lanes, for longer than a lease."""
    requests = [stage.load.new("two-lanes", False, ["ok:10:700"]) for _ in range(2)]
    id = f"{int(time.time() * 1000) + 5}-77"
    for request, lane in zip(requests, ("high", "normal")):
        await stage.fleet.client.xadd(stage.fleet.key(f"q:{lane}"), stage.load._entry(request), id=id)
        request.accepted = True
    await asyncio.gather(*(stage.load._follow(request) for request in requests))


async def outbox(stage):
    """PostgreSQL is away, and so is, soon, the worker that holds the bills."""
    event = stage.book.fault("postgres_stopped", scope="postgres")
    await asyncio.to_thread(stage.fleet.postgres.stop)
    for task in [stage.ask(stage.load.whole, "ok:1:0")[0] for _ in range(3)]:
        await task
    await asyncio.sleep(2)
    await stage.kill(stage.first)
    await asyncio.to_thread(stage.fleet.postgres.start)
    event.ended = time.time()
    await stage.fleet.add_worker()
    await asyncio.sleep(4)


async def fenced_with_a_large_body(stage):
    """A fenced worker wakes while another one runs the request, which dies, too: the third needs the body."""
    task, _ = stage.ask(stage.load.whole, "ok:1:0", "ok:20:400", "ok:1:0", padding=20_000)
    await stage.stopped(stage.first)
    second = await stage.fleet.add_worker()
    await stage.calls(2)
    stage.wake(stage.first)
    await asyncio.sleep(1.5)
    await stage.kill(second)
    await task


async def own_reaper(stage):
    """A worker whose lease ran out unnoticed takes its own entry over: its first attempt must see that it is one too many."""
    task, _ = stage.ask(stage.load.whole, "ok:10:1000", "ok:10:600")
    await stage.calls(1)
    lane = stage.fleet.key("q:normal")

    async def taken():
        pending = await stage.fleet.client.xpending_range(lane, "workers", "-", "+", 1)
        if pending and pending[0]["times_delivered"] == 1:
            # As if it had not renewed for ten seconds, whichever comes first of reaper and renewal.
            await stage.fleet.client.xclaim(
                lane, "workers", pending[0]["consumer"], 0, [pending[0]["message_id"]], idle=10_000, justid=True)
        return len(stage.book.calls) >= 2
    event = stage.book.fault("lease_ran_out", stage.first.name, [stage.first.pid], "worker")
    await stage.until(taken, "the second attempt")
    event.ended = time.time()
    await task
    await asyncio.sleep(6)


async def outage(stage):
    """Redis is away for more than a lease.

    The worker that runs three requests finds it again a little later than those who might take them over.
    """
    # One in each lane: the reaper goes from lane to lane, also while it cannot reach Redis.
    requests = [stage.load.new("xadd", False, ["ok:10:1000"]) for _ in range(3)]
    for request, lane in zip(requests, ("high", "normal", "batch")):
        await stage.fleet.client.xadd(stage.fleet.key(f"q:{lane}"), stage.load._entry(request))
        request.accepted = True
    reading = [asyncio.ensure_future(stage.load._follow(request)) for request in requests]
    await stage.calls(3)
    second = await stage.fleet.add_worker(REAP_INTERVAL="0.1")
    event, proxy = stage.book.fault("redis_away", "for 1.6 leases"), stage.fleet.proxy
    await asyncio.to_thread(stage.fleet.redis.kill)
    # The proxy lets connections in at a known moment, and not after one of its pauses.
    proxy.mode = "freeze"
    await asyncio.sleep(1.6 * stage.suite.lease)
    await asyncio.to_thread(stage.fleet.redis.start)
    await second.ready()
    await asyncio.sleep(0.4 * stage.suite.lease)
    proxy.mode = "pass"
    event.ended = time.time()
    await asyncio.gather(*reading)


async def behind_the_healthy(stage):
    """The entry of a dead worker stands behind more healthy ones than the reaper looks at in one call."""
    tasks = [stage.ask(stage.load.stream, "ok:30:800")[0] for _ in range(20)]
    await stage.calls(20)
    # The first has no slot left: only the second can take this one.
    second = await stage.fleet.add_worker()
    task, _ = stage.ask(stage.load.whole, "ok:10:500", "ok:1:0")
    await stage.calls(21)
    await stage.kill(second)
    await asyncio.gather(task, *tasks)


ALL = [
    Ablation("start_ownership", "START looks whether the entry is still its own before it writes", sleeper_before_start,
             lua=[("local isHeld = mine(q, wid, entry, count)", "local isHeld = true")],
             options={"worker_extra": {"FAULT_POINT": "claimed:1:stop"}}),
    Ablation("finish_fence", "FINISH ends only its own attempt", sleeper_before_finish,
             lua=[("if top[1] == lastID then", "if top[1] ~= END then"),
                  ("if own and field(own, 'w') == wid and entryOf(own, q) == entry then", "if own then")],
             options={"worker_extra": {"FAULT_POINT": "finishing:1:stop"}}),
    Ablation("ledger_replace", "a final row replaces an estimated one", sleeper_before_finish, swift="ledger_replace",
             options={"worker_extra": {"FAULT_POINT": "finishing:1:stop"}}),
    Ablation("append_prev", "APPEND follows what was written before", rollback,
             lua=[("if top[1] == prev then", "if top[1] ~= END then")]),
    Ablation("retry_later_mine", "RETRY LATER only for who holds the entry", sleeper_before_retry,
             lua=[("if not isMine or k ~= tonumber(a) then return 'fenced' end", "")],
             options={"worker_extra": {"FAULT_POINT": "retrying:1:stop"}, "accounts": 1, "extra": {"JOB_DEADLINE": "20"}}),
    Ablation("reap_mine", "REAP looks whether the entry is still its own", sleeping_reaper,
             lua=[("if not p or p[2] ~= wid then return {'lost'} end", "if not p then return {'lost'} end")]),
    Ablation("drop_rule", "START on an ended log leaves the entry to its owner", sleeper_and_cancel,
             lua=[("if owner ~= entry or isHeld then drop(q, entry) end", "drop(q, entry)")],
             options={"worker_extra": {"FAULT_POINT": "claimed:1:stop"}}),
    Ablation("estimate_after_end", "REAP bills a dead attempt of a request that has ended", death_and_cancel,
             lua=[("if owner == entry then estimate(usage, id, k, start, last) end", "")]),
    Ablation("reap_estimate", "REAP bills the attempt it takes over", simple_death,
             lua=[("if k > n then\n  estimate(usage, id, k, start, last)", "if k > n then")]),
    Ablation("shown_fail", "text that was shown is not begun again in silence", death_after_text,
             lua=[("if shown and onLoss == 'fail' then", "if false then")]),
    Ablation("poison_limit", "a request that kills its workers becomes a dead letter", poison,
             lua=[("if count - chosen >= maxDeliveries - deaths then", "if false then")]),
    Ablation("cancel_ttl", "CANCEL leaves the log its life", cancelled_in_the_lane,
             lua=[("redis.call('PEXPIRE', log, math.max(keep, life))", "redis.call('PEXPIRE', log, 3000)")],
             options={"slots": 4, "extra": {"WORKER_CONCURRENCY": "1"}}),
    Ablation("log_grace", "the log outlives what may still happen to the request", late_death, swift="log_grace",
             options={"extra": {"STREAM_LOG_TTL": "5"}}),
    Ablation("running_key", "running jobs are told apart by lane and entry", two_lanes, swift="running_key"),
    Ablation("outbox_early", "rows leave the outbox after PostgreSQL has them", outbox, swift="outbox_early"),
    Ablation("drop_body_always", "a fenced worker leaves the body alone", fenced_with_a_large_body, swift="drop_body_always",
             options={"worker_extra": {"FAULT_POINT": "finishing:1:stop"}}),
    Ablation("renew_count", "RENEW only for the delivery that it was asked for", own_reaper,
             lua=[("if mine(q, worker, entry, count) then",
                   "local p = redis.call('XPENDING', q, 'workers', entry, entry, 1)[1]\n    if p and p[2] == worker then")],
             options={"extra": {"UPSTREAM_FIRST_BYTE_TIMEOUT": "20"}}),
    Ablation("reap_patience", "nobody reaps before workers could renew after an outage", outage, swift="reap_patience",
             options={"extra": {"UPSTREAM_FIRST_BYTE_TIMEOUT": "20"}, "is_first_proxied": True}),
    Ablation("reaper_cursor", "the reaper goes on where it stopped", behind_the_healthy, swift="reaper_cursor",
             options={"slots": 20, "extra": {"REAP_BATCH": "1"}, "recovery_limit": 9}),
]


async def stage(ablation, folder, bin, is_broken, say, template=None):
    """Runs one scenario and returns its violations. `template`: an empty cluster of PostgreSQL to copy."""
    options = {**ablation.options, "template": template}
    limit = options.pop("recovery_limit", None)
    extra = {**options.pop("extra", {}), **(ablation.environment if is_broken else {})}
    suite = Suite(folder, bin, 1, 0, options.pop("workers", 1), 1, 2.0, options.pop("slots", 8), 1, ["none"], extra, say=say,
                  recovery_limit=limit, **options)
    try:
        await suite.prepare()
        await asyncio.wait_for(ablation.scenario(Stage(suite)), 120)
        await suite.settle(seconds=25, with_memory=False)
        violations = suite.judge()
    except (RuntimeError, asyncio.TimeoutError, redis.RedisError) as error:
        suite.problem("scenario", f"{error!r}")
        violations = suite.problems
    finally:
        await suite.close()
    if is_broken and ablation.lua and not any("fence is broken on purpose" in log.read_text(errors="replace")
                                              for log in suite.fleet.folder.glob("worker-*.log")):
        suite.problem("stale", "no script has the text that this ablation replaces")
    return violations, suite
