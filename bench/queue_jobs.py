#!/usr/bin/env python3
"""Producer and witness of bench/queue.toml: sends sandbox jobs by plain XADD and marks each when its end is published.

Other queues mark a job when it starts. Ours is marked by its end, so the mark comes a little later than a start would.

Usage: bench/queue_jobs.py JOBS PER_SECOND     (0 a second: as fast as it goes)
"""

import os
import re
import socket
import struct
import sys
import threading
import time

PREFIX = "ai_model_service:"
LANE = PREFIX + "{0}:q:normal"
BODY = b'{"model":"sandbox","messages":[{"role":"user","content":"[[delay_ms=0]] one"}]}'
ENDED = re.compile(rb"0-job(\d{8})-\w+ \S+ \S+ e ")


def command(*parts):
    parts = [part if isinstance(part, bytes) else str(part).encode() for part in parts]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


def connect():
    return socket.create_connection(("127.0.0.1", int(os.environ["BENCH_REDIS_PORT"])))


def witness(connection, slots, jobs, sent):
    """Reads published ends until all jobs have one."""
    rest, seen = b"", 0
    while seen < jobs:
        data = connection.recv(1 << 20)
        if not data:
            raise SystemExit("Redis closed the subscription")
        now, text, last = time.monotonic(), rest + data, 0
        for end in ENDED.finditer(text):
            number, last = int(end[1]), end.end()
            os.pwrite(slots, struct.pack("dd", now, sent[number]), 16 * number)
            seen += 1
        rest = text[max(last, len(text) - 256):]


def produce(connection, run, jobs, rate, sent):
    began, batch = time.monotonic(), 1 if rate else 200
    for first in range(0, jobs, batch):
        if rate:
            time.sleep(max(0, began + first / rate - time.monotonic()))
        numbers = range(first, min(jobs, first + batch))
        text = b"".join(
            command("XADD", LANE, "*", "v", 1, "id", f"0-job{number:08d}-{run}", "sh", f"bench-{run}+", "req", BODY)
            for number in numbers)
        for number in numbers:
            sent[number] = time.monotonic()
        connection.sendall(text)
        answers = b""
        while answers.count(b"\r\n") < 2 * len(numbers):
            answers += connection.recv(1 << 16)
        if b"-" in answers[:1]:
            raise SystemExit(answers.decode())


def main():
    jobs, rate, run = int(sys.argv[1]), float(sys.argv[2]), f"{os.getpid()}x{time.time_ns()}"
    if not jobs:
        return
    slots, sent = os.open(os.environ["BENCH_SLOTS"], os.O_RDWR | os.O_CREAT), [0.0] * jobs
    listening = connect()
    listening.sendall(command("SUBSCRIBE", f"{PREFIX}shim:bench-{run}+"))
    listening.recv(4096)
    reader = threading.Thread(target=witness, args=(listening, slots, jobs, sent))
    reader.start()
    produce(connect(), run, jobs, rate, sent)
    reader.join()


main()
