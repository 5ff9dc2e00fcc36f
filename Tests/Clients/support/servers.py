"""Private Redis and PostgreSQL servers, each in a folder of its own on a free loopback port.

Both can be killed and started again on the same data and the same port.
"""

import shutil
import signal
import subprocess
from pathlib import Path

import psycopg
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from .processes import Process, eventually, free_port, owner

POSTGRES_BIN = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)


def _tool(name):
    return str(POSTGRES_BIN / name) if POSTGRES_BIN else name


class RedisServer:
    def __init__(self, folder: Path):
        self.folder, self.port = folder, free_port()
        folder.mkdir(parents=True)
        self.start()

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}/0"

    def client(self):
        # No retries of its own: with them, SHUTDOWN would look for ten seconds for the server that it has just ended.
        return redis.Redis(port=self.port, socket_timeout=30, retry=Retry(NoBackoff(), 0))

    def start(self, wait=True):
        self.process = Process(
            "redis",
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder), "--save", "",
             "--appendonly", "yes", "--appendfsync", "everysec", "--stream-node-max-bytes", "1024",
             "--maxmemory-policy", "noeviction"],
            self.folder.parent / "redis.log")
        if wait:
            eventually(lambda: self.client().ping(), what="Redis answers")

    def kill(self):
        self.process.kill()

    def shut_down(self):
        """As an operator does it: `SHUTDOWN`, which writes what is left."""
        try:
            self.client().shutdown()
        except redis.ConnectionError:
            pass
        self.process.wait(20)

    def stop(self):
        self.process.stop(signal.SIGKILL)


class PostgresServer:
    """`template` is a data folder fresh from initdb, made once a session: copying it is ten times quicker."""

    def __init__(self, folder: Path, template: Path):
        self.folder, self.port = folder, free_port()
        # `cp` keeps the owner.
        subprocess.run(["cp", "-a", template, folder], check=True)
        self.start()

    @staticmethod
    def make_template(folder: Path):
        folder.mkdir(parents=True)
        if owner():
            shutil.chown(folder, owner(), owner())
        subprocess.run(
            [_tool("initdb"), "-D", str(folder), "-U", "postgres", "-A", "trust", "-N", "--no-instructions",
             "--wal-segsize", "1"], check=True,
            stdout=subprocess.DEVNULL, user=owner(), group=owner(), extra_groups=[] if owner() else None, cwd="/")

    @property
    def url(self):
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self):
        self.process = Process(
            "postgres",
            [_tool("postgres"), "-D", str(self.folder), "-p", str(self.port), "-k", str(self.folder),
             "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"],
            self.folder.parent / "postgres.log", user=owner(), cwd="/")
        eventually(lambda: self.query("SELECT 1"), what="PostgreSQL answers")

    def query(self, sql, *values):
        with psycopg.connect(self.url, autocommit=True, connect_timeout=5) as connection:
            return connection.execute(sql, values or None).fetchall()

    def stop(self):
        """SIGINT is PostgreSQL's fast shutdown: callers are cut off."""
        self.process.stop(signal.SIGINT, 20)
