"""Measurements that are runs of their own: recovery after SIGKILL, a rolling restart of everything, a million jobs.

Each returns (violations, lines to print). A measurement beyond its limit is a violation, too.
"""

import asyncio
import json
import time
import uuid
from collections import Counter

import redis

import wire
from checker import Violation
from suite import Suite

KILLS_PAUSE = 2.5


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else None


def recoveries(book):
    """Seconds from a worker's SIGKILL to the start of the next attempt of each job that it held."""
    deaths = {pid: fault.began for fault in book.faults if fault.name in ("kill_worker", "fault_point", "poisoned")
        for pid in fault.pids}
    bills = {}
    for bill in book.bills:
        bills.setdefault(bill.id, []).append(bill)
    found = []
    for rows in bills.values():
        rows.sort(key=lambda bill: bill.attempt)
        for before, after in zip(rows, rows[1:]):
            death = deaths.get(before.pid)
            if death and not before.final and before.started <= death <= after.started:
                found.append(after.started - death)
    return found


async def recovery(folder, bin, seed, kills, lease, workers, callers, say):
    """Kills workers under saturation. The times come from the ledger: start of the next attempt minus the kill."""
    suite = Suite(folder, bin, seed, 0, workers, 2, lease, 8, callers, ["none"], {"JOB_DEADLINE": "300", "MAX_DELIVERIES": "20"},
                  rough=0, paths={"whole": 3, "xadd": 2, "restarting": 2}, say=say)
    try:
        await suite.prepare()
        suite.load.fixed = ["ok:6:500"]
        loading = asyncio.ensure_future(suite.load.run())
        await asyncio.sleep(4)
        for number in range(kills):
            worker = suite.fleet.workers[number % workers]
            await worker.ready(60)
            event = suite.book.fault("kill_worker", worker.name, [worker.pid], "worker")
            await worker.kill()
            worker.start()
            event.ended = time.time()
            if number % 10 == 9:
                say(f"{number + 1} kills, {len(suite.book.requests)} requests")
            await asyncio.sleep(KILLS_PAUSE)
        suite.load.is_over = True
        await loading
        await suite.settle(60, with_memory=False)
        violations = suite.judge()
    finally:
        await suite.close()
    times = recoveries(suite.book)
    lines = [f"kills {kills}, jobs that were taken over {len(times)}, requests {len(suite.book.requests)}, LEASE {lease:g}"]
    if not times:
        return [*violations, Violation("recovery", "no job was taken over")], lines, suite
    p50, p99 = percentile(times, 0.5), percentile(times, 0.99)
    lines.append(f"from SIGKILL to the next attempt: p50 {p50:.1f} s, p99 {p99:.1f} s, max {max(times):.1f} s")
    if p99 > lease + 3:
        violations.append(Violation("recovery", f"p99 is {p99:.1f} s, {lease + 3:g} s are allowed"))
    return violations, lines, suite


# MARK: rolling restart


class Balancer:
    """Sends each connection to a shim that says it is ready, and to the next one where it refuses."""

    def __init__(self, fleet):
        self.fleet, self._ready, self._turn = fleet, set(), 0

    async def start(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]
        self._watch = asyncio.ensure_future(self._look())

    def stop(self):
        self._watch.cancel()
        self._server.close()

    async def _look(self):
        while True:
            for shim in self.fleet.shims:
                try:
                    response = await asyncio.wait_for(wire.ask(shim.port, "GET", "/ready"), 2)
                    response.close()
                    is_ready = response.status == 200
                except (OSError, asyncio.TimeoutError):
                    is_ready = False
                (self._ready.add if is_ready else self._ready.discard)(shim)
            await asyncio.sleep(0.1)

    async def _serve(self, reader, writer):
        for _ in range(50):
            ready = [shim for shim in self.fleet.shims if shim in self._ready] or self.fleet.shims
            self._turn += 1
            try:
                there, back = await asyncio.open_connection("127.0.0.1", ready[self._turn % len(ready)].port)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            await asyncio.gather(self._pump(reader, back), self._pump(there, writer))
            return
        writer.transport.abort()

    @staticmethod
    async def _pump(reader, writer):
        try:
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()
        except (ConnectionError, OSError):
            pass
        writer.close()


