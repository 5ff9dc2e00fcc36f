"""The faults, each a class with a name, and the schedule that draws them from the seed.

Three lanes of faults run side by side: processes, servers (Redis, PostgreSQL, the network between) and hostile queue entries.
Within a lane one fault follows the other. Every fault puts things right again before it returns.
"""

import asyncio
import json
import random
import shutil
import signal
import time
import uuid

import redis

POINTS = ("claimed", "started", "accepted", "streaming", "answered", "finishing", "finished", "retrying", "renewing", "renewed",
    "reaping",
          "committed")


class Fault:
    name, lane, weight = "", "processes", 3
    # Seconds until the next fault of this lane, at least and at most.
    pause = (0.5, 2.5)

    def __init__(self, suite):
        self.suite, self.fleet, self.book, self.dice = suite, suite.fleet, suite.book, suite.dice

    async def strike(self):
        raise NotImplementedError

    def event(self, detail="", pids=(), scope="redis"):
        return self.book.fault(self.name, detail, pids, scope)

    def any_worker(self):
        """One that is neither frozen nor about to die, while another is left, else None."""
        free = [worker for worker in self.fleet.workers if worker.is_up and not worker.busy.locked()]
        return self.dice.choice(free) if len(free) > 1 else None


# MARK: processes


class KillWorker(Fault):
    name, weight = "kill_worker", 6

    async def strike(self):
        if not (worker := self.any_worker()):
            return
        async with worker.busy:
            event = self.event(worker.name, [worker.pid], "worker")
            await worker.kill()
            event.began = time.time()
            await asyncio.sleep(self.dice.uniform(0.2, self.suite.lease))
            await worker.restart()
            await worker.ready()
            event.ended = time.time()


class FaultPoint(Fault):
    """A worker that dies by itself at a named point, as soon as it gets there."""

    name, weight = "fault_point", 8

    async def strike(self):
        if not (worker := self.any_worker()):
            return
        point, nth = self.dice.choice(POINTS), self.dice.choice([1, 1, 2, 3, 5, 8])
        async with worker.busy:
            await roll(worker, FAULT_POINT=f"{point}:{nth}")
            worker.is_expected_dead = True
            event = self.event(f"{point}:{nth} {worker.name}", [worker.pid], "worker")
            give_up = time.monotonic() + 10
            while worker.is_up and time.monotonic() < give_up:
                await asyncio.sleep(0.05)
            self.suite.points[point] = self.suite.points.get(point, 0) + (not worker.is_up)
            if worker.is_up:
                event.detail += " (not reached)"
                await worker.kill()
            event.began = time.time()
            worker.start()
            await worker.ready()
            event.ended = time.time()


async def roll(worker, **extra):
    """SIGTERM, and a new process with other settings. Its jobs go to others within the drain timeout."""
    worker.is_expected_dead = True
    worker.process.send(signal.SIGTERM)
    await asyncio.to_thread(worker._wait, 30)
    worker.start(**extra)


class StopWorker(Fault):
    """SIGSTOP: a host that pauses. Its worker is declared dead, and wakes up later."""

    name, weight = "stop_worker", 4

    async def strike(self):
        if not (worker := self.any_worker()):
            return
        async with worker.busy:
            event = self.event(worker.name, [worker.pid], "worker")
            worker.process.send(signal.SIGSTOP)
            await asyncio.sleep(self.suite.sleep_of_the_stopped)
            worker.process.send(signal.SIGCONT)
            event.ended = time.time()


class KillShim(Fault):
    name, weight = "kill_shim", 2

    async def strike(self):
        shim = self.dice.choice(self.fleet.shims)
        async with shim.busy:
            event = self.event(shim.name, (), "shim")
            await shim.kill()
            await asyncio.sleep(self.dice.uniform(0.1, 1))
            await shim.restart()
            await shim.ready()
            event.ended = time.time()


class RollWorker(Fault):
    name, weight = "roll_worker", 2

    async def strike(self):
        if not (worker := self.any_worker()):
            return
        async with worker.busy:
            event = self.event(worker.name, [worker.pid], "worker")
            code = await worker.roll()
            event.ended = time.time()
            if code != 0:
                self.suite.problem("exit-code", f"{worker.name} ended with {code} after SIGTERM\n{worker.process.tail(5)}")
            await worker.ready()


