"""The service under test: its built binaries over a private Redis and PostgreSQL, with a catalogue of the test's own.

In: a folder, the platform's URL, settings that differ. Out: a `Service` whose parts can be killed and started again.
"""

import base64
import itertools
import os
import subprocess
from pathlib import Path

import httpx
import openai
import yaml

from .processes import Process, eventually, free_port
from .servers import PostgresServer, RedisServer

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(os.environ.get("AMS_BIN") or ROOT / ".build/debug")

# Words that stand in every key, prompt and answer of these tests, and must stand in no log.
KEY_MARK, PROMPT_MARK, ANSWER_MARK = "sk-zanzibar-key", "quagga-prompt", "okapi-answer"
KEYS = [f"{KEY_MARK}-one", f"{KEY_MARK}-two"]
MASTER_KEY = base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
PREFIX = "acceptance:"
ALL = {"chat": True, "streaming": True, "function_calling": True, "vision": True, "json_mode": True}

# Short, so that a dead worker costs a test seconds and a row of the ledger milliseconds. Everything else is as in production.
# Scripted failures must not disable an account or open a circuit for the tests after them: `test_pool.py` shows that they do.
FORGIVING = {
    "DISABLE_AFTER": "1000", "CIRCUIT_FAILURES": "1000", "CIRCUIT_SAMPLES": "20", "CIRCUIT_WINDOW": "1",
    "COOLDOWN_AUTHENTICATION": "1",
}
SETTINGS = {
    **FORGIVING,
    "LEASE": "2", "REAP_INTERVAL": "0.3", "CANCEL_GRACE": "0", "COOLDOWN_RATE_LIMITED": "0.3", "COOLDOWN_UNUSABLE": "1",
    "FLUSH_INTERVAL": "0.05",
    "CLAIM_BLOCK": "0.5", "RETRY_BACKOFF": "0.2", "UPSTREAM_FIRST_BYTE_TIMEOUT": "20", "LOG_LEVEL": "debug",
    "LOG_FORMAT": "json", "CACHE_PREFIX": PREFIX, "MASTER_KEY": MASTER_KEY, "DRAIN_DELAY": "0.1",
    "API_PAGES_DIR": str(ROOT / ".local/api-pages"),
}


def stub_catalogue(upstream_url):
    return {
        "models": [
            {"id": "sandbox", "name": "Sandbox", "provider": "sandbox", "aliases": ["demo"], "capabilities": ALL},
            {"id": "stub", "name": "Stub", "provider": "openai", "model_id": "stub-2026", "input_price": 1.0,
             "output_price": 2.0, "capabilities": ALL},
            {"id": "sandbox-embedding", "name": "Vectors", "provider": "sandbox", "capabilities": {"embeddings": True}},
            {"id": "deaf", "name": "Cannot stream", "provider": "openai", "capabilities": {**ALL, "streaming": False}},
        ],
        "accounts": [
            {"id": "sandbox-1", "account_name": "Sandbox", "provider": "sandbox"},
            {"id": "stub-1", "account_name": "First", "provider": "openai", "api_key": KEYS[0], "base_url": upstream_url},
            {"id": "stub-2", "account_name": "Second", "provider": "openai", "api_key": KEYS[1], "base_url": upstream_url},
        ],
    }


class Service:
    def __init__(self, folder: Path, template: Path, upstream, workers=1, catalogue=None, redis=RedisServer, **settings):
        folder.mkdir(parents=True)
        folder.parent.chmod(0o755)
        self.folder, self.upstream, self._names = folder, upstream, itertools.count(1)
        # Without a worker the shim would not be ready.
        alone = {} if workers else {"READY_WITHOUT_WORKERS": "true"}
        self.settings = {**SETTINGS, **alone, **settings}
        self.workers, self.shim, self.postgres, self.redis = [], None, None, None
        try:
            self.redis = redis(folder / "redis")
            self.postgres = PostgresServer(folder / "postgres", template)
            (folder / "catalog.yaml").write_text(yaml.safe_dump(catalogue or stub_catalogue(upstream.url)))
            for command in (["migrate"], ["catalog", "apply", str(folder / "catalog.yaml")]):
                done = self.run(*command)
                assert done.returncode == 0, f"submitter {command[0]} fails\n{done.stderr}"
            for _ in range(workers):
                self.add_worker(wait=False)
            self.start_shim()
            self.wait_ready()
        except BaseException:
            self.stop()
            raise

    @property
    def environment(self):
        keep = {name: os.environ[name] for name in ("PATH", "HOME", "LD_LIBRARY_PATH") if name in os.environ}
        return {
            **keep, "REDIS_URL": self.redis.url, "DATABASE_URL": self.postgres.url, **self.settings,
            "CATALOG_FILE": str(self.folder / "catalog.yaml")}

    def run(self, *arguments, seconds=60, stdin="", **environment):
        """One command of `submitter`, to its end."""
        return subprocess.run(
            [BIN / "submitter", *arguments], env={**self.environment, **environment}, input=stdin, text=True,
            capture_output=True, timeout=seconds)

    def add_worker(self, wait=True, arguments=(), **settings):
        name, port = f"worker-{next(self._names)}", free_port()
        worker = Process(
            name, [BIN / "worker", *arguments], self.folder / f"{name}.log",
            env={**self.environment, "WORKER_PORT": str(port), **settings})
        worker.port = port
        self.workers.append(worker)
        if wait:
            self._until_ready(worker)
        return worker

    def start_shim(self):
        self.port = free_port()
        self.shim = Process(
            "shim", [BIN / "submitter", "serve"], self.folder / f"shim-{self.port}.log",
            env={**self.environment, "SERVICE_PORT": str(self.port)})
        self.shim.port = self.port

    def wait_ready(self):
        for process in [*self.workers, self.shim]:
            self._until_ready(process)

    def _until_ready(self, process):
        def ready():
            assert process.is_up, f"{process.name} ended\n{process.tail()}"
            return httpx.get(f"http://127.0.0.1:{process.port}/ready").status_code == 200

        eventually(ready, 30, f"{process.name} is ready")

    @property
    def processes(self):
        """The service's own: for checks that none was restarted."""
        return [*self.workers, self.shim]

    # MARK: callers

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def http(self):
        return httpx.Client(base_url=self.url, timeout=90)

    def openai(self, **options):
        """The SDK as it comes: only the base URL is ours."""
        return openai.OpenAI(**{"base_url": f"{self.url}/v1", "api_key": "unused", "max_retries": 0, "timeout": 90, **options})

    def async_openai(self, **options):
        return openai.AsyncOpenAI(
            **{"base_url": f"{self.url}/v1", "api_key": "unused", "max_retries": 0, "timeout": 90, **options})

    def key(self, name, shard=0):
        return f"{PREFIX}{{{shard}}}:{name}"

    @property
    def shards(self):
        return range(int(self.settings.get("QUEUE_SHARDS", 1)))

    def stop(self):
        """Every part that still runs must end on SIGTERM by itself, within seconds and with exit code 0."""
        running = [process for process in [*self.workers, self.shim] if process and process.is_up]
        for process in running:
            process.ask_to_end()
        codes = {process.name: process.end(8) for process in running}
        for server in (self.postgres, self.redis):
            if server:
                server.stop()
        assert set(codes.values()) <= {0}, f"exit codes after SIGTERM: {codes}"


def prompt(text=""):
    return [{"role": "user", "content": f"{PROMPT_MARK} {text}"}]


def job_id(completion_id):
    return completion_id.removeprefix("chatcmpl-")
