"""The service under test: workers and shims that are killed and started again, over a private Redis and PostgreSQL.

A member that the suite kills is marked `is_expected_dead` first. One that ends by itself is a violation.
"""

import asyncio
import base64
import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import redis.asyncio as aioredis
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Clients"))

from support import servers  # noqa: E402
from support.processes import Process  # noqa: E402
from support.servers import PostgresServer, RedisServer  # noqa: E402

import wire  # noqa: E402
from proxy import Proxy  # noqa: E402
from upstream import KEYS  # noqa: E402

PREFIX = "faults:"


def lasting_port():
    """Below the range that the system gives to outgoing connections: it must still be free after its owner was down."""
    while True:
        with contextlib.closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                port = random.SystemRandom().randint(10_000, 30_000)
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


servers.free_port = lasting_port
CAPABILITIES = {"chat": True, "streaming": True, "function_calling": True, "vision": True, "json_mode": True}


def settings(lease, slots):
    """Short times, so that minutes in production are seconds here. Accounts forgive what the platform is told to do."""
    return {
        "CACHE_PREFIX": PREFIX, "MASTER_KEY": base64.b64encode(b"0123456789abcdef0123456789abcdef").decode(),
        "LEASE": f"{lease:g}", "REAP_INTERVAL": "0.3" if lease < 10 else "3", "WORKER_CONCURRENCY": str(slots),
        "STREAM_LOG_TTL": "15", "JOB_LOG_TTL": "60", "JOB_DEADLINE": "40", "CANCEL_GRACE": "2", "WRITE_TIMEOUT": "3",
        "SWEEP_INTERVAL": "1", "PING_INTERVAL": "1", "SUBMIT_TIMEOUT": "2", "CONSUMER_SWEEP": "2", "CONSUMER_IDLE": "10",
        "FLUSH_TAKEOVER": "3", "FLUSH_SWEEP": "1", "UPSTREAM_IDLE_TIMEOUT": "3", "UPSTREAM_FIRST_BYTE_TIMEOUT": "8",
        "RETRY_BACKOFF": "0.2", "RETRY_BACKOFF_MAX": "2", "COOLDOWN_RATE_LIMITED": "0.3", "COOLDOWN_UNUSABLE": "1",
        "COOLDOWN_AUTHENTICATION": "1", "DISABLE_AFTER": "1000", "CIRCUIT_FAILURES": "1000", "CIRCUIT_SAMPLES": "20",
        "CIRCUIT_WINDOW": "1", "LEADER_LEASE": "2", "DRAIN_TIMEOUT": "20", "DRAIN_DELAY": "0.2", "SLOT_POLL": "0.2",
        "AFFINITY_TTL": "5",
        "LOG_LEVEL": "info", "LOG_FORMAT": "json", "CATALOG_REFRESH": "5",
    }


def catalogue(url, count=2):
    model = {"id": "stub", "name": "Stub", "provider": "openai", "model_id": "m", "input_price": 1.0, "output_price": 2.0,
             "capabilities": CAPABILITIES}
    sandbox = {"id": "sandbox", "name": "Sandbox", "provider": "sandbox", "capabilities": CAPABILITIES}
    accounts = [{"id": name, "account_name": name, "provider": "openai", "api_key": key, "base_url": url,
                 **({"concurrency": 12} if name == "b" else {})} for key, name in list(KEYS.items())[:count]]
    return {"models": [model, sandbox],
            "accounts": [*accounts, {"id": "sandbox-1", "account_name": "Sandbox", "provider": "sandbox"}]}


def last_words(process):
    """The reason of its end: the trap, or else its last lines."""
    lines = process.tail(400).splitlines()
    return "\n".join([line for line in lines if "Fatal error" in line or '"critical"' in line][-1:] or lines[-4:])


class Member:
    """A worker or a shim that may be another process tomorrow."""

    def __init__(self, fleet, kind, number, redis_url):
        self.fleet, self.kind, self.name, self.redis_url = fleet, kind, f"{kind}-{number}", redis_url
        self.port, self.process, self.is_expected_dead, self.is_frozen = lasting_port(), None, False, False
        self.busy, self.deaths = asyncio.Lock(), 0

    def start(self, **extra):
        command = [self.fleet.bin / "worker"] if self.kind == "worker" else [self.fleet.bin / "submitter", "serve"]
        port = "WORKER_PORT" if self.kind == "worker" else "SERVICE_PORT"
        environment = {**self.fleet.environment, "REDIS_URL": self.redis_url, port: str(self.port), **extra}
        self.is_expected_dead = self.is_frozen = False
        self.process = Process(self.name, command, self.fleet.folder / f"{self.name}.log", env=environment)
        self.started = time.time()

    @property
    def pid(self):
        return self.process.pid

    @property
    def is_up(self):
        return self.process is not None and self.process.is_up

    async def ready(self, seconds=30):
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            try:
                response = await asyncio.wait_for(wire.ask(self.port, "GET", "/ready"), 5)
                response.close()
                if response.status == 200:
                    return True
            except (OSError, asyncio.TimeoutError):
                pass
            await asyncio.sleep(0.1)
        return False

    async def kill(self):
        self.is_expected_dead = True
        await asyncio.to_thread(self.process.kill)

    async def restart(self, **extra):
        """Starts it after a death, on the same port, as a supervisor does it."""
        self.start(**extra)

    async def roll(self, seconds=60):
        """SIGTERM, its own end, and a new process. Returns the exit code."""
        self.is_expected_dead = True
        self.process.send(signal.SIGTERM)
        code = await asyncio.to_thread(self._wait, seconds)
        self.start()
        return code

    def _wait(self, seconds):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return "no end within its drain timeout"


