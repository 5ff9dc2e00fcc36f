"""Property: however a server puts an answer into chunks, stock clients read the same answer, streamed as well as whole.

Seeded, so that a failure names the case that shows it again. `STOCK_CLIENTS_SECONDS` is the time to spend (20), and
`STOCK_CLIENTS_SEED` the first seed (1). With `STOCK_CLIENTS_SECONDS=0` that seed alone is tried.
"""

import itertools
import json
import os
import random
import time

import pytest

from shapes.content import Content
from shapes.readers import STREAMING, instructor_partial, instructor_whole, whole
from shapes.server import Server

SECONDS = float(os.environ.get("STOCK_CLIENTS_SECONDS", 20))
SEED = int(os.environ.get("STOCK_CLIENTS_SEED", 1))


def answering(stream, answer, seed):
    """A platform that sends the bytes of the stream in pieces of any size."""

    async def behave(call):
        if not call.body.get("stream"):
            return await call.json(answer)
        dice, rest = random.Random(seed), stream
        await call.head(content_type="text/event-stream")
        while rest:
            length = dice.choice([1, 7, 64, 1024, 1 << 16])
            await call.chunk(rest[:length])
            rest = rest[length:]
        await call.finish()

    return behave


def seeds(share):
    """At least one, and as many as there is time for."""
    end = time.monotonic() + SECONDS * share
    for seed in itertools.count(SEED):
        yield seed
        if time.monotonic() >= end:
            return


def prepared(upstream, seed, content=None):
    dice = random.Random(seed)
    content = content or Content.random(dice)
    server = Server(content, dice)
    stream, answer = server.stream(), server.whole()
    return content, stream, answer, upstream.script(answering(stream, answer, seed)).name


def test_every_stock_client_reads_the_same_answer(service, upstream):
    count = 0
    for seed in seeds(0.8):
        content, stream, answer, script = prepared(upstream, seed)
        for name, read in {"whole": whole, **STREAMING}.items():
            try:
                found = read(service, script)
                assert found.matches(content), found
            except Exception as error:
                pytest.fail(f"seed {seed}, {name}: {error!r}\n{content}\n{answer}\n{stream.decode()}")
        count += 1
    print(f"{count} answers read alike")


def test_instructor_reads_the_arguments_of_a_call(service, upstream):
    for seed in seeds(0.2):
        arguments = {"city": f"Zürich {seed}", "day": "{\"x\"}"}
        content = Content(
            calls=[("get_weather", json.dumps(arguments))], reason="tool_calls",
            usage={"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3})
        _, stream, answer, script = prepared(upstream, seed, content)
        for read in (instructor_partial, instructor_whole):
            try:
                assert read(service, script) == arguments
            except Exception as error:
                pytest.fail(f"seed {seed}, {read.__name__}: {error!r}\n{answer}\n{stream.decode()}")
