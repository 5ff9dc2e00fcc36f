"""The systems to measure: each is a TOML file that names its processes, as README.md in this folder describes.

A system's processes get no environment but what its file says, so that no key or setting of the caller's reaches them.
"""

import contextlib
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from pathlib import Path

BENCH = Path(__file__).resolve().parent


def free_ports(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def wait_for(condition, what, seconds, child):
    """Until the condition holds; an exception of the network counts as "not yet"."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError, urllib.error.URLError):
            if condition():
                return
        if child.process.poll() is not None:
            raise SystemExit(f"error: {child.name} ended with {child.process.returncode}:\n{child.tail()}")
        time.sleep(0.05)
    raise SystemExit(f"error: {what} not within {seconds} s:\n{child.tail()}")


def listens(port):
    socket.create_connection(("127.0.0.1", port), 1).close()
    return True


def answers(url):
    return urllib.request.urlopen(url, timeout=3).status == 200


class Child:
    """A process in a session of its own, its output in a file."""

    def __init__(self, name, command, folder, environment=None):
        self.name, self.log = name, folder / f"{name}.log"
        plain = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8"}
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=folder,
                env={**plain, **(environment or {})}, start_new_session=True)
        self.pid = self.process.pid

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(8)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()

    def tail(self):
        return self.log.read_text(errors="replace")[-1500:]


class Simulator:
    """The platform that all systems ask."""

    def __init__(self, folder, *options):
        self.port, = free_ports(1)
        self.child = Child("simulator", [sys.executable, BENCH / "simulator.py", "--port", self.port, *options], folder)
        try:
            wait_for(lambda: listens(self.port), "the simulator is up", 10, self.child)
        except BaseException:
            self.stop()
            raise

    def requests(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/stats", timeout=5) as reply:
            return int(re.search(rb"\d+", reply.read())[0])

    def stop(self):
        self.child.stop()


class Direct:
    """No system at all: the load generator asks the simulator."""

    name, roots, key, version, about = "direct", {}, "sk-none", "", "the load generator asks the simulator itself"

    def __init__(self, simulator):
        self.url = f"http://127.0.0.1:{simulator.port}/v1/chat/completions"

    def stop(self):
        pass


class System:
    """One file's processes, up when this is made."""

    def __init__(self, name, folder, simulator, places):
        self.name, self.folder, self.children = name, folder / name, []
        entry = tomllib.loads((BENCH / f"{name}.toml").read_text())
        self.folder.mkdir()
        self.folder.chmod(0o755)  # PostgreSQL runs as a user of its own
        self.values = {**places, "run": self.folder, "upstream": simulator.port, "secret": f"sk-{secrets.token_hex(16)}"}
        self.values |= zip(("port", "port2", "port3", "port4"), free_ports(4))
        self.url = f"http://127.0.0.1:{self.values['port']}/v1/chat/completions"
        self.key, self.about = self.fill(entry["key"]), entry["settings"]
        for file, text in entry.get("files", {}).items():
            (self.folder / file).write_text(self.fill(text))
        words = [self.fill(word) for word in entry["version"]]
        self.version = subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
        try:
            self.start(entry)
        except BaseException:
            self.stop()
            raise

    def fill(self, text):
        """`@name@` and `${NAME}` become values."""
        return re.sub(r"@(\w+)@|\$\{(\w+)\}", lambda found: str(self.values[found[1] or found[2]]), text)

    def start(self, entry):
        for process in entry["process"]:
            environment = {name: self.fill(value) for name, value in process.get("env", {}).items()}
            child = Child(process["name"], map(self.fill, process["cmd"]), self.folder, environment)
            self.children.append(child)
            if "then_port" in process:
                port = int(self.fill(process["then_port"]))
                wait_for(lambda: listens(port), f"{child.name} is up", 60, child)
        base = self.url.removesuffix("/v1/chat/completions")
        wait_for(lambda: answers(base + entry["ready"]), f"{self.name} is ready", entry["start_s"], self.children[-1])

    @property
    def roots(self):
        return {child.name: child.pid for child in self.children}

    def stop(self):
        for child in reversed(self.children):
            child.stop()
