"""Logs of all processes use one list of keys, so that one query works over all of them."""

import re

from support.service import ROOT

SETUP = (ROOT / "Sources/Shared/Logs/LogKey.swift").read_text()
KEYS = set(re.findall(r'static let \w+ = "(\w+)"', SETUP))


def test_every_key_of_a_log_line_stands_in_the_list():
    used = {
        (key, path.name) for path in (ROOT / "Sources").rglob("*.swift")
        for key in re.findall(r'"([A-Za-z_]+)":\s*"\\\(', path.read_text())}
    assert {(key, name) for key, name in used if key not in KEYS} == set()
    assert {"request_id", "job", "account", "model", "kind", "next"} <= KEYS