class Fleet:
    def __init__(self, folder, bin, upstream_url, workers=4, shims=2, lease=2.0, slots=8, extra=None, template=None,
        worker_extra=None,
                 accounts=2, is_first_proxied=False):
        self.folder, self.bin, self.upstream_url, self.lease = Path(folder), Path(bin), upstream_url, lease
        self.counts, self.settings = (workers, shims), {**settings(lease, slots), **(extra or {})}
        self.worker_extra, self.accounts, self.is_first_proxied = worker_extra or {}, accounts, is_first_proxied
        self.template, self.workers, self.shims, self.crashes = template, [], [], []
        self.redis = self.postgres = self.proxy = None

    async def start(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        self.redis = await asyncio.to_thread(RedisServer, self.folder / "redis")
        if self.template is None:
            self.template = self.folder / "template"
            await asyncio.to_thread(PostgresServer.make_template, self.template)
        self.postgres = await asyncio.to_thread(PostgresServer, self.folder / "pg", self.template)
        self.proxy = Proxy(self.redis.port)
        await self.proxy.start()
        self.client = aioredis.Redis(port=self.redis.port, socket_timeout=10, socket_connect_timeout=2)
        file = self.folder / "catalog.yaml"
        file.write_text(yaml.safe_dump(catalogue(self.upstream_url, self.accounts)))
        await self._migrate(file)
        # Every second one sits behind the proxy, so that its faults hit some and not all.
        urls = [self.redis.url, f"redis://127.0.0.1:{self.proxy.port}/0"][::-1 if self.is_first_proxied else 1]
        self.workers = [Member(self, "worker", number, urls[number % 2]) for number in range(self.counts[0])]
        self.shims = [Member(self, "shim", number, urls[(number + 1) % 2]) for number in range(self.counts[1])]
        for member in self.members:
            member.start(**(self.worker_extra if member.kind == "worker" else {}))
        for member in self.members:
            if not await member.ready(60):
                raise RuntimeError(f"{member.name} is not ready\n{member.process.tail()}")

    async def _migrate(self, file):
        """Loads the catalogue, by `catalog apply` where the command line has it."""
        environment = {**self.environment, "CATALOG_FILE": str(file), "REDIS_URL": self.redis.url}
        for arguments in (["migrate"], ["catalog", "apply", str(file)]):
            done = await asyncio.to_thread(
                subprocess.run, [self.bin / "submitter", *arguments], env=environment, capture_output=True, text=True,
                timeout=60)
            if arguments[0] == "migrate" and done.returncode != 0:
                raise RuntimeError(f"migrate fails: {done.stderr[-2000:]}")

    @property
    def environment(self):
        keep = {name: os.environ[name] for name in ("PATH", "HOME", "LD_LIBRARY_PATH") if name in os.environ}
        return {**keep, "SWIFT_BACKTRACE": "enable=no", "DATABASE_URL": self.postgres.url, **self.settings,
            "CATALOG_FILE": str(self.folder / "catalog.yaml")}

    @property
    def members(self):
        return [*self.workers, *self.shims]

    async def add_worker(self, **extra):
        worker = Member(self, "worker", len(self.workers), self.redis.url)
        self.workers.append(worker)
        worker.start(**extra)
        await worker.ready()
        return worker

    def worker_of(self, pid):
        return next((worker for worker in self.workers if worker.process and worker.pid == pid), None)

    def key(self, name):
        return f"{PREFIX}{{0}}:{name}"

    async def watch(self, book):
        """Notices members that end by themselves, and starts them again, so that a crash is told once."""
        while True:
            for member in self.members:
                if member.process and not member.process.is_up and not member.is_expected_dead and not member.busy.locked():
                    code = member.process.wait(1)
                    self.crashes.append((time.time(), member.name, member.pid, code, last_words(member.process)))
                    book.fault("crash", f"{member.name} ended with {code}", [member.pid], member.kind)
                    book.faults[-1].ended = time.time()
                    member.start()
                    member.deaths += 1
                    await asyncio.sleep(min(5, 0.2 * member.deaths))
            await asyncio.sleep(0.2)

    async def stop(self):
        for member in self.members:
            if member.is_up:
                member.is_expected_dead = True
                member.process.send(signal.SIGCONT)
                member.process.send(signal.SIGTERM)
        await asyncio.gather(*(asyncio.to_thread(member.process.stop, signal.SIGTERM, 10)
                               for member in self.members if member.process))
        if self.proxy:
            self.proxy.stop()
        for server in (self.postgres, self.redis):
            if server:
                await asyncio.to_thread(server.stop)
        if hasattr(self, "client"):
            await self.client.aclose()

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)