class RollShim(Fault):
    name, weight = "roll_shim", 1

    async def strike(self):
        shim = self.dice.choice(self.fleet.shims)
        async with shim.busy:
            event = self.event(shim.name, (), "shim")
            code = await shim.roll()
            if code != 0:
                self.suite.problem("exit-code", f"{shim.name} ended with {code} after SIGTERM\n{shim.process.tail(5)}")
            await shim.ready()
            event.ended = time.time()


# MARK: servers


class ServerFault(Fault):
    lane, pause = "servers", (1.5, 4)

    async def command(self, *words):
        try:
            return await self.fleet.client.execute_command(*words)
        except (redis.RedisError, OSError):
            return None


class KillRedis(ServerFault):
    name, weight, downtime = "kill_redis_briefly", 3, 0.5

    async def strike(self):
        event = self.event(f"for {self.downtime:g} leases")
        await asyncio.to_thread(self.fleet.redis.kill)
        await asyncio.sleep(self.downtime * self.suite.lease)
        await asyncio.to_thread(self.fleet.redis.start)
        event.ended = time.time()


class KillRedisLong(KillRedis):
    name, weight, downtime = "kill_redis_long", 2, 2


class ClientKill(ServerFault):
    name = "client_kill"

    async def strike(self):
        kind = self.dice.choice(["normal", "pubsub"])
        event = self.event(kind)
        await self.command("CLIENT", "KILL", "TYPE", kind)
        event.ended = time.time()


class ClientPause(ServerFault):
    name = "client_pause"

    async def strike(self):
        seconds = self.dice.uniform(0.3, 1.5 * self.suite.lease)
        event = self.event(f"{seconds:.1f} s")
        await self.command("CLIENT", "PAUSE", int(seconds * 1000), "ALL")
        await asyncio.sleep(seconds)
        event.ended = time.time()


class ScriptFlush(ServerFault):
    name = "script_flush"

    async def strike(self):
        event = self.event()
        await self.command("SCRIPT", "FLUSH")
        event.ended = time.time()


class GroupDestroy(ServerFault):
    name, weight = "group_destroy", 2

    async def strike(self):
        key, group = self.dice.choice([("q:normal", "workers"), ("q:high", "workers"), ("usage", "postgres")])
        event = self.event(key)
        await self.command("XGROUP", "DESTROY", self.fleet.key(key), group)
        event.ended = time.time()


class FlushAll(ServerFault):
    """Everything is gone. Open requests are lost, by the documented rule, but nothing may hang or crash."""

    name, weight = "flushall", 1

    async def strike(self):
        if any(fault.name == self.name for fault in self.book.faults) and self.suite.minutes < 5:
            return
        event = self.event()
        await self.command("FLUSHALL")
        self.suite.collector.forget_all()
        event.ended = time.time()


class MaxMemory(ServerFault):
    name, weight = "maxmemory", 2

    async def strike(self):
        event = self.event()
        try:
            used = (await self.fleet.client.info("memory"))["used_memory"]
        except (redis.RedisError, OSError):
            used = 0
        await self.command("CONFIG", "SET", "maxmemory", max(1, used + self.dice.choice([-1, 50_000])))
        await asyncio.sleep(self.dice.uniform(0.5, 1.5 * self.suite.lease))
        await until_done(self.command, "CONFIG", "SET", "maxmemory", 0)
        event.ended = time.time()


class DiskFull(ServerFault):
    """MISCONF: the snapshot cannot be renamed over a folder, and writes are refused until that is mended."""

    name, weight = "disk_full", 2

    async def strike(self):
        event, obstacle = self.event(), self.fleet.redis.folder / "dump.rdb"
        if obstacle.is_file():
            obstacle.unlink()
        (obstacle / "in-the-way").mkdir(parents=True, exist_ok=True)
        await self.command("CONFIG", "SET", "save", "3600 1000000")
        await self.command("BGSAVE")
        await asyncio.sleep(self.dice.uniform(1, 1.5 * self.suite.lease))
        await until_done(self.command, "CONFIG", "SET", "save", "")
        shutil.rmtree(obstacle, ignore_errors=True)
        event.ended = time.time()


