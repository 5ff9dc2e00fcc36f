"""docs/configuration.md says what the binaries say of themselves."""

import subprocess
from pathlib import Path

from support.service import BIN

DOCS = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"


def printed(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_the_configuration_page_lists_every_setting_as_the_binaries_do():
    page = DOCS.read_text()

    assert printed(BIN / "worker", "--list-settings") in page
    assert printed(BIN / "submitter", "config", "--list-settings") in page
