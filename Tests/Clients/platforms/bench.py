"""The services under test, with the platforms they call, and the unmodified SDK in front of them.

In: pytest's workspace. Out: `Bench.ask`, one request of the SDK as an `Answer`, whole or streamed alike.
"""

import itertools
import time
from concurrent.futures import ThreadPoolExecutor

import openai
import pytest
from support.processes import eventually
from support.service import Service

from .answer import Answer
from .registry import NAMES, SERVICE_OF, SERVICES, WIRES
from .scenarios import marker

REST = 1.15  # COOLDOWN_UNUSABLE is a second


class Bench:
    """One for all test files of a session."""

    _shared = None

    def __init__(self, workspace, template):
        self.wires = {wire.name: wire() for wire in WIRES}
        self._ids = itertools.count(1)

        def start(number):
            wires = [self.wires[name] for name in NAMES if SERVICE_OF[name] == number]
            return Service(
                workspace / f"platforms-{number}" / "s", template, None, catalogue=catalogue(wires), UPSTREAM_FIRST_BYTE_TIMEOUT="10")

        with ThreadPoolExecutor(len(SERVICES)) as pool:
            self._services = list(pool.map(start, SERVICES))

    @classmethod
    def shared(cls, workspace, template):
        cls._shared = cls._shared or cls(workspace, template)
        return cls._shared

    def service(self, wire):
        return self._services[SERVICE_OF[wire.name]]

    def client(self, wire):
        return self.service(wire).openai()

    def fresh_id(self):
        return f"r{next(self._ids)}"

    def rested(self, wire):
        """The wire's only account is free again after what the tests before let it refuse."""
        eventually(lambda: time.monotonic() > wire.refused_at + REST, what="the account has rested")

    def ask(self, wire, scenario="chat", *, model="", stream=False, messages=None, variant=None, say="Hello.", **options):
        id = self.fresh_id()
        mark = marker(scenario, id, variant)
        messages = [*(messages or [{"role": "user", "content": say}])]
        place = next(n for n in reversed(range(len(messages))) if messages[n]["role"] == "user")
        messages[place] = {**messages[place], "content": marked(messages[place]["content"], mark)}
        options = {"model": wire.id + model, "messages": messages, **options}
        return Answer(self.client(wire), id, stream, options)

    def stop(self):
        services, self._services = self._services, []
        for service in services:
            service.stop()
        for wire in self.wires.values():
            wire.stop()


def marked(content, mark):
    if isinstance(content, str):
        return f"{content} {mark}"
    return [*content, {"type": "text", "text": mark}]


def catalogue(wires):
    models = [
        {"id": id, "name": id, "provider": wire.provider, "model_id": model, "max_tokens": wire.max_output}
        for wire in wires for id, model in wire.models.items()]
    models += [
        {"id": f"{wire.id}-embedding", "name": wire.embedding_model, "provider": wire.provider, "model_id": wire.embedding_model,
         "capabilities": {"embeddings": True}}
        for wire in wires if wire.embedding_model]
    accounts = [
        {"id": wire.id, "account_name": wire.name, "provider": wire.provider, "api_key": wire.key, "base_url": wire.base_url,
         **({"mode": wire.mode} if wire.mode else {}), **({"settings": wire.settings} if wire.settings else {})}
        for wire in wires]
    return {"models": models, "accounts": accounts}


@pytest.fixture(scope="session")
def bench(workspace, template):
    bench = Bench.shared(workspace, template)
    yield bench
    bench.stop()


@pytest.fixture(params=NAMES)
def wire(request, bench):
    """Starts without violations and ends without."""
    wire = bench.wires[request.param]
    wire.violations.clear()
    yield wire
    assert wire.violations == []


def refusal_of(call, *arguments, **options):
    with pytest.raises(openai.BadRequestError) as caught:
        call(*arguments, **options)
    return caught.value
