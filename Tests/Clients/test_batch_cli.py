"""`submitter batch`: a file of requests, stopped at any moment and continued, with its journal, progress and exit codes."""

import gzip
import json
import os
import random
import re
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from support.processes import eventually
from support.service import BIN, PROMPT_MARK
from support.terminal import on_terminal
from support.upstream import answer, failing


class Files:
    """The files of one batch, and the command over them."""

    def __init__(self, service, folder):
        self.service, self.folder = service, folder
        self.input, self.output = folder / "in.jsonl", folder / "out.jsonl"
        self.errors, self.journal = folder / "out.errors.jsonl", folder / "out.jsonl.journal"

    def write(self, lines):
        self.input.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))

    def run(self, *options, **more):
        return self.service.run("batch", "run", str(self.input), "-o", str(self.output), *options, **more)

    def start(self, *options, **more):
        return subprocess.Popen(
            [BIN / "submitter", "batch", "run", self.input, "-o", self.output, *options], env=self.service.environment,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)

    def do(self, command, *arguments, **more):
        return self.service.run("batch", command, *arguments, **more)

    @property
    def results(self):
        return [json.loads(line) for line in self.output.read_text().splitlines()]

    @property
    def failures(self):
        return [json.loads(line) for line in self.errors.read_text().splitlines()] if self.errors.exists() else []

    @property
    def ids(self):
        return [row["custom_id"] for row in self.results + self.failures]

    @property
    def batch(self):
        return json.loads(self.journal.read_text().splitlines()[0])["batch"]

    def status(self, id=None):
        return json.loads(self.do("status", id or self.batch, "--json").stdout)


@pytest.fixture
def files(service):
    with tempfile.TemporaryDirectory(prefix="batch-") as folder:
        yield Files(service, Path(folder))


def chat(id, text="hi", model="sandbox", **more):
    body = {"model": model, "messages": [{"role": "user", "content": f"{text} {PROMPT_MARK}"}], **more}
    return {"custom_id": str(id), "method": "POST", "url": "/v1/chat/completions", "body": body}


def embeddings(id, text="hi"):
    body = {"model": "sandbox-embedding", "input": [text]}
    return {"custom_id": str(id), "method": "POST", "url": "/v1/embeddings", "body": body}


def numbered(count, text="hi"):
    return [chat(number, text) for number in range(count)]


def expect_whole(files, count):
    assert sorted(files.ids, key=int) == [str(number) for number in range(count)]


# MARK: running


def test_a_file_is_answered_line_by_line(files):
    files.write(numbered(25))
    done = files.run()
    assert done.returncode == 0, done.stderr
    expect_whole(files, 25)
    row = files.results[0]
    assert set(row) == {"id", "custom_id", "response", "error"} and row["error"] is None
    assert row["response"]["status_code"] == 200
    assert row["response"]["body"]["choices"][0]["message"]["content"].startswith("You said: hi")
    assert not files.errors.exists() and done.stdout == ""
    assert PROMPT_MARK not in done.stderr


def test_embeddings_are_answered_too(files):
    files.write([embeddings("a"), embeddings("b")])
    assert files.run().returncode == 0
    assert all(row["response"]["body"]["data"][0]["embedding"] for row in files.results)


def test_short_forms_and_plain_text_get_the_number_of_their_line(files):
    files.write([
        {"prompt": f"one {PROMPT_MARK}"}, "", f"two {PROMPT_MARK}",
        {"messages": [{"role": "user", "content": f"three {PROMPT_MARK}"}], "custom_id": "own"},
        {"custom_id": "claude", "params": {"max_tokens": 9, "messages": [{"role": "user", "content": "four"}]}}])
    assert files.run("--model", "sandbox").returncode == 0
    said = {row["custom_id"]: row["response"]["body"]["choices"][0]["message"]["content"] for row in files.results}
    assert set(said) == {"1", "3", "own", "claude"}
    assert "one" in said["1"] and "two" in said["3"] and "three" in said["own"] and "four" in said["claude"]


