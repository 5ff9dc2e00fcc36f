"""The service under test, with the platforms they call, and the unmodified SDK in front of them.

In: pytest's workspace. Out: `Bench.ask`, one request of the SDK as an `Answer`, whole or streamed alike.
"""

import itertools

import openai
import psycopg
import pytest
from support.service import Service

from .answer import Answer
from .matrix import MATRIX
from .registry import NAMES, WIRES
from .scenarios import marker

# An account whose platform refused cools down, some for 15 seconds. Then another one answers at once.
ACCOUNTS = 12


class Bench:
    """One for all test files of a session."""

    _shared = None

    def __init__(self, workspace, template, name="platforms", wires=WIRES, **settings):
        self.wires = {wire.name: wire() for wire in wires}
        self._ids = itertools.count(1)

        self.service = Service(
            workspace / name / "s", template, None, catalogue=catalogue(self.wires.values()),
            FLUSH_INTERVAL="0.01", UPSTREAM_FIRST_BYTE_TIMEOUT="10", **settings)
        self._client = self.service.openai()
        self._books = psycopg.connect(self.service.postgres.url, autocommit=True)

    @classmethod
    def shared(cls, workspace, template):
        cls._shared = cls._shared or cls(workspace, template)
        return cls._shared

    def client(self, wire):
        """Platforms are told apart by the name of the model alone."""
        return self._client

    def fresh_id(self):
        return f"r{next(self._ids)}"

    def ask(self, wire, scenario="chat", *, model="", stream=False, messages=None, variant=None, say="Hello.", **options):
        id = self.last_id = self.fresh_id()
        mark = marker(scenario, id, variant)
        messages = [*(messages or [{"role": "user", "content": say}])]
        place = next(n for n in reversed(range(len(messages))) if messages[n]["role"] == "user")
        messages[place] = {**messages[place], "content": marked(messages[place]["content"], mark)}
        # A tenant for each request, to find its attempts in the books also where no answer names the job.
        options = {"model": wire.id + model, "messages": messages, "extra_headers": {"X-Tenant": id}, **options}
        return Answer(self.client(wire), id, stream, options)

    def rows(self, wire, id):
        """`error_kind` of each attempt of the request with this id."""
        found = self._books.execute("SELECT error_kind FROM usage_attempts WHERE tenant = %s ORDER BY attempt", (id,))
        return [row[0] for row in found]

    def stop(self):
        if self.service is None:
            return
        service, self.service = self.service, None
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
        {"id": f"{wire.id}-{number}", "account_name": wire.name, "provider": wire.provider,
         "api_key": wire.key, "base_url": wire.base_url,
         "models": [*wire.models, *([f"{wire.id}-embedding"] if wire.embedding_model else [])],
         **({"mode": wire.mode} if wire.mode else {}), **({"settings": wire.settings} if wire.settings else {})}
        for wire in wires for number in range(ACCOUNTS)]
    return {"models": models, "accounts": accounts}


@pytest.fixture(scope="session")
def bench(request, workspace, template):
    bench = Bench.shared(workspace, template)
    if not request.config.pluginmanager.is_registered(MATRIX):
        request.config.pluginmanager.register(MATRIX)
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
