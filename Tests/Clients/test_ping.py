"""`worker --ping`: the cheapest call that proves each account's key, by all platforms and modes."""

import subprocess
import tempfile
from pathlib import Path

import pytest

from platforms.bench import bench, catalogue  # noqa: F401  fixture
from support.service import BIN, Service


def ping(service):
    return subprocess.run([BIN / "worker", "--ping"], env=service.environment, text=True, capture_output=True, timeout=60)


def test_every_platform_says_that_its_key_is_good(bench):
    for wire in bench.wires.values():
        wire.violations.clear()
    result = ping(bench.service)
    assert result.returncode == 0, result.stdout[-2000:]
    for wire in bench.wires.values():
        assert f"ok    {wire.id}-0 ({wire.provider})" in result.stdout
        assert wire.violations == []
        assert wire.key not in result.stdout + result.stderr


@pytest.fixture
def badly_keyed(bench, workspace, template):
    """One account of each wire, with a key of the right form that no platform has given out."""
    made = catalogue(bench.wires.values())
    made["accounts"] = [account for account in made["accounts"] if account["id"].endswith("-0")]
    for account in made["accounts"]:
        # All keys end in letters or digits. This keeps separators and prefixes as they are.
        account["api_key"] = account["api_key"][:-4] + "zzzz"
    folder = Path(tempfile.mkdtemp(prefix="ping-", dir=workspace)) / "s"
    service = Service(folder, template, None, workers=0, catalogue=made)
    yield service
    service.stop()
    for wire in bench.wires.values():
        wire.violations.clear()


def test_every_platform_says_that_another_key_is_not(bench, badly_keyed):
    result = ping(badly_keyed)
    assert result.returncode == 1
    for wire in bench.wires.values():
        [line] = [line for line in result.stdout.splitlines() if f" {wire.id}-0 " in line]
        assert line.startswith("FAIL") and "authentication" in line, line
    assert "zzzz" not in result.stdout + result.stderr