def test_marks_carriage_returns_and_gzip_are_read(files):
    text = "\ufeff" + "\r\n".join(json.dumps(line) for line in numbered(3))
    files.input.write_bytes(gzip.compress(text.encode()))
    assert files.run().returncode == 0
    expect_whole(files, 3)


def test_standard_input_is_read_once_and_continued_without_it(files):
    text = "".join(json.dumps(line) + "\n" for line in numbered(5))
    command = ("batch", "run", "-", "-o", str(files.output))
    assert files.service.run(*command, stdin=text).returncode == 0
    expect_whole(files, 5)
    assert sorted(path.name for path in files.folder.iterdir()) == ["out.jsonl", "out.jsonl.journal"]
    again = files.service.run(*command, stdin="")
    assert again.returncode == 0 and "complete" in again.stderr
    assert files.service.run(*command, stdin=text).returncode == 0
    assert files.service.run(*command, stdin="{}").returncode == 3


def test_ordered_results_come_in_the_order_of_the_input(files):
    files.write([chat(number, f"[[tokens=1 ttft_ms={(30 - number) * 20}]]") for number in range(30)])
    assert files.run("--ordered").returncode == 0
    assert [row["custom_id"] for row in files.results] == [str(number) for number in range(30)]
    # Another order is written anew from what PostgreSQL has.
    assert files.run().returncode == 0
    expect_whole(files, 30)


def test_failed_lines_have_a_file_and_an_exit_code(files):
    files.write([chat(0), chat(1, "[[fail=content_filtered]]"), chat(2)])
    done = files.run()
    assert done.returncode == 2, done.stderr
    assert [row["custom_id"] for row in files.failures] == ["1"] and len(files.results) == 2
    again = files.run()
    assert again.returncode == 2 and "complete" in again.stderr


# MARK: checking


def test_all_mistakes_are_told_with_line_and_field(files):
    files.write([
        chat("a"), "{", chat("a"), {**chat("b"), "url": "/v1/images"}, chat("c", model="nobody"),
        {**chat("d"), "body": {"model": "sandbox", "messages": [{"content": "zanzibar"}]}}, {"prompt": "hi"}, embeddings("e")])
    done = files.run()
    assert done.returncode == 3 and not files.output.exists() and not files.journal.exists()
    lines = done.stderr.splitlines()
    for line, beginning in zip(lines, [
            "line 2: expected JSON", "line 3: custom_id: ", "line 4: url: ", "line 5: body.model: ",
            "line 6: body.messages[0].role: ", "line 7: model: ", "line 8: url: "], strict=False):
        assert line.startswith(beginning), done.stderr
    assert lines[-1].startswith("7 mistakes in 8 lines") and "zanzibar" not in done.stderr


def test_a_hundred_mistakes_are_shown_and_all_are_counted(files):
    files.write(["{"] * 130)
    done = files.run("--validate-only")
    assert done.returncode == 3 and "and 30 more" in done.stderr and len(done.stderr.splitlines()) == 102


def test_validation_alone_sends_nothing(files):
    files.write(numbered(3))
    done = files.service.run("batch", "run", str(files.input), "--validate-only")
    assert done.returncode == 0 and done.stdout == "3 lines are good\n" and list(files.folder.iterdir()) == [files.input]


def test_a_dry_run_has_tokens_and_cost_by_model(files):
    files.write([chat(0, model="stub", max_tokens=1000), chat(1, model="stub", max_tokens=1000), chat(2)])
    done = files.service.run("batch", "run", str(files.input), "--dry-run")
    assert done.returncode == 0 and re.search(r"^stub +2 +\d+ +2,000 +\$0\.0\d+ +\$0\.0\d+$", done.stdout, re.M), done.stdout
    told = json.loads(files.service.run("batch", "run", str(files.input), "--dry-run", "--json").stdout)
    stub = told["models"][0]
    assert stub["model"] == "stub" and stub["answer_tokens_most"] == 2000
    # A dollar a million for the prompt, two for the answer.
    assert stub["cost_most"] == pytest.approx((stub["prompt_tokens"] + 2 * 2000) / 1e6)
    assert stub["cost_least"] == pytest.approx((stub["prompt_tokens"] + 2 * 2) / 1e6)


