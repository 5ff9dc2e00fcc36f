"""The virtual environment of LiteLLM, made where it is missing or its list of packages has changed."""

import shutil
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).parent / "requirements-litellm.txt"


def ensure(venv):
    stamp = venv / "requirements.txt"
    if stamp.exists() and stamp.read_text() == REQUIREMENTS.read_text():
        return
    print(f"installing LiteLLM from PyPI into {venv} (once, about 800 MB)", file=sys.stderr)
    if venv.exists():
        if not (venv / "pyvenv.cfg").exists():
            sys.exit(f"error: {venv} is there and is no virtual environment")
        shutil.rmtree(venv)
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    install = [venv / "bin/pip", "install", "-q", "--disable-pip-version-check", "-r", REQUIREMENTS]
    if subprocess.run(install, stdin=subprocess.DEVNULL).returncode:
        sys.exit("error: LiteLLM could not be installed from PyPI (pip says why above; is https://pypi.org reachable from here?). "
                 "`--only ours` measures without it.")
    stamp.write_text(REQUIREMENTS.read_text())
