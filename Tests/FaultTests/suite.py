"""One run: service, platform, callers, faults, then the judgement."""

import asyncio
import random
import time

import redis

import collector as collecting
from checker import Checker, Violation
from collector import Collector
from faults import Schedule
from fleet import Fleet
from load import Load
from records import Book
from upstream import Upstream


class Suite:
    def __init__(self, folder, bin, seed, minutes, workers=4, shims=2, lease=2.0, slots=8, callers=48, faults=None, extra=None,
                 rough=0.25, paths=None, say=print, recovery_limit=None, **options):
        self.seed, self.minutes, self.lease, self.say = seed, minutes, lease, say
        self.book, self.dice = Book(), random.Random(f"{seed} faults")
        self.upstream = Upstream(self.book)
        self.options = dict(folder=folder, bin=bin, workers=workers, shims=shims, lease=lease, slots=slots, extra=extra,
            **options)
        self.recovery_limit, self.is_uncollected = recovery_limit, False
        self.callers, self.fault_names, self.rough, self.paths = callers, faults, rough, paths
        # 30 s in long runs, which is two leases there.
        self.sleep_of_the_stopped = 2 * lease
        self.points, self.newer, self.problems, self.facts = {}, [], [], {}
        self.collector, self._background = None, []

    def problem(self, rule, what):
        self.problems.append(Violation(rule, what, at=time.time()))

    async def prepare(self):
        await self.upstream.start()
        self.upstream.on_poison = self._poisoned
        self.fleet = Fleet(upstream_url=self.upstream.url, **self.options)
        await self.fleet.start()
        self.collector = Collector(self.book, self.fleet)
        # Usage that nobody should believe is a fault like the others, and has a name.
        is_hostile = self.fault_names is None or "hostile_usage" in self.fault_names
        self.load = Load(self.book, self.fleet, self.seed, self.callers, rough=self.rough, is_hostile=is_hostile)
        if self.paths:
            self.load.paths = {getattr(self.load, name): weight for name, weight in self.paths.items()}
        self._background = [asyncio.ensure_future(work) for work in ([] if self.is_uncollected
            else [self.collector.run()]) + [self.fleet.watch(self.book)]]

    async def close(self):
        if self.collector:
            self.collector.is_over = True
        for work in self._background:
            work.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self.fleet.stop()
        self.upstream.stop()

    async def run(self):
        """Runs all of it and returns the violations."""
        try:
            await self.prepare()
            await self._warm_up()
            await self.strike()
            await self.settle()
            return self.judge()
        finally:
            await self.close()

    async def _warm_up(self):
        """So that connections, scripts and partitions are there before memory is measured."""
        warm = Load(self.book, self.fleet, "warm", callers=6, rough=0)
        warm.paths = {warm.stream: 1, warm.whole: 1}
        work = asyncio.ensure_future(warm.run())
        await asyncio.sleep(3)
        warm.is_over = True
        await work
        await collecting.quiet(self.fleet, 20)
        await collecting.age(self.fleet)
        self.facts["idle_memory"] = await collecting.memory(self.fleet)

    async def strike(self):
        schedule, began = Schedule(self, self.fault_names), time.time()
        striking, loading = asyncio.ensure_future(schedule.run()), asyncio.ensure_future(self.load.run())
        while time.time() - began < self.minutes * 60:
            await asyncio.sleep(min(10, max(0.1, self.minutes * 60 - (time.time() - began))))
            self.say(f"{time.time() - began:6.0f} s  {len(self.book.requests)} requests, {len(self.book.calls)} calls,"
                     f" {len(self.book.faults)} faults, {len(self.fleet.crashes)} crashes")
        schedule.is_over = self.load.is_over = True
        await striking
        self.say("faults are over; waiting for the callers")
        while not loading.done():
            await asyncio.wait([loading], timeout=10)
            open_ones = [request for request in self.book.requests.values() if request.outcome is None]
            self.say(f"{time.time() - began:6.0f} s  {len(open_ones)} still wait:"
                     f" {[(r.path, r.id, r.tag) for r in open_ones][:6]}")
        await loading

    async def settle(self, seconds=90, with_memory=True):
        """Waits, with a bound, until all is quiet. Then reads everything that is left."""
        for member in self.fleet.members:
            if (member.is_up or not member.is_expected_dead) and not await member.ready(30):
                self.problem("not-ready", f"{member.name} is not ready after the last fault\n{member.process.tail(4)}")
        await self._remove_newer()
        left = await collecting.quiet(self.fleet, seconds)
        if left:
            self.problem("not-empty", f"after {seconds} s there is still {left}")
        await asyncio.sleep(1)
        await self.collector.sweep()
        rows, tokens = await asyncio.to_thread(collecting.read_bills, self.fleet, self.book)
        if rows or tokens:
            self.problem("sums", f"the hourly sums differ from the rows by {rows} attempts and {tokens} tokens")
        for key in await collecting.immortal(self.fleet):
            self.problem("immortal", f"{key} has no life")
        longest = sum(int(self.fleet.settings[name]) for name in ("JOB_LOG_TTL", "JOB_DEADLINE", "STREAM_LOG_TTL")) + 60
        for key, life in await collecting.too_long_lived(self.fleet, longest):
            self.problem("long-life", f"{key} has ended and lives for another {life} ms")
        if with_memory:
            await self._memory()

    async def _memory(self):
        await collecting.age(self.fleet)
        idle, give_up = self.facts["idle_memory"], time.monotonic() + 15
        allowed = idle * 1.05 + 65_536
        while (now := await collecting.memory(self.fleet)) > allowed and time.monotonic() < give_up:
            await asyncio.sleep(0.5)
        self.facts["memory"] = now
        if now > allowed:
            stats = await self.fleet.client.memory_stats()
            kinds = {name: stats[name] for name in ("dataset.bytes", "overhead.total", "keys.count", "clients.normal")
                if name in stats}
            self.problem("memory", f"the keys take {now} bytes after all has ended, {idle} before it began: {kinds}")

    async def _remove_newer(self):
        """Entries of a newer version wait for a newer worker, which would take them now."""
        await asyncio.sleep(0.5)
        for _ in range(40):
            left = 0
            for id in self.newer:
                for lane in collecting.LANES:
                    if await self.fleet.client.zrem(self.fleet.key("delayed"), f"{lane} {id}"):
                        await self.fleet.client.unlink(self.fleet.key(f"held:{id}"))
            for lane in collecting.LANES:
                left += await self.fleet.client.xlen(self.fleet.key(f"q:{lane}"))
            if not left and not await self.fleet.client.zcard(self.fleet.key("delayed")):
                return
            await asyncio.sleep(0.5)

    def judge(self):
        for at, name, pid, code, tail in self.fleet.crashes:
            self.problems.append(Violation("crash", f"{name} ({pid}) ended by itself with {code}\n{tail}", at=at))
        for at, text in self.load.surprises:
            self.problems.append(Violation("caller", f"a caller did not understand its answer\n{text}", at=at))
        return self.problems + Checker(
            self.book, self.lease, int(self.fleet.settings.get("MAX_DELIVERIES", 4)), self.recovery_limit).judge()

    async def _poisoned(self, call):
        """Kills the worker that runs the request, as a request that breaks its worker does."""
        try:
            worker = await self._runner_of(call.tag)
        except (redis.RedisError, OSError):
            return
        if worker is None or worker.busy.locked():
            return
        async with worker.busy:
            event = self.book.fault("poisoned", f"{worker.name} by {call.tag}", [worker.pid], "worker")
            await worker.kill()
            worker.start()
            await worker.ready()
            event.ended = time.time()

    async def _runner_of(self, tag):
        id = self.book.requests[tag].id
        entries = await self.fleet.client.xrevrange(self.fleet.key(f"log:{id}"), count=1)
        name = entries[0][1].get(b"w", b"").decode() if entries else ""
        pid = name.rsplit("-", 2)[-2] if name.count("-") >= 2 else "0"
        return self.fleet.worker_of(int(pid)) if pid.isdigit() else None