@pytest.mark.parametrize("options, name", [
    (["--deadline", "soon"], "--deadline"), (["--rpm", "0"], "--rpm"), (["--max-cost", "-1"], "--max-cost"),
    (["--priority", "11"], "--priority"), (["--metadata", "x"], "--metadata"), (["--fresh", "--retry-errors"], "--fresh")])
def test_a_wrong_argument_is_told_by_its_name(files, options, name):
    files.write(numbered(1))
    done = files.run(*options)
    assert done.returncode == 64 and name in done.stderr


# MARK: stopping and going on


def test_a_killed_command_is_continued_by_the_same(files):
    """At random moments, with the seed in the message."""
    files.write(numbered(300, "[[tokens=1 ttft_ms=30]]"))
    seed = random.randrange(10**6)
    dice = random.Random(seed)
    for _ in range(8):
        child = files.start()
        time.sleep(dice.uniform(0.02, 0.9))
        child.kill()
        child.communicate()
    done = files.run(seconds=120)
    assert done.returncode == 0, f"seed {seed}: {done.stderr}"
    expect_whole(files, 300)
    status = files.status()
    assert (status["status"], status["done"], status["failed"]) == ("completed", 300, 0)
    # One request a line, however often the command began.
    [(count,)] = files.service.postgres.query("SELECT count(*) FROM batch_results WHERE batch = %s", files.batch)
    assert count == 300


def test_a_torn_journal_and_longer_files_are_mended(files):
    files.write(numbered(120, "[[tokens=1 ttft_ms=300]]"))
    child = files.start("--concurrency", "20")
    eventually(lambda: files.journal.exists() and files.journal.read_text().count("seq") >= 1, what="results are recorded")
    child.kill()
    child.communicate()
    with files.journal.open("a") as journal, files.output.open("a") as output:
        journal.write('{"seq":99,"out":1')
        output.write('{"torn')
    assert files.run().returncode == 0
    expect_whole(files, 120)


def test_another_input_is_refused_until_it_is_fresh(files):
    files.write(numbered(3))
    assert files.run().returncode == 0
    files.write(numbered(4))
    refused = files.run()
    assert refused.returncode == 3 and "--fresh" in refused.stderr and len(files.results) == 3
    first = files.batch
    files.write(["{"])
    assert files.run("--fresh").returncode == 3 and len(files.results) == 3, "a bad file must cost nothing"
    files.write(numbered(4))
    assert files.run("--fresh").returncode == 0
    expect_whole(files, 4)
    assert files.batch != first


def test_files_without_a_journal_are_never_overwritten(files):
    files.write(numbered(1))
    files.output.write_text("precious")
    assert files.run().returncode == 3 and files.output.read_text() == "precious" and not files.journal.exists()


def test_a_copy_of_standard_input_takes_no_file_of_somebody(files):
    place = files.folder / "out.jsonl.journal.input"
    place.write_text("precious")
    command = ("batch", "run", "-", "-o", str(files.output))
    refused = files.service.run(*command, stdin=json.dumps(chat(0)))
    assert refused.returncode == 3 and place.name in refused.stderr, refused.stderr
    assert place.read_text() == "precious" and list(files.folder.iterdir()) == [place]


def test_a_copy_that_a_killed_process_began_is_begun_anew(files):
    files.journal.touch()
    (files.folder / "out.jsonl.journal.input.part").write_text('{"torn')
    command = ("batch", "run", "-", "-o", str(files.output))
    assert files.service.run(*command, stdin="{").returncode == 3
    assert files.service.run(*command, stdin=json.dumps(chat(0))).returncode == 0
    expect_whole(files, 1)


