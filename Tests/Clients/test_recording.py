"""`worker --record`: what the strict platforms of this suite say is kept as it was, and nothing that anybody said or holds.

`AMS_WRITE_RECORDINGS=1` writes the folder `recordings` anew, for `test_replay.py`.
"""

import json
import os
import re
import shutil
import tempfile
from pathlib import Path

import openai
import pytest

from platforms.bench import Bench
from platforms.features import TOOLS
from platforms.recordings import FOLDER, Recording
from platforms.registry import NAMES
from platforms.scenarios import CALLS, CHAT, THOUGHT, UNICODE
from support.ledger import drained
from support.processes import eventually
from support.service import ANSWER_MARK, PROMPT_MARK, prompt
from support.upstream import answer

# name -> (scenario, streamed, suffix of the model, options)
KEPT = {
    "whole": ("chat", False, "", {}),
    "stream": ("framing.cut", True, "", {}),
    "tools": ("tools.text", True, "", {"tools": TOOLS}),
    "thinking": ("reasoning", True, "-reasoning", {"reasoning_effort": "high"}),
    "cut": ("drop", True, "", {}),
    "refused": ("fail", False, "", {}),
}
# A handful of the others. Whole answers and streams are kept of all modes.
CHOSEN = {
    "tools": ("openai", "anthropic", "alibaba/native", "tencent/native", "zhipu/key"),
    "thinking": ("anthropic", "alibaba/native"),
    "cut": ("openai", "tencent/native"), "refused": ("alibaba/compatible", "baidu/legacy")}


@pytest.fixture(scope="module")
def folder(workspace):
    return workspace / "recorded"


@pytest.fixture(scope="module")
def recorded(workspace, template, folder):
    """name of the wire and of the case -> its file, all recorded in one run."""
    bench = Bench(workspace, template, name="recording", RECORD_DIR=str(folder), MAX_ATTEMPTS="1")
    files = {}
    for name in NAMES:
        wire = bench.wires[name]
        for case, (scenario, stream, suffix, options) in KEPT.items():
            if name not in CHOSEN.get(case, NAMES):
                continue
            before = set(folder.glob("*.json")) if folder.exists() else set()
            variant = {"variant": wire.failures[0].name} if scenario == "fail" else {}
            try:
                bench.ask(wire, scenario, model=suffix, stream=stream, say=PROMPT_MARK, **variant, **options)
            except openai.APIStatusError:
                assert scenario == "fail"
            assert wire.violations == []
            [files[name, case]] = eventually(lambda: set(folder.glob("*.json")) - before, what="a recording")
    keys = [wire.key for wire in bench.wires.values()] + sorted(bench.wires["baidu/legacy"].tokens)
    bench.stop()
    return files, keys


def test_the_folder_holds_no_secret_and_nothing_that_was_said(recorded, folder):
    files, keys = recorded
    parts = {part for key in keys for part in [key, *re.split(r"[:.|/]", key)] if len(part) >= 8}
    said = {PROMPT_MARK, "quagga", CHAT, "你好", "thanks", THOUGHT, "想一想", "first the city", "漢字", "quoted", "Let me see",
        "scenario"}
    said |= {"weather", "Looks up", "京都", "San José", "call_a1", "902fee3b", "127.0.0.1", "eyJ", *CALLS[0], *CALLS[1]}
    assert len(list(folder.glob("*.json"))) == len(files) > 25
    for path in folder.iterdir():
        text = path.read_text()
        plain = text + json.dumps(json.loads(text), ensure_ascii=False)
        assert [word for word in parts | said if word in plain] == [], path.name