async def until_done(command, *words):
    give_up = time.monotonic() + 30
    while time.monotonic() < give_up:
        if await command(*words) is not None:
            return
        await asyncio.sleep(0.2)


class PostgresStop(ServerFault):
    name, weight, number = "postgres_stopped", 2, signal.SIGINT

    async def strike(self):
        event = self.event(self.number.name, scope="postgres")
        await asyncio.to_thread(self.fleet.postgres.process.stop, self.number, 20)
        await asyncio.sleep(self.dice.uniform(0.5, 3))
        await asyncio.to_thread(self.fleet.postgres.start)
        event.ended = time.time()


class PostgresBackends(ServerFault):
    """Its connections are ended in the middle of what they do."""

    name, weight = "postgres_backends_killed", 2

    async def strike(self):
        event = self.event(scope="postgres")
        for _ in range(10):
            try:
                await asyncio.to_thread(
                    self.fleet.postgres.query,
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type"
                    " = 'client backend'")
            except Exception:  # noqa: BLE001  it may be on its way down
                pass
            await asyncio.sleep(self.dice.uniform(0.05, 0.3))
        event.ended = time.time()


class LoseReplies(ServerFault):
    name, weight = "lose_replies", 4

    async def strike(self):
        seconds = self.dice.uniform(0.2, 1.5)
        event = self.event(f"{seconds:.1f} s")
        await self.fleet.proxy.lose_replies(seconds)
        event.ended = time.time()


class Freeze(ServerFault):
    name, weight = "half_open", 3

    async def strike(self):
        seconds = self.dice.uniform(0.5, 2) * self.suite.lease
        event = self.event(f"{seconds:.1f} s")
        await self.fleet.proxy.freeze(seconds)
        event.ended = time.time()


class Cut(ServerFault):
    name, weight = "cut", 2

    async def strike(self):
        event = self.event()
        self.fleet.proxy.cut()
        event.ended = time.time()


# MARK: entries


class EntryFault(Fault):
    lane, pause, weight = "entries", (0.3, 1.5), 2

    async def add(self, fields, lane="normal", id="*"):
        try:
            return await self.fleet.client.xadd(self.fleet.key(f"q:{lane}"), fields, id=id)
        except (redis.RedisError, OSError):
            return None

    def entry(self, path, plan=("ok:3:20",), stream=False, **fields):
        """A request of its own, judged like all others. It may or may not have been taken."""
        request = self.suite.load.new(path, stream, list(plan))
        request.may_fail = True
        request.outcome = "left"
        request.is_partial = True
        entry = self.suite.load._entry(request)
        return request, {**entry, **fields}


class Poison(EntryFault):
    """Kills whoever runs it, until it is a dead letter."""

    name, weight = "poison", 1

    async def strike(self):
        if sum(fault.name == self.name for fault in self.book.faults) >= 1 + self.suite.minutes:
            return
        request, fields = self.entry("poison", ["poison"])
        self.event(request.id, scope="entry").ended = time.time()
        await self.add(fields)


class Undecodable(EntryFault):
    name = "undecodable"

    async def strike(self):
        lane = self.dice.choice(["high", "normal", "batch"])
        self.event(scope="entry").ended = time.time()
        await self.add(self.dice.choice([
            {"junk": "x"}, {"v": "1", "req": "{}"}, {"v": "1", "id": "../etc", "req": "{}"},
            {"v": "x", "id": f"0-{uuid.uuid4().hex}"},
            {"v": "1", "id": f"0-{uuid.uuid4().hex}", "req": "no JSON"}, {"v": "1", "id": f"0-{uuid.uuid4().hex}", "rq": "1"},
            {"v": "1", "id": f"0-{uuid.uuid4().hex}", "req": b"\xff\xfe\x00"},
            {"v": "1", "id": f"0-{uuid.uuid4().hex}", "req": "[" * 5000},
        ]), lane)


class NewerVersion(EntryFault):
    name, weight = "newer_version", 1

    async def strike(self):
        request, fields = self.entry("newer-version", v=99)
        self.event(request.id, scope="entry").ended = time.time()
        self.suite.newer.append(request.id)
        await self.add(fields)