def test_results_are_printed_until_nobody_reads_them_and_failed_lines_are_whole(files):
    files.write([chat(number, f"[[fail=content_filtered]] {number}" if number % 2 else "x" * 5000) for number in range(60)])
    id = files.do("submit", str(files.input)).stdout.strip()
    eventually(lambda: files.status(id)["status"] == "completed", 60, "the batch ends")
    command = f"{BIN / 'submitter'} batch results {id} -o - --errors {files.errors} | head -c 1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"], env=files.service.environment, capture_output=True, text=True)
    assert done.stderr == "" and len(files.failures) == 30 and done.returncode == 2


@pytest.mark.parametrize("errors", ["./out.jsonl", "out.jsonl.journal", "in.jsonl", "link/in.jsonl"])
@pytest.mark.parametrize("options", [[], ["--fresh"]])
def test_one_file_under_two_names_is_refused_before_anything_is_removed(files, errors, options):
    files.write(numbered(2))
    (files.folder / "link").symlink_to(files.folder)
    before = files.input.read_text()
    done = files.run("--errors", f"{files.folder}/{errors}", *options)
    assert done.returncode == 64 and "expected another file" in done.stderr
    assert files.input.read_text() == before and not files.journal.exists()
    # The usual name of the error file may be that of the input, too.
    files.output = files.folder / "in"
    files.input.rename(files.folder / "in.errors.jsonl")
    files.input = files.folder / "in.errors.jsonl"
    assert files.run(*options).returncode == 64 and files.input.read_text() == before


def test_fresh_does_not_remove_the_error_file_that_it_reads(files):
    files.write([chat(0, "[[fail=content_filtered]]")])
    other = files.folder / "bad.jsonl"
    assert files.run("--errors", str(other)).returncode == 2
    other.write_text(json.dumps(chat(1)) + "\n")
    files.input = other
    done = files.run("--fresh")
    assert done.returncode == 3 and "bad.jsonl" in done.stderr and json.loads(other.read_text())["custom_id"] == "1"


def test_a_damaged_journal_stays_until_the_new_input_is_found_good(files):
    files.journal.write_text("nobody\nreads this\n")
    files.write(["{"])
    assert files.run().returncode == 3 and files.run("--fresh").returncode == 3
    assert files.journal.read_text() == "nobody\nreads this\n"
    files.write(numbered(2))
    assert files.run("--fresh").returncode == 0
    expect_whole(files, 2)


def test_files_that_are_gone_or_shorter_are_written_anew(files):
    files.write([*numbered(4), chat(4, "[[fail=content_filtered]]")])
    assert files.run().returncode == 2
    batch = files.batch
    for harm in (files.output.unlink, files.errors.unlink, lambda: os.truncate(files.output, 9)):
        harm()
        again = files.run()
        assert again.returncode == 2 and "written anew" in again.stderr, again.stderr
        expect_whole(files, 5)
        assert files.batch == batch
    # Without the batch nothing can be written anew.
    files.service.postgres.query("DELETE FROM batches WHERE id = %s RETURNING 1", batch)
    assert "complete" in files.run().stderr
    files.output.unlink()
    lost = files.run()
    assert lost.returncode == 3 and "out.jsonl: it is shorter" in lost.stderr


def test_a_folder_of_results_may_be_moved(files):
    files.write([chat(0), chat(1, "[[fail=content_filtered]]")])
    assert files.run().returncode == 2
    with tempfile.TemporaryDirectory(prefix="batch-") as other:
        moved = Files(files.service, Path(other) / "moved")
        files.folder.rename(moved.folder)
        files.folder.mkdir()
        again = moved.run()
        assert again.returncode == 2 and "complete" in again.stderr, again.stderr
        done = subprocess.run(
            [BIN / "submitter", "batch", "run", "in.jsonl", "-o", "out.jsonl"], env=files.service.environment,
            cwd=moved.folder, text=True, capture_output=True, timeout=60)
        assert done.returncode == 2 and "complete" in done.stderr, done.stderr


@pytest.mark.parametrize("options", [["--model", "stub"], ["--provider", "openai"], []])
def test_the_same_command_has_the_same_model_and_platform(files, options):
    files.write([f"hi {PROMPT_MARK}"])
    assert files.run("--model", "sandbox").returncode == 0
    again = files.run(*(options if "--model" in options else ["--model", "sandbox", *options] if options else []))
    assert again.returncode == 3 and "as before" in again.stderr, again.stderr
    assert files.run("--model", "sandbox").returncode == 0