async def rolling(folder, bin, seed, lease, workers, shims, say, streams=200, per_second=50):
    """Restarts every worker and every shim, one after the other, under open streams and new requests."""
    suite = Suite(folder, bin, seed, 0, workers, shims, lease, 200, 1, ["none"],
                  {"DRAIN_TIMEOUT": "60", "DRAIN_DELAY": "2", "CANCEL_GRACE": "5", "STREAM_LOG_TTL": "30",
                      "UPSTREAM_FIRST_BYTE_TIMEOUT": "60",
                   "UPSTREAM_IDLE_TIMEOUT": "60", "JOB_DEADLINE": "120"}, rough=0, say=say)
    codes = {}
    try:
        await suite.prepare()
        balancer = Balancer(suite.fleet)
        await balancer.start()
        load, over = suite.load, asyncio.Event()
        load.shim, load.padding = lambda: balancer.port, 0

        async def stream_on():
            while not over.is_set():
                load.fixed = ["ok:30:400"]
                await load.one(load.followed)

        async def ask_on():
            tasks, due = set(), time.monotonic()
            while not over.is_set():
                load.fixed = ["ok:3:30"]
                task = asyncio.ensure_future(load.one(load.whole))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
                await asyncio.sleep(0)
                due += 1 / per_second
                await asyncio.sleep(max(0, due - time.monotonic()))
            await asyncio.gather(*tasks)

        work = [asyncio.ensure_future(stream_on()) for _ in range(streams)] + [asyncio.ensure_future(ask_on())]
        await asyncio.sleep(5)
        for member in suite.fleet.members:
            began, event = time.time(), suite.book.fault("roll_worker" if member.kind == "worker" else "roll_shim", member.name,
                (), member.kind)
            codes[member.name] = await member.roll(90)
            await member.ready(60)
            event.ended = time.time()
            open_streams = sum(request.outcome is None for request in suite.book.requests.values())
            say(f"{member.name} restarted in {time.time() - began:.1f} s, exit code {codes[member.name]}, {open_streams}"
                f" requests open")
            await asyncio.sleep(1)
        over.set()
        await asyncio.gather(*work)
        balancer.stop()
        await suite.settle(60, with_memory=False)
        violations = suite.judge()
    finally:
        await suite.close()
    outcomes = Counter((request.path, request.outcome) for request in suite.book.requests.values())
    lines = [f"requests {len(suite.book.requests)}: {dict(outcomes)}", f"exit codes {codes}"]
    for request in suite.book.requests.values():
        if request.outcome != "done":
            violations.append(Violation("rolling", f"{request.path} ended with {request.outcome} ({request.status})", request.tag,
                request.id, request.ended))
    violations += [Violation("exit-code", f"{name} ended with {code}") for name, code in codes.items() if code != 0]
    return violations, lines, suite


# MARK: a million jobs


async def million(folder, bin, jobs, workers, say):
    """Sandbox jobs by pipelined XADD. Memory of every process and of Redis must be flat after the first tenth."""
    suite = Suite(folder, bin, 1, 0, workers, 1, 15, 256, 1, ["none"],
        {"LOG_LEVEL": "warning", "REAP_INTERVAL": "3", "FLUSH_BATCH": "2000"}, say=say)
    suite.is_uncollected = True
    samples, violations = [], []
    try:
        await suite.prepare()
        fleet, began = suite.fleet, time.time()
        client = redis.asyncio.Redis(port=fleet.redis.port)
        sent = 0
        while sent < jobs:
            waiting = await client.xlen(fleet.key("q:normal"))
            if waiting > 4000 or await client.xlen(fleet.key("usage")) > 20_000:
                await asyncio.sleep(0.05)
                continue
            pipeline, count = client.pipeline(transaction=False), min(1000, jobs - sent)
            for _ in range(count):
                body = {"model": "sandbox", "messages": [{"role": "user", "content": "[[delay_ms=0]] one two three"}]}
                pipeline.xadd(fleet.key("q:normal"), {"v": 1, "id": f"0-{uuid.uuid4().hex}", "req": json.dumps(body)})
            await pipeline.execute()
            if sent * 50 // jobs != (sent + count) * 50 // jobs:
                samples.append(await sample(fleet, client, sent + count))
                say(f"{sent + count:8} jobs, {(sent + count) / (time.time() - began):.0f}/s, {told(samples[-1])}")
            sent += count
        give_up = time.monotonic() + 300
        while await client.xlen(fleet.key("q:normal")) + await client.xlen(fleet.key("usage")) and time.monotonic() < give_up:
            await asyncio.sleep(0.5)
        samples.append(await sample(fleet, client, jobs))
        rows, distinct, done = (await asyncio.to_thread(
            fleet.postgres.query, "SELECT count(*), count(DISTINCT request_id), count(*) FILTER (WHERE status = 'done')"
                                  " FROM usage_attempts"))[0]
        if (rows, distinct, done) != (jobs, jobs, jobs):
            violations.append(Violation("million", f"{rows} rows of {distinct} requests, {done} of them done; {jobs} were sent"))
        await client.aclose()
        for _, name, pid, code, words in fleet.crashes:
            violations.append(Violation("crash", f"{name} ended with {code}: {words}"))
    finally:
        await suite.close()
    lines = [f"{jobs} jobs in {time.time() - began:.0f} s"]
    for name in samples[0][1]:
        # Flat: the mean of the last tenth against the mean of the second one.
        values = [sizes[name] for count, sizes in samples if count > jobs / 10]
        tenth = max(1, len(values) // 9)
        first, last = sum(values[:tenth]) / tenth, sum(values[-tenth - 1:-1] or values[-1:]) / max(1, len(values[-tenth - 1:-1]))
        growth = last / first - 1
        lines.append(f"{name:10} {first / 2**20:8.1f} MB after a tenth, {last / 2**20:8.1f} MB at the end, {growth:+.1%}")
        if growth > 0.05:
            violations.append(Violation("million", f"{name} grew by {growth:.1%} after the first tenth"))
    return violations, lines, suite


async def sample(fleet, client, count):
    sizes = {member.name: member.process.rss for member in fleet.members}
    sizes["redis"] = (await client.info("memory"))["used_memory"]
    return count, sizes


def told(sample):
    return ", ".join(f"{name} {size / 2**20:.0f} MB" for name, size in sample[1].items())