class HostileNumbers(EntryFault):
    name, weight = "hostile_numbers", 4

    async def strike(self):
        fields = self.dice.choice([
            {"n": 2**63 - 2}, {"n": 2**63 - 1}, {"n": 2**64}, {"n": -1}, {"n": -(2**63)}, {"n": "1e9"}, {"n": 10**30},
            {"n": 2**53},
            {"dl": 10**30}, {"dl": 2**63 - 1}, {"dl": -1}, {"dl": "soon"}, {"ca": 2**63 - 1}, {"ca": -5}, {"v": 2**70}, {"v": -1},
            # Traces that are none, which count as none.
            {"tp": "00-" + "0" * 32 + "-" + "f" * 16 + "-01"}, {"tp": "ff-" + "a" * 32 + "-" + "b" * 16 + "-01"},
            {"tp": b"\xff\x00" * 40}, {"tp": "00-" + "a" * 32 + "-" + "b" * 16 + "-01", "ts": "," * 600 + "=" * 600}, {"ts": "a=1"},
            {"at": "[" * 2000}, {"at": "no JSON"}, {"at": json.dumps([{"attempt": 2**63 - 1, "latency_ms": 2**63 - 1}])},
        ])
        request, entry = self.entry("hostile-numbers", **fields)
        self.event(f"{fields} {request.id}"[:120], scope="entry").ended = time.time()
        if int(fields.get("v", 1)) > 2:
            self.suite.newer.append(request.id)
        await self.add(entry)


class HugeTexts(EntryFault):
    name, weight = "huge_texts", 2

    async def strike(self):
        letters = random.Random(self.dice.random())
        field = self.dice.choice(["u", "t", "u", "pr", "rs", "sh", "tp", "ts"])
        text = "".join(letters.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(8000))
        request, entry = self.entry("huge-texts", **{field: text})
        self.event(f"{field} {request.id}", scope="entry").ended = time.time()
        await self.add(entry)


class TwoLanes(EntryFault):
    """Two requests in two lanes whose entries have one ID."""

    name, weight = "two_lanes", 5

    async def strike(self):
        (first, one), (second, two) = (self.entry("two-lanes", ["ok:10:200"], self.dice.random() < 0.5) for _ in range(2))
        id = f"{int(time.time() * 1000) + 5}-{self.dice.randint(1000, 9999)}"
        self.event(f"{id}: {first.id}, {second.id}", scope="entry").ended = time.time()
        lanes = self.dice.sample(["high", "normal", "batch"], 2)
        await asyncio.gather(self.add(one, lanes[0], id), self.add(two, lanes[1], id))


ALL = [
    KillWorker, FaultPoint, StopWorker, KillShim, RollWorker, RollShim, KillRedis, KillRedisLong, ClientKill, ClientPause,
    ScriptFlush,
    GroupDestroy, FlushAll, MaxMemory, DiskFull, PostgresStop, PostgresBackends, LoseReplies, Freeze, Cut, Poison, Undecodable,
    NewerVersion, HostileNumbers, HugeTexts, TwoLanes]


class Schedule:
    """Draws faults until told to stop, each lane from a seed of its own, so that one lane's length does not change another."""

    def __init__(self, suite, names=None):
        self.suite, self.is_over = suite, False
        chosen = [fault for fault in ALL if names is None or fault.name in names]
        self.lanes = {}
        for fault in chosen:
            self.lanes.setdefault(fault.lane, []).append(fault(suite))

    async def run(self):
        # Two processes may be hurt at once.
        twice = [(f"{lane} again", faults) for lane, faults in self.lanes.items() if lane == "processes"]
        await asyncio.gather(*(self._run(name, faults) for name, faults in [*self.lanes.items(), *twice]))

    async def _run(self, name, faults):
        dice = random.Random(f"{self.suite.seed} {name}")
        while not self.is_over:
            await asyncio.sleep(dice.uniform(*faults[0].pause))
            fault = dice.choices(faults, [fault.weight for fault in faults])[0]
            if self.is_over:
                return
            try:
                await fault.strike()
            except Exception as error:  # noqa: BLE001  a fault that fails is the suite's own
                self.suite.problem("suite", f"{fault.name}: {error!r}")