def test_a_pipe_is_read_once_and_copied(files):
    text = "".join(json.dumps(line) + "\n" for line in numbered(5))
    command = ("batch", "run", "/dev/stdin", "-o", str(files.output))
    done = files.service.run(*command, stdin=text)
    assert done.returncode == 0, done.stderr
    expect_whole(files, 5)
    assert sorted(path.name for path in files.folder.iterdir()) == ["out.jsonl", "out.jsonl.journal"]
    assert "complete" in files.service.run(*command, stdin=text).stderr
    assert files.service.run(*command, stdin="{}").returncode == 3
    id = files.do("submit", "/dev/stdin", stdin=text).stdout.strip()
    assert files.status(id)["total"] == 5


def test_an_interrupt_ends_the_wait_for_somebody_who_writes_a_named_pipe(files):
    os.mkfifo(files.input)
    child = files.start()
    eventually((files.folder / "out.jsonl.journal.input.part").exists, what="the pipe is waited for")
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=20)
    assert child.returncode == 130 and list(files.folder.iterdir()) == [files.input]


def test_fresh_cancels_what_runs(files):
    files.write(numbered(50, "[[tokens=1 ttft_ms=3000]]"))
    child = files.start("--concurrency", "2")
    eventually(lambda: files.journal.exists() and files.journal.read_text() and files.status()["status"] == "in_progress")
    child.kill()
    child.communicate()
    first = files.batch
    files.write(numbered(2))
    assert files.run("--fresh").returncode == 0
    eventually(lambda: files.status(first)["status"] == "cancelled", 30, "the first is cancelled")


def test_one_process_follows_a_journal(files):
    files.write(numbered(10, "[[tokens=1 ttft_ms=1500]]"))
    child = files.start()
    eventually(files.journal.exists, what="the journal is there")
    second = files.run()
    assert second.returncode == 1 and "another submitter" in second.stderr
    assert child.wait(60) == 0


def test_one_interrupt_drains_and_the_same_command_goes_on(files):
    files.write(numbered(60, "[[tokens=1 ttft_ms=300]]"))
    child = files.start("--concurrency", "4")
    eventually(lambda: files.output.exists() and files.output.stat().st_size, what="results come")
    child.send_signal(signal.SIGINT)
    _, said = child.communicate(timeout=60)
    assert child.returncode == 130 and "draining" in said and "the same command" in said, said
    status = files.status()
    assert status["running"] == 0 and 0 < status["done"] < 60 and len(files.results) == status["done"]
    assert files.run(seconds=120).returncode == 0
    expect_whole(files, 60)


def test_two_interrupts_detach_and_attach_finishes(files):
    files.write(numbered(40, "[[tokens=1 ttft_ms=400]]"))
    child = files.start("--concurrency", "8")
    eventually(lambda: files.output.exists() and files.output.stat().st_size, what="results come")
    child.send_signal(signal.SIGINT)
    assert "draining" in eventually(lambda: next((line for line in child.stderr if "draining" in line), ""))
    child.send_signal(signal.SIGINT)
    assert child.wait(15) == 130
    assert f"submitter batch attach {files.batch}" in child.stderr.read()
    assert not files.status().get("paused")
    done = files.do("attach", files.batch, "-o", str(files.output), seconds=120)
    assert done.returncode == 0, done.stderr
    expect_whole(files, 40)


