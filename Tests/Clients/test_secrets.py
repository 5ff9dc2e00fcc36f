"""After everything else: no key, prompt or answer of any test stands in any log of any process."""

import re

import pytest

from platforms.bench import bench  # noqa: F401  fixture
from platforms.scenarios import CHAT
from support.service import ANSWER_MARK, KEY_MARK, MASTER_KEY, PROMPT_MARK

pytestmark = pytest.mark.last


def test_no_log_of_the_whole_session_holds_a_secret(workspace, service):
    service.openai().chat.completions.create(model="sandbox", messages=[{"role": "user", "content": PROMPT_MARK}])
    logs = [path for path in workspace.rglob("*.log") if "/s/postgres/" not in str(path)]
    assert any("worker-1" in path.name for path in logs) and any("shim" in path.name for path in logs)
    assert any("job ended" in path.read_text() for path in logs), "the worker does not log at all"
    for path in logs:
        text = path.read_text(errors="replace")
        found = [mark for mark in (KEY_MARK, PROMPT_MARK, ANSWER_MARK, MASTER_KEY, "You said") if mark in text]
        assert found == [], f"{path.relative_to(workspace)}"


def test_no_log_holds_a_credential_of_any_platform(bench, workspace):
    """Keys whole and in their parts (AK, SK, SecretId, …), the tokens made of them, and what was said."""
    parts = {part for wire in bench.wires.values() for part in [wire.key, *re.split(r"[:.|/]", wire.key)] if len(part) >= 12}
    secrets = parts | bench.wires["baidu/legacy"].tokens | {CHAT, "access_token", "client_secret", "eyJ"}
    for wire in bench.wires.values():
        bench.ask(wire)
    logs = [path for path in (workspace / "platforms").rglob("*.log") if "/s/postgres/" not in str(path)]
    assert any("job ended" in path.read_text() for path in logs)
    for path in logs:
        text = path.read_text(errors="replace")
        assert [secret for secret in secrets if secret in text] == [], f"{path.relative_to(workspace)}"


def test_no_secret_stands_in_the_arguments_of_a_process(service):
    for process in service.processes:
        with open(f"/proc/{process.pid}/cmdline", "rb") as file:
            assert b"zanzibar" not in file.read() and len(service.processes) > 1
