"""Child processes of the tests, and waiting for conditions.

In: a command and a log file. Out: a `Process` that is ended by its own handle, never by name. What the tests start, they
end: `Processes.stop_all` runs at the end of the session, also after a failure.
"""

import contextlib
import os
import signal
import socket
import subprocess
import time
from pathlib import Path


def eventually(condition, seconds=20.0, what="the condition"):
    """The first true value of `condition()`. Its exceptions count as "not yet"."""
    end, pause = time.monotonic() + seconds, 0.001
    last = None
    while time.monotonic() < end:
        try:
            value = condition()
            if value:
                return value
        except Exception as error:  # noqa: BLE001  told below, if it never gets better
            last = error
        time.sleep(pause)
        pause = min(2 * pause, 0.02)
    raise AssertionError(f"not within {seconds:g} s: {what}" + (f" (last: {last!r})" if last else ""))


_handed_out = []


def free_port():
    """Each is handed out once: the kernel may pick one again while whoever got it has not begun to listen.

    A name in the kernel's own space, which ends with this process, tells other runs of the tests, too.
    """
    for _ in range(100):
        with contextlib.closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        name = socket.socket(socket.AF_UNIX)
        try:
            name.bind(f"\0ai-model-service-test-port-{port}")
        except OSError:
            name.close()
            continue
        _handed_out.append(name)
        return port
    raise AssertionError("no free port")


class Process:
    """One child in its own session, its output in a file."""

    def __init__(self, name, command, log: Path, env=None, user=None, cwd=None, pass_fds=()):
        self.name, self.log = name, log
        with log.open("ab") as output:
            self._child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=env, user=user, group=user,
                extra_groups=[] if user else None, cwd=cwd, pass_fds=pass_fds, start_new_session=True)

    @property
    def pid(self):
        return self._child.pid

    @property
    def is_up(self):
        return self._child.poll() is None

    @property
    def rss(self):
        """Resident bytes."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError(f"{self.name} has no memory: is it gone?")

    def send(self, number):
        self._child.send_signal(number)

    def kill(self):
        """SIGKILL, and gone when this returns."""
        self._child.kill()
        self._child.wait(20)

    def wait(self, seconds=30.0):
        """The exit code."""
        return self._child.wait(seconds)

    def stop(self, number=signal.SIGTERM, seconds=5.0):
        self.ask_to_end(number)
        return self.end(seconds)

    def ask_to_end(self, number=signal.SIGTERM):
        if self.is_up:
            self.send(signal.SIGCONT)
            self.send(number)

    def end(self, seconds=5.0):
        """The exit code, after SIGKILL where it has not ended by itself within so many seconds."""
        try:
            return self.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._child.returncode

    def tail(self, lines=20):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def owner():
    """PostgreSQL refuses to run as root: then it runs as its own user."""
    return "postgres" if os.geteuid() == 0 else None
