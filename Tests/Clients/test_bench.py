"""`bench/compare.py` can be believed: its simulator and load generator against each other, without a service between them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"
sys.path.append(str(BENCH))
from reply import Reply  # noqa: E402
from simulator import Answers, chunk, event  # noqa: E402

WORDS = [f" w{number:05d}" for number in range(5)]


def compare(file, *options):
    """Its exit code, what it printed, and the figures of its one round, by load."""
    command = [sys.executable, BENCH / "compare.py", "--only", "direct", "--rounds", "1", "--seconds", "0.4", "--gap-ms", "4",
               "--rate", "50", "--json", file, *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert file.exists(), done.stderr
    figures = json.loads(file.read_text())["figures"]
    return done.returncode, done.stdout, {load: systems["direct"][0] for load, systems in figures.items()}


def test_simulator_and_load_generator_agree(tmp_path):
    code, printed, figures = compare(tmp_path / "figures.json")

    assert code == 0 and "WRONG" not in printed
    assert "| load | figure | direct |" in printed
    assert set(figures) == {"whole", "rate", "few_streams", "streams"}
    for figure in figures.values():
        assert figure["ok"] == figure["requests"] > 0 and not figure["faults"]
        assert 0 < figure["latency"]["p50"] <= figure["latency"]["p99"]
        assert figure["parts"]["(simulator)"]["cpu_seconds"] > 0
    assert figures["rate"]["requests"] == 20
    for load, at_once in (("few_streams", 10), ("streams", 50)):
        assert figures[load]["requests"] >= at_once
        assert figures[load]["latency"]["p50"] >= 49 * 4
        assert figures[load]["gap"]["n"] == 49 * figures[load]["ok"]
        assert 3 < figures[load]["gap"]["p50"] < 40


def test_a_dropped_token_is_noticed_in_every_reply(tmp_path):
    code, printed, figures = compare(tmp_path / "figures.json", "--drop", "7")

    assert code == 1 and "WRONG" in printed
    for figure in figures.values():
        assert figure["ok"] == 0 and figure["faults"] == {"tokens": figure["requests"]}


def stream(*events):
    return Answers(1, 0).first + b"".join(events) + b"0\r\n\r\n"


def words(*texts):
    return [chunk({"content": text}) for text in texts]


END, DONE = chunk({}, "stop"), event("[DONE]")


@pytest.mark.parametrize("fault, sent", [
    (None, stream(*words(*WORDS), END, DONE)),
    (None, stream(*words("".join(WORDS)), END, DONE)),
    ("tokens", stream(*words(*WORDS[::-1]), END, DONE)),
    ("tokens", stream(*words(*WORDS, WORDS[-1]), END, DONE)),
    ("no [DONE]", stream(*words(*WORDS), END)),
    ("finish_reason", stream(*words(*WORDS), DONE)),
    ("status 503", b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\n{}"),
], ids=["well", "all at once", "order", "doubled", "no end", "no reason", "refused"])
def test_a_stream_is_read_byte_by_byte_and_judged(fault, sent):
    reply = Reply(True, "".join(WORDS))

    is_over = [reply.feed(bytes([byte]), now) for now, byte in enumerate(sent)]

    assert is_over == [False] * (len(sent) - 1) + [True]
    assert reply.fault() == fault
