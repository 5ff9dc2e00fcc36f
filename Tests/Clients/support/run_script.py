"""`scripts/run` over a state folder of the test's own, with the built binaries in place of a release build."""

import os
import subprocess
from pathlib import Path

from .service import BIN, ROOT


class RunScript:
    def __init__(self, state: Path):
        state.mkdir(parents=True)
        state.chmod(0o755)
        self.state = state

    @property
    def environment(self):
        """Without the settings of the shell that runs the tests."""
        keep = {name: os.environ[name] for name in ("PATH", "HOME", "LD_LIBRARY_PATH") if name in os.environ}
        return {**keep, "STATE_DIR": str(self.state), "AMS_BIN": str(BIN.resolve())}

    def __call__(self, *arguments, **environment):
        """One call of the script to its end."""
        return subprocess.run(
            [ROOT / "scripts/run", *arguments], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL,
            env={**self.environment, **environment})

    def up(self, **environment):
        done = self(**environment)
        assert done.returncode == 0, done.stderr
        return done

    def shell(self, text, seconds=60, **environment):
        """A command in a shell that did what the README says: `eval "$(scripts/run --env)"`."""
        text = f'set -o pipefail\neval "$({ROOT}/scripts/run --env)"\n{text}'
        return subprocess.run(
            ["bash", "-c", text], capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL,
            cwd=ROOT, env={**self.environment, **environment})

    def port(self, name):
        return int((self.state / f"{name}.port").read_text())

    def pids(self):
        names = ("redis", "postgres", "worker", "shim")
        return {name: (self.state / f"{name}.pid").read_text().split()[0] for name in names}

    def stop(self):
        assert self("--stop").returncode == 0
