"""Sends chat completions over keep-alive connections, checks every reply, and prints what it saw as one JSON object.

Usage: bench/loadgen.py --url http://127.0.0.1:PORT/v1/chat/completions [--connections 16] [--seconds 8] [--stream] [--rate R]

Closed loop: each connection sends its next request when its reply is there. With `--rate` an open loop: requests start when
they are due, whether or not others are done, and their latency counts from then. After `--seconds` nothing new starts.
Every request has a prompt of its own, so that no cache can answer. Times are milliseconds.
"""

import argparse
import asyncio
import collections
import json
import resource
from urllib.parse import urlsplit

import timers
from reply import Reply

PADDING = "Tell me something about queues, please. " * 10
SPREAD = 1.0  # seconds over which streams start, so that their tokens do not all come in the same moment
GOLDEN = 0.618034


def quantiles(values):
    """In milliseconds."""
    if not values:
        return None
    ordered = sorted(values)
    at = {name: ordered[int((len(ordered) - 1) * share)] * 1000 for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1))}
    return {"n": len(ordered), **{name: round(value, 4) for name, value in at.items()}}


class Connection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self, load):
        self.load, self.transport, self.reply = load, None, None

    def connection_made(self, transport):
        self.transport = transport

    def send(self, request, due):
        self.due, self.reply = due, Reply(self.load.options.stream, self.load.expected)
        self.transport.write(request)

    def data_received(self, data):
        if self.reply is None:
            self.transport.abort()
            return
        try:
            if self.reply.feed(data, self.load.loop.time()):
                self.end(self.reply.fault())
        except (ValueError, KeyError, IndexError, TypeError):
            self.end("garbled")

    def connection_lost(self, error):
        self.transport = None
        if self.reply is not None:
            self.end("connection closed")
        self.load.idle.discard(self)

    def end(self, fault):
        reply, self.reply = self.reply, None
        if reply.closes or fault:
            self.drop()
        self.load.ended(self, reply, fault)

    def drop(self):
        if self.transport:
            self.transport.abort()
            self.transport = None


class Load:
    def __init__(self, options):
        self.options = options
        self.expected = "".join(f" w{number:05d}" for number in range(options.tokens))
        self.target = urlsplit(options.url)
        self.started, self.ok, self.faults = 0, 0, collections.Counter()
        self.latencies, self.firsts, self.gaps = [], [], []
        self.idle, self.busy, self.tasks = set(), set(), set()

    def request(self):
        body = {"model": self.options.model, "messages": [{"role": "user", "content": f"{self.started}: {PADDING}"}]}
        if self.options.stream:
            body["stream"] = True
        text = json.dumps(body).encode()
        head = (f"POST {self.target.path} HTTP/1.1\r\nHost: {self.target.netloc}\r\nContent-Type: application/json\r\n"
                f"Authorization: Bearer {self.options.key}\r\nContent-Length: {len(text)}\r\n\r\n")
        return head.encode() + text

    async def run(self):
        self.loop = asyncio.get_running_loop()
        for _ in range(self.options.connections):
            self.idle.add(await self.connect())
        self.began = self.last = self.loop.time()
        watch = self.spawn(self.watch())
        await (self.open_loop() if self.options.rate else self.closed_loop())
        while self.busy:
            await asyncio.sleep(0.005)
        watch.cancel()
        for connection in self.idle:
            connection.drop()

    async def connect(self):
        _, connection = await self.loop.create_connection(
            lambda: Connection(self), self.target.hostname, self.target.port)
        return connection

    def spawn(self, work):
        task = self.loop.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    async def closed_loop(self):
        for number, connection in enumerate(list(self.idle)):
            delay = number * GOLDEN % 1 * min(SPREAD, self.options.seconds / 2) if self.options.stream else 0
            self.loop.call_at(self.began + delay, self.start, connection)
        await asyncio.sleep(self.options.seconds)

    async def open_loop(self):
        for number in range(round(self.options.rate * self.options.seconds)):
            due = self.began + number / self.options.rate
            await asyncio.sleep(due - self.loop.time())
            self.start(self.idle.pop() if self.idle else None, due)

    def start(self, connection, due=None):
        self.idle.discard(connection)
        request = self.request()
        self.started += 1
        if connection and connection.transport:
            self.busy.add(connection)
            connection.send(request, due or self.loop.time())
        else:
            connection = Connection(self)
            self.busy.add(connection)
            self.spawn(self.start_on_new(connection, request, due or self.loop.time()))

    async def start_on_new(self, placeholder, request, due):
        try:
            connection = await self.connect()
        except OSError:
            self.faults["no connection"] += 1
            self.busy.discard(placeholder)
            return
        self.busy.discard(placeholder)
        self.busy.add(connection)
        connection.send(request, due)

    def ended(self, connection, reply, fault):
        self.busy.discard(connection)
        self.last = self.loop.time()
        if fault:
            self.faults[fault] += 1
        else:
            self.ok += 1
            self.latencies.append(self.last - connection.due)
            if reply.times:
                self.firsts.append(reply.times[0] - connection.due)
                self.gaps += (after - before for before, after in zip(reply.times, reply.times[1:]))
        if not self.options.rate and self.last < self.began + self.options.seconds:
            self.start(connection)
        elif connection.transport:
            self.idle.add(connection)

    async def watch(self):
        """Gives up on replies that take too long."""
        while True:
            await asyncio.sleep(0.5)
            limit = self.loop.time() - self.options.timeout
            for connection in [one for one in self.busy if one.reply and one.due < limit]:
                connection.end("timeout")

    def result(self):
        # The last request of an open loop is due before its time is over.
        seconds = max(self.last - self.began, self.options.seconds if self.options.rate else 0)
        return {
            "requests": self.started, "ok": self.ok, "faults": dict(self.faults), "seconds": round(seconds, 3),
            "per_second": round(self.ok / seconds, 2) if seconds else 0, "latency": quantiles(self.latencies),
            "first_token": quantiles(self.firsts), "gap": quantiles(self.gaps),
            "cpu_seconds": round(sum(resource.getrusage(resource.RUSAGE_SELF)[:2]), 3)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", required=True)
    parser.add_argument("--model", default="sim")
    parser.add_argument("--key", default="sk-none")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--rate", type=float)
    parser.add_argument("--stream", action="store_true")
    parser.add_argument("--tokens", type=int, default=50)
    parser.add_argument("--timeout", type=float, default=30)
    load = Load(parser.parse_args())
    timers.run(load.run())
    print(json.dumps(load.result()))


if __name__ == "__main__":
    main()