def test_what_is_kept_is_what_was_sent(recorded):
    files, _ = recorded
    for (name, case), path in files.items():
        kept = Recording(path)
        scenario, stream, _, options = KEPT[case]
        assert (kept.stream, kept.has_tools) == (stream, bool(options.get("tools"))), path.name
        assert kept.fails == (case in ("cut", "refused")), f"{name} {case}: {kept.end}"
        assert kept.request["method"] == "POST" and kept.request["path"] and kept.model and kept.body
        if case == "stream":
            # Three bytes and seven, as the platform cut them, unless curl read several at once.
            assert len(kept.pieces) > 20 and len(kept.text) == len(UNICODE), f"{name}: {len(kept.pieces)}"
        if case == "whole":
            assert len(kept.text) == len(CHAT) and kept.usage == (17, 9), name
        times = [milliseconds for milliseconds, _ in kept.pieces]
        assert times == sorted(times)


def test_the_shipped_recordings_are_of_this_suite(recorded):
    """Written by `AMS_WRITE_RECORDINGS=1`. Those of reports, which have other names, stay."""
    files, _ = recorded
    names = {f"{name.replace('/', '-')}-{case}.json": path for (name, case), path in files.items()}
    if os.environ.get("AMS_WRITE_RECORDINGS"):
        for name, path in names.items():
            shutil.copy(path, FOLDER / name)
    assert set(names) <= {path.name for path in FOLDER.glob("*.json")}


@pytest.fixture
def kept():
    """A folder for the files of one test."""
    folder = Path(tempfile.mkdtemp(prefix="ams-recordings-"))
    yield folder
    shutil.rmtree(folder)


def ask(service, upstream, text=ANSWER_MARK, **more):
    script = upstream.script(answer(text))
    body = {"model": "stub", "messages": prompt(), "x_script": script.name, **more}
    response = service.http.post("/v1/chat/completions", json=body)
    assert response.status_code == 200, response.text
    return response


def test_only_chosen_accounts_are_kept_and_options_win_over_settings(own_service, upstream, kept):
    service = own_service(workers=0, RECORD_DIR="/nowhere", RECORD_ACCOUNTS="stub-1,stub-2")
    service.add_worker(arguments=["--record", str(kept / "new"), "--record-accounts", "stub-2, other"])
    accounts = set()
    while accounts != {"stub-1", "stub-2"}:
        accounts.add(service.postgres.query(
            "SELECT account FROM usage_attempts WHERE request_id = %s",
            eventually(lambda id=ask(service, upstream).headers["x-job-id"]: id if booked(service, id) else None))[0][0])
    drained(service)
    asked = dict(service.postgres.query("SELECT account, count(*) FROM usage_attempts GROUP BY account"))
    assert len(eventually(lambda: list((kept / "new").iterdir()), what="a recording")) == asked["stub-2"]
    assert (kept / "new").stat().st_mode & 0o077 == 0


def booked(service, id):
    return service.postgres.query("SELECT 1 FROM usage_attempts WHERE request_id = %s AND final", id)


def test_files_and_their_sizes_are_bounded(own_service, upstream, kept):
    service = own_service(RECORD_DIR=str(kept), RECORD_MAX_FILES="2", RECORD_MAX_BYTES="1024")
    for _ in range(4):
        assert ANSWER_MARK * 1000 in ask(service, upstream, ANSWER_MARK * 1000).text
    worker = service.workers[0]
    eventually(lambda: "RECORD_MAX_FILES" in worker.log.read_text(), what="a word about it")
    files = [Recording(path) for path in kept.iterdir()]
    assert len(files) == 2 and {(file.end, len(file.body)) for file in files} == {("truncated", 1024)}
    assert worker.log.read_text().count("RECORD_MAX_FILES") == 1


def test_a_folder_that_cannot_be_written_harms_no_request(own_service, upstream):
    service = own_service(RECORD_DIR="/proc/no/such/folder")
    for stream in (False, True, False):
        assert ANSWER_MARK in ask(service, upstream, stream=stream).text
    log = service.workers[0].log
    eventually(lambda: "recording cannot be written" in log.read_text(), what="a word about it")
    assert log.read_text().count("recording cannot be written") == 1