def test_an_interrupt_before_the_batch_begins_leaves_nothing_running(files):
    child = subprocess.Popen(
        [BIN / "submitter", "batch", "run", "-", "-o", files.output], env=files.service.environment, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    eventually((files.folder / "out.jsonl.journal.input.part").exists, what="standard input is read")
    child.send_signal(signal.SIGINT)
    child.wait(20)
    child.stdin.close()
    assert child.returncode == 130 and list(files.folder.iterdir()) == []


# MARK: limits


def test_a_budget_stops_before_it_is_exceeded_and_the_rest_can_be_asked_for(files):
    script = files.service.upstream.script(answer("yes"))
    files.write([chat(number, model="stub", x_script=script.name, max_tokens=100) for number in range(10)])
    poor = files.run("--max-cost", "0.0000001")
    assert poor.returncode == 4, poor.stderr
    assert len(files.failures) == 10 and {row["error"]["code"] for row in files.failures} == {"budget_exceeded"}
    assert script.calls == []
    rich = files.run("--retry-errors")
    assert rich.returncode == 0, rich.stderr
    expect_whole(files, 10)
    assert not files.errors.exists() and files.status()["round"] == 1


def test_a_deadline_gives_the_rest_up(files):
    files.write(numbered(12, "[[tokens=1 ttft_ms=900]]"))
    done = files.run("--deadline", "2s", "--concurrency", "2")
    assert done.returncode == 4, done.stderr
    expect_whole(files, 12)
    assert {row["error"]["code"] for row in files.failures} == {"batch_expired"}


def test_failures_are_asked_again_and_answers_are_not(files):
    bad = files.service.upstream.script(failing(400), answer("now"))
    files.write([chat(0), chat(1, model="stub", x_script=bad.name), chat(2, "[[fail=server_error]]")])
    assert files.run(seconds=120).returncode == 2
    failed = {row["custom_id"]: row["response"]["status_code"] for row in files.failures}
    assert failed["1"] == 400 and failed["2"] >= 500
    again = files.run("--retry-errors", seconds=120)
    assert again.returncode == 2 and "1 failed line of 2" in again.stderr, again.stderr
    assert {row["custom_id"] for row in files.failures} == {"1", "2"} and len(bad.calls) == 1


def test_a_command_killed_while_it_retries_is_continued(files):
    script = files.service.upstream.script(answer("yes"))
    files.write([chat(number, model="stub", x_script=script.name, max_tokens=100) for number in range(30)])
    assert files.run("--max-cost", "0.0000001").returncode == 4
    for pause in (0.1, 0.4):
        child = files.start("--retry-errors", "--concurrency", "2")
        time.sleep(pause)
        child.kill()
        child.communicate()
    done = files.run("--retry-errors")
    assert done.returncode == 0, done.stderr
    expect_whole(files, 30)
    assert len(script.calls) == 30 and files.status()["round"] == 1


# MARK: the other commands


def test_submit_prints_an_id_and_results_come_later(files):
    files.write([*numbered(5), chat(5, "[[fail=content_filtered]]")])
    started = files.do("submit", str(files.input), "--metadata", "team=search", "--tenant", "alpha")
    id = started.stdout.strip()
    assert started.returncode == 0 and re.fullmatch(r"batch_[0-9a-f]{32}", id)
    eventually(lambda: files.status(id)["status"] == "completed", what="the batch ends")
    status = files.status(id)
    assert (status["succeeded"], status["failed"], status["metadata"]) == (5, 1, {"team": "search"})
    assert id in files.do("list", "--tenant", "alpha").stdout and id not in files.do("list", "--tenant", "beta").stdout
    fetched = files.do("results", id, "-o", str(files.output))
    assert fetched.returncode == 2
    expect_whole(files, 6)
    assert files.do("results", id, "-o", str(files.output)).returncode == 3
    printed = files.do("results", id, "-o", "-", "--ordered")
    assert [json.loads(line)["custom_id"] for line in printed.stdout.splitlines()] == ["0", "1", "2", "3", "4"]


def test_submit_reads_standard_input_and_attach_follows_it(files):
    id = files.do("submit", "-", "--model", "sandbox", stdin=f"hello {PROMPT_MARK}\nagain\n").stdout.strip()
    done = files.do("attach", id, "-o", str(files.output))
    assert done.returncode == 0 and sorted(files.ids) == ["1", "2"]
    assert files.do("attach", "batch_none", "-o", str(files.folder / "x")).returncode == 1
    assert files.do("attach", "batch_none", "-o", str(files.output)).returncode == 1


def test_an_interrupted_submit_leaves_no_batch(files):
    child = subprocess.Popen(
        [BIN / "submitter", "batch", "submit", "-"], env=files.service.environment | {"TMPDIR": str(files.folder)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    eventually(lambda: list(files.folder.iterdir()), what="standard input is read")
    child.send_signal(signal.SIGINT)
    said = child.stderr.read()
    child.wait(20)
    child.stdin.close()
    assert child.returncode == 130 and "no batch was started" in said
    assert list(files.folder.iterdir()) == []


def test_a_full_disk_is_told(files):
    files.write(numbered(3))
    with open("/dev/full", "w") as full:
        command = [BIN / "submitter", "batch", "submit", files.input]
        lost = subprocess.run(command, env=files.service.environment, stdout=full, stderr=subprocess.PIPE, text=True)
        assert lost.returncode == 1 and re.search("^batch_.* was started$", lost.stderr, re.M), lost.stderr
        assert "standard output: cannot be written" in lost.stderr
        id = files.do("submit", str(files.input)).stdout.strip()
        eventually(lambda: files.status(id)["status"] == "completed", what="the batch ends")
        command = [BIN / "submitter", "batch", "results", id, "-o", "-"]
        lost = subprocess.run(command, env=files.service.environment, stdout=full, stderr=subprocess.PIPE, text=True)
        assert lost.returncode == 1 and "standard output: cannot be written" in lost.stderr, lost.stderr


def submitted_by_http(files, content):
    client = files.service.openai()
    file = client.files.create(file=("in.jsonl", content), purpose="batch")
    return client.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h").id


@pytest.mark.parametrize("slow", [0, 1500])
def test_attach_in_order_gets_over_blank_lines_of_an_upload(files, slow):
    lines = [json.dumps(chat(number, f"[[tokens=1 ttft_ms={slow}]]")) for number in range(4)]
    id = submitted_by_http(files, "\n\n".join(lines).encode())
    done = files.do("attach", id, "-o", str(files.output), "--ordered", seconds=60)
    assert done.returncode == 0, done.stderr
    assert [row["custom_id"] for row in files.results] == ["0", "1", "2", "3"]


def test_a_refused_batch_is_told_also_to_the_quiet_and_line_by_line(files):
    id = submitted_by_http(files, b"{\n" + json.dumps({**chat("\x1b[2J"), "url": "/x"}).encode() + b"\n[]\n")
    eventually(lambda: files.status(id)["status"] == "failed", what="the batch is refused")
    quiet = files.do("attach", id, "-o", str(files.output), "--quiet")
    assert quiet.returncode == 3 and len(quiet.stderr.splitlines()) == 3 and "\x1b" not in quiet.stderr, quiet.stderr
    assert [line.split(":")[0] for line in quiet.stderr.splitlines()] == ["Line 1", "Line 2", "Line 3"]
    shown = files.do("status", id).stdout
    assert shown.count("\nLine ") == 3 and max(map(len, shown.splitlines())) < 200


def test_cancel_ends_a_batch_early(files):
    files.write(numbered(30, "[[tokens=1 ttft_ms=2000]]"))
    id = files.do("submit", str(files.input), "--concurrency", "2").stdout.strip()
    assert files.do("cancel", id).returncode == 0
    done = files.do("attach", id, "-o", str(files.output), seconds=60)
    assert done.returncode == 1, done.stderr
    assert len(files.ids) == 30 and {row["error"]["code"] for row in files.failures} == {"batch_cancelled"}
    assert files.do("cancel", id).returncode == 0 and files.do("cancel", "batch_none").returncode == 1
    assert files.do("status", "batch_none").returncode == 1


@pytest.mark.parametrize("command", ["run", "submit", "attach", "status", "list", "cancel", "results"])
def test_every_command_has_help(service, command):
    done = service.run("batch", command, "--help")
    assert done.returncode == 0 and "USAGE:" in done.stdout
    if command == "run":
        assert "Exit codes: 0" in done.stdout and "130" in done.stdout and "Examples:" in done.stdout


# MARK: progress


def test_programs_get_events(files):
    files.write(numbered(10, "[[tokens=1 ttft_ms=300]]"))
    done = files.run("--json", "--concurrency", "4")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    names = [event["event"] for event in events]
    assert done.returncode == 0 and done.stderr == "" and names[:2] == ["validated", "started"] and names[-1] == "finished"
    assert "progress" in names and events[-1]["exit_code"] == 0
    assert events[-1]["models"][0]["model"] == "sandbox" and events[-1]["models"][0]["succeeded"] == 10
    files.write(["{"])
    wrong = files.run("--json", "--fresh")
    [event] = [json.loads(line) for line in wrong.stdout.splitlines()]
    assert wrong.returncode == 3 and event["event"] == "invalid" and event["count"] == 1


def test_quiet_is_quiet_and_a_log_has_lines(files):
    files.write(numbered(5))
    quiet = files.run("--quiet")
    assert quiet.returncode == 0 and quiet.stdout == quiet.stderr == ""
    loud = files.run("--fresh")
    assert "5/5 (100%)" in loud.stderr and "\r" not in loud.stderr and "\x1b" not in loud.stderr
    assert re.search(r"^sandbox +5 +0 ", loud.stderr, re.M), loud.stderr


@pytest.mark.parametrize("columns", [80, 50, 20])
def test_a_terminal_has_one_line_that_fits(files, columns):
    files.write([*numbered(40, "[[tokens=1 ttft_ms=250]]"), chat(40, "[[fail=content_filtered]]")])
    command = [BIN / "submitter", "batch", "run", files.input, "-o", files.output, "--concurrency", "8"]
    said, code = on_terminal(command, files.service.environment | {"TERM": "xterm", "LANG": "C.UTF-8"}, columns)
    assert code == 2
    plain = re.sub(r"\x1b\[[0-9;]*[mK]", "", said)
    lines = [line for row in plain.split("\n") for line in row.rstrip("\r").split("\r")]
    # Sentences may be longer.
    drawn = [line for line in lines if re.search(r"\d+%", line)]
    assert len(drawn) >= 3 and all(len(line) < columns for line in drawn[1:]), drawn
    # A bar stands where the words leave room for one.
    assert any("100%" in line for line in drawn) and (columns < 80 or "▕" in plain)
    assert "\x1b[31m" in said or columns == 20
    print(f"\n{columns} columns:\n" + "\n".join(drawn[-2:] + plain.split("\n")[-4:]))


def test_no_colour_is_honoured(files):
    files.write([chat(0, "[[fail=content_filtered]]")])
    command = [BIN / "submitter", "batch", "run", files.input, "-o", files.output]
    said, _ = on_terminal(command, files.service.environment | {"TERM": "xterm", "NO_COLOR": "1"}, 80)
    assert "\x1b[31m" not in said and "100%" in said


# MARK: outages


def test_a_batch_that_nobody_runs_is_told_once_and_runs_when_somebody_comes(own_service):
    service = own_service()
    service.shim.stop()
    with tempfile.TemporaryDirectory(prefix="batch-") as folder:
        files = Files(service, Path(folder))
        files.write(numbered(3))
        child = files.start()
        assert "submitter serve" in eventually(
            lambda: next((line for line in child.stderr if "no process runs batches" in line), ""), 30)
        service.start_shim()
        assert child.wait(60) == 0
        expect_whole(files, 3)


def test_postgresql_may_go_away_while_a_batch_is_followed(own_service):
    service = own_service()
    with tempfile.TemporaryDirectory(prefix="batch-") as folder:
        files = Files(service, Path(folder))
        files.write(numbered(40, "[[tokens=1 ttft_ms=400]]"))
        child = files.start("--concurrency", "4")
        eventually(lambda: files.output.exists() and files.output.stat().st_size, what="results come")
        service.postgres.stop()
        time.sleep(1.5)
        service.postgres.start()
        _, said = child.communicate(timeout=120)
        assert child.returncode == 0 and said.count("trying again") == 1 and "PostgreSQL is back" in said, said
        expect_whole(files, 40)
