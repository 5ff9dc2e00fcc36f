"""The commands of operators: the queue, its requests, the sums of the ledger, completion, and lists that fit the terminal.

One account with room for one request lets the others wait. A gate keeps the platform's answer back.
"""

import csv
import io
import json
import os
import re
import signal
import subprocess
import uuid

import pytest
from rich.cells import cell_len

from support.backlog import Backlog
from support.ledger import drained, rows, settled_rows
from support.processes import eventually
from support.service import ALL, ANSWER_MARK, BIN, KEYS, PROMPT_MARK, Service, prompt
from support.terminal import on_terminal
from support.upstream import answer, failing


@pytest.fixture(scope="module")
def service(workspace, template, upstream):
    service = Service(workspace / "operator", template, upstream, catalogue={
        "models": [
            {"id": "sandbox", "provider": "sandbox", "capabilities": ALL},
            {"id": "stub", "provider": "openai", "input_price": 1.0, "output_price": 2.0, "capabilities": ALL}],
        "accounts": [
            {"id": "sandbox-1", "provider": "sandbox"},
            {"id": "narrow-1", "provider": "openai", "api_key": KEYS[0], "base_url": upstream.url, "concurrency": 1}]})
    yield service
    service.stop()


@pytest.fixture
def busy(service, upstream):
    """One request runs, two wait for its account, until the gate is opened."""
    gate = upstream.gate()

    async def kept_waiting(call):
        await gate.passed()
        await answer(ANSWER_MARK)(call)

    backlog = Backlog(service)
    backlog.gate, backlog.script = gate, upstream.script(kept_waiting).name
    backlog.add(3, "stub", x_script=backlog.script)
    settled(service)
    yield backlog
    gate.open()
    backlog.ended()


def settled(service):
    """The rows of `busy`. A worker takes a waiting one for a moment to try whether there is capacity."""

    def look():
        rows = listed(service)
        return rows if [row["state"] for row in rows] == ["running", "waiting", "waiting"] else None

    return eventually(look, what="one runs and two wait")


def listed(service, *options):
    done = service.run("jobs", "list", "--json", *options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def queue(service, **environment):
    done = service.run("queue", "--json", **environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def new_job(service, text="hello", model="sandbox", **more):
    with service.http as client:
        response = client.post("/api/v1/jobs", json={"model_name": model, "messages": prompt(text), "stream": True, **more})
    return response.json()["id"]


def ended(service, id):
    def look():
        report = service.http.get(f"/api/v1/jobs/{id}").json()
        return report if report["status"] not in ("queued", "running") else None

    return eventually(look, what="the job ends")


def text_of(report):
    return report["result"]["choices"][0]["message"]["content"]


# MARK: the queue


def test_the_queue_tells_what_runs_what_waits_and_for_whom(service, busy):
    def look():
        said = queue(service)
        normal = said["lanes"][1]
        is_quiet = (normal["lane"], normal["running"], normal["waiting"], normal["unclaimed"]) == ("normal", 1, 2, 0)
        return said if is_quiet and said["workers"][0]["running"] == 1 else None

    said = eventually(look, what="one runs, two wait, and the worker's card says so")
    assert 0 <= said["lanes"][1]["oldest_ms"] < 60_000
    [room] = said["waiting_for_capacity"]
    assert room["accounts"] == ["narrow-1"] and room["waiting"] == 2
    [worker] = said["workers"]
    assert worker["state"] == "alive" and worker["slots"] == 512
    shown = service.run("queue").stdout
    assert re.search(r"^normal +\d+ +\d+ +\d+ +\d+m?s", shown, re.M) and re.search(r"^narrow-1 +\d ", shown, re.M), shown


def test_a_watch_repeats_and_ends_by_ctrl_c_with_exit_code_0(service):
    child = subprocess.Popen(
        [BIN / "submitter", "queue", "--watch", "--interval", "0.2", "--json"], env=service.environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        looks = [json.loads(child.stdout.readline()) for _ in range(3)]
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=20)
        assert child.returncode == 0 and looks[0]["at"] < looks[2]["at"]
    finally:
        child.kill()


def test_without_a_worker_requests_without_a_log_are_seen_and_cancelled(own_service):
    service = own_service(workers=0)
    backlog = Backlog(service)
    [id] = backlog.add(1, "sandbox", fields={"tr": 0}, tenant="acme")

    assert queue(service)["workers"] == [] and "no worker is alive" in service.run("queue").stdout
    [row] = listed(service)
    assert (row["id"], row["state"], row["tenant"], row["model"]) == (id, "queued", "acme", "sandbox")
    shown = json.loads(service.run("jobs", "show", id, "--json").stdout)
    assert shown["status"] == "queued" and shown["tenant"] == "acme" and shown["lane"] == "normal"
    assert service.run("jobs", "cancel", id).stdout == f"Cancelled {id}.\n"
    again = service.run("jobs", "cancel", id)
    assert again.returncode == 1 and "it has ended already" in again.stderr
    assert json.loads(service.run("jobs", "show", id, "--json").stdout)["status"] == "cancelled"
    service.add_worker()
    eventually(lambda: listed(service) == [], what="the entry is dropped")
    assert backlog.ended() == {"cancelled": 1}


# MARK: requests


def test_requests_are_listed_with_state_worker_and_the_account_they_wait_for(service, busy):
    rows = settled(service)

    assert {row["id"] for row in rows} == set(busy.ids)
    assert rows[0]["worker"] and rows[0]["attempt"] == 1 and rows[0]["model"] == "stub"
    assert rows[1]["waits_for"] == ["narrow-1"] and rows[1]["worker"] is None
    assert rows[0]["id"] in {row["id"] for row in listed(service, "--state", "running")}
    assert listed(service, "--tenant", "nobody") == [] == listed(service, "--lane", "high") == listed(service, "--model", "x")
    assert len(listed(service, "--limit", "2", "--model", "stub", "--lane", "NORMAL")) == 2
    assert PROMPT_MARK not in service.run("jobs", "list").stdout


def test_a_running_request_is_shown_with_its_worker_and_waiting_ones_with_their_places(service, busy):
    running, *waiting = settled(service)

    def look():
        shown = [json.loads(service.run("jobs", "show", row["id"], "--json").stdout) for row in waiting]
        return shown if {each["state"] for each in shown} == {"waiting"} else None

    shown = json.loads(service.run("jobs", "show", running["id"], "--json").stdout)
    assert (shown["status"], shown["worker"], shown["account"]) == ("running", running["worker"], "narrow-1")
    shown = eventually(look, what="both wait")
    assert {(each["status"], *each["waits_for"]) for each in shown} == {("queued", "narrow-1")}
    # The one that came to the room first is the first there, which need not be the older one.
    assert sorted(each["queue"]["position"] for each in shown) == [1, 2]


def test_a_report_has_usage_and_attempts_and_the_answer_only_when_asked(service, upstream):
    script = upstream.script(failing(500), answer(ANSWER_MARK))
    id = new_job(service, model="stub", stream=False, parameters={"x_script": script.name})
    report = ended(service, id)

    shown = json.loads(service.run("jobs", "show", f"chatcmpl-{id}", "--json").stdout)
    whole = json.loads(service.run("jobs", "show", id, "--json", "--body").stdout)

    assert "result" not in shown and text_of(whole) == text_of(report) == ANSWER_MARK
    same = ["status", "usage", "attempts", "cost", "currency", "account", "provider"]
    assert {name: shown.get(name) for name in same} == {name: report.get(name) for name in same}
    people = service.run("jobs", "show", id).stdout
    assert "ATTEMPT" in people and ANSWER_MARK not in people and PROMPT_MARK not in people
    assert ANSWER_MARK in service.run("jobs", "show", id, "--body").stdout


def test_a_streamed_answer_is_put_together_when_asked_for(service):
    id = new_job(service, "one two three")
    report = ended(service, id)

    assert text_of(json.loads(service.run("jobs", "show", id, "--json", "--body").stdout)) == text_of(report)


def test_tail_prints_an_answer_as_it_comes_and_again_when_it_has_ended(service):
    id = new_job(service, "[[tokens=40 delay_ms=20]]")

    live = service.run("jobs", "tail", id)
    later = service.run("jobs", "tail", id)
    rest = service.run("jobs", "tail", id, "--after", "1-3")

    text = text_of(ended(service, id))
    assert live.returncode == later.returncode == 0
    assert live.stdout == later.stdout == text + "\n"
    assert text.endswith(rest.stdout.rstrip("\n")) and 0 < len(rest.stdout) < len(text)


def test_tail_survives_lost_connections_without_gap_or_repeat(service):
    id = new_job(service, "[[tokens=100 delay_ms=20]]")
    child = subprocess.Popen(
        [BIN / "submitter", "jobs", "tail", id], env=service.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        said = os.read(child.stdout.fileno(), 8)
        for _ in range(3):
            names = [client["id"] for client in service.redis.client().client_list() if client["name"].startswith("cli-")]
            for name in names:
                service.redis.client().client_kill_filter(_id=name)
        out, _ = child.communicate(timeout=30)
    finally:
        child.kill()

    assert child.returncode == 0 and (said + out).decode() == text_of(ended(service, id)) + "\n"


def test_ctrl_c_ends_the_tail_and_not_the_request(service, busy):
    child = subprocess.Popen(
        [BIN / "submitter", "jobs", "tail", busy.ids[0]], env=service.environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(2)
        child.send_signal(signal.SIGINT)
        _, said = child.communicate(timeout=20)
    finally:
        child.kill()

    assert child.returncode == 130 and f"submitter jobs tail {busy.ids[0]} --after" in said
    busy.gate.open()
    assert busy.ended() == {"done": 3}


def test_a_cancel_ends_waiting_and_running_requests_and_their_tails(service, busy):
    running, waiting, _ = [row["id"] for row in settled(service)]
    tail = subprocess.Popen(
        [BIN / "submitter", "jobs", "tail", running], env=service.environment, text=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        done = service.run("jobs", "cancel", waiting, running)
        _, said = tail.communicate(timeout=20)
    finally:
        tail.kill()

    assert done.returncode == 0 and done.stdout == f"Cancelled {waiting}.\nCancelled {running}.\n"
    assert tail.returncode == 1 and "cancelled: " in said
    eventually(lambda: [row[1] for row in rows(service, running)] == ["cancelled"], what="its tokens are booked")


def test_what_is_unknown_or_has_ended_is_said(service):
    id, unknown = new_job(service), f"0-{uuid.uuid4().hex}"
    ended(service, id)

    for command in (["show", unknown], ["tail", unknown], ["cancel", unknown], ["show", "7-" + unknown[2:]]):
        done = service.run("jobs", *command)
        assert done.returncode == 1 and command[1] in done.stderr and done.stdout == "", command
    mixed = service.run("jobs", "cancel", unknown, id)
    assert mixed.returncode == 1 and "it has ended already" in mixed.stderr
    no_ids = service.run("jobs", "cancel", "?", id, "nonsense")
    assert no_ids.returncode == 1 and no_ids.stdout == "", no_ids
    assert [line.split(":")[0] for line in no_ids.stderr.splitlines()] == ["?", id, "nonsense"]
    assert not service.redis.client().exists(service.key(f"log:{unknown}"))


def test_attempts_that_ended_are_listed_from_the_ledger(service, upstream):
    script = upstream.script(failing(400))
    id = new_job(service, model="stub", stream=False, parameters={"x_script": script.name})
    ended(service, id)
    settled_rows(service, id)

    failed = listed(service, "--recent", "--status", "error", "--since", "10m")
    row = next(row for row in failed if row["id"] == id)

    assert {row["status"] for row in failed} == {"error"} and row["error"] == "invalid_request"
    assert (row["account"], row["model"], row["attempt"]) == ("narrow-1", "stub", 1)
    latest = [row["started_at"] for row in listed(service, "--recent")]
    assert latest == sorted(latest, reverse=True)
    assert listed(service, "--recent", "--tenant", "nobody") == []


# MARK: usage


@pytest.fixture
def billed(service, upstream):
    """Some attempts of users whose names a spreadsheet would run, booked."""
    script = upstream.script(answer(ANSWER_MARK))
    for user in ("=cmd()|x", "ada, \"the\" user"):
        service.openai().chat.completions.create(
            model="stub", messages=prompt(), user=user, extra_body={"x_script": script.name})
    drained(service)
    return service


def usage(service, *options):
    done = service.run("usage", "--format", "json", *options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("by, column", [
    ("model", "model"), ("user", "user_id"), ("account", "account"), ("platform", "provider"), ("provider", "provider"),
    ("tenant", "tenant"), ("day", "to_char(hour AT TIME ZONE 'UTC', 'YYYY-MM-DD')")])
def test_sums_are_those_of_the_ledger(billed, by, column):
    said = usage(billed, "--by", by)

    name = said["by"]
    found = {
        (row[name] or "", row["currency"]): (row["attempts"], row["tokens_in"], row["tokens_out"], round(row["cost"], 9))
        for row in said["rows"]}
    expected = billed.postgres.query(
        f"SELECT {column}, currency, sum(attempts)::int, sum(tokens_in)::int, sum(tokens_out)::int, sum(cost)::float"
        " FROM usage_hourly GROUP BY 1, 2 HAVING sum(attempts) > 0")
    assert found == {(row[0], row[1]): (*row[2:5], round(row[5], 9)) for row in expected}
    assert sum(total["attempts"] for total in said["totals"]) == sum(row[2] for row in expected)


def test_windows_are_whole_hours_and_filters_leave_out(billed):
    said = usage(billed, "--since", "2026-11-01T10:20Z", "--until", "2026-11-01T10:40Z")
    assert (said["since"], said["until"], said["rows"]) == ("2026-11-01T10:00:00Z", "2026-11-01T11:00:00Z", [])
    assert usage(billed, "--tenant", "nobody")["rows"] == []
    assert {row["model"] for row in usage(billed, "--model", "stub")["rows"]} == {"stub"}
    hours = [row["hour"] for row in usage(billed, "--by", "hour", "--since", "2h")["rows"]]
    assert hours and all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:00Z", hour) for hour in hours)


def test_csv_is_quoted_and_runs_nothing(billed):
    said = billed.run("usage", "--by", "user", "--format", "csv").stdout
    rows = list(csv.DictReader(io.StringIO(said)))
    users = {row["user"] for row in rows}

    assert {"'=cmd()|x", 'ada, "the" user'} <= users
    assert all(row["attempts"].isdigit() and float(row["cost"]) >= 0 for row in rows)


def test_a_table_has_a_total_and_tells_its_window(billed):
    done = billed.run("usage", "--by", "model", "--since", "1h")

    assert done.returncode == 0 and re.fullmatch(r"from \S+Z until \S+Z\n", done.stderr)
    assert done.stdout.startswith("MODEL ") and "\ntotal " in done.stdout


@pytest.mark.parametrize("command", [
    ["usage", "--format", "csv"], ["usage", "--format", "json"], ["usage"], ["jobs", "list", "--json"],
    ["models", "list", "--json"], ["queue", "--json"], ["queue", "--watch", "--interval", "0.2"]], ids=" ".join)
def test_a_full_disk_is_exit_code_1_and_told(billed, command):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [BIN / "submitter", *command], env=billed.environment, stdout=full, stderr=subprocess.PIPE, text=True,
            timeout=30)
    assert done.returncode == 1 and "standard output: cannot be written: No space left" in done.stderr, done.stderr


def test_a_cancel_goes_on_behind_an_entry_without_an_id(service, busy):
    ids = [row["id"] for row in settled(service)]
    done = service.run("jobs", "cancel", "?", *ids[1:])

    assert done.returncode == 1 and done.stdout == "".join(f"Cancelled {id}.\n" for id in ids[1:])
    assert done.stderr.startswith("?: expected the id of a request"), done.stderr


def test_a_postgres_that_is_away_is_exit_code_1(service):
    done = service.run("usage", DATABASE_URL="postgresql://127.0.0.1:1/none")
    assert done.returncode == 1 and done.stdout == "" and done.stderr


# MARK: terminals and shells


@pytest.mark.parametrize("columns", [50, 80])
@pytest.mark.parametrize("command", [
    ["jobs", "list"], ["queue"], ["jobs", "list", "--recent"], ["usage", "--by", "user"], ["accounts", "list"],
    ["models", "list"], ["audit"]], ids=" ".join)
def test_no_line_is_wider_than_the_terminal(service, billed, busy, command, columns):
    said, code = on_terminal([BIN / "submitter", *command], service.environment, columns)
    said = said.replace("\r\n", "\n")

    assert code == 0 and said, said
    assert [line for line in said.splitlines() if cell_len(line) > columns] == []


def test_a_pipe_gets_whole_cells_and_no_empty_columns(service, busy):
    said = service.run("jobs", "list", COLUMNS="20").stdout

    heading, *lines = said.splitlines()
    assert "…" not in said and all(id in said for id in busy.ids)
    assert "PROBLEM" not in heading and "WAITS_FOR" in heading and len(lines) == 3


def test_no_control_character_of_a_request_reaches_the_terminal(service, busy):
    busy.add(1, "stub", tenant="evil\x1b]0;x\x07\u009b31m模型", x_script=busy.script)
    said, code = on_terminal([BIN / "submitter", "jobs", "list"], service.environment, 120)
    wide, _ = on_terminal([BIN / "submitter", "jobs", "list", "--json"], service.environment, 80)
    said, wide = said.replace("\r\n", "\n"), wide.replace("\r\n", "\n")

    assert code == 0 and "evil" in said and "evil" in wide
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", said + wide), said


@pytest.mark.parametrize("arguments, named", [
    (["queue", "--interval", "1"], "--interval"), (["queue", "--watch", "--interval", "0"], "--interval"),
    (["jobs", "list", "--limit", "0"], "--limit"), (["jobs", "list", "--state", "odd"], "--state"),
    (["jobs", "list", "--status", "done"], "--status"), (["jobs", "show", "nonsense"], "nonsense"),
    (["jobs", "tail", "0-12345678", "--after", "x"], "--after"), (["usage", "--since", "soon"], "--since"),
    (["usage", "--since", "1h", "--until", "2h"], "--since"), (["usage", "--by", "planet"], "--by"),
    (["usage", "--format", "xml"], "--format"), (["completion", "csh"], "csh")])
def test_a_mistake_is_told_by_its_name(service, arguments, named):
    done = service.run(*arguments)
    assert done.returncode == 64 and named in done.stderr and "Usage: submitter" in done.stderr, done.stderr


@pytest.mark.parametrize("shell, file, comment", [
    ("bash", ".local/share/bash-completion/completions/submitter", "bash-completion"),
    ("zsh", ".zsh/completions/_submitter", "fpath"), ("fish", ".config/fish/completions/submitter.fish", "new shell")])
def test_completion_is_printed_and_installed(service, tmp_path, shell, file, comment):
    printed = service.run("completion", shell)
    home = {"HOME": str(tmp_path), "XDG_DATA_HOME": "", "XDG_CONFIG_HOME": ""}
    installed = [service.run("completion", shell, "--install", **home) for _ in range(2)][-1]

    assert printed.returncode == installed.returncode == 0
    assert (tmp_path / file).read_text() == printed.stdout and "usage" in printed.stdout
    assert str(tmp_path / file) in installed.stdout and comment in installed.stdout
    assert service.run("completion", shell, "--install", HOME="").returncode == 1


def test_bash_completes_commands_and_words(service, tmp_path):
    script = tmp_path / "submitter"
    script.write_text(service.run("completion", "bash").stdout)
    done = subprocess.run(
        ["bash", "-c", f"source {script} && complete -p submitter"], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0 and "submitter" in done.stdout, done.stderr


@pytest.mark.parametrize("command", [
    ["queue"], ["jobs"], ["jobs", "list"], ["jobs", "show"], ["jobs", "tail"], ["jobs", "cancel"], ["usage"],
    ["completion"], ["dead", "drop"], ["models", "enable"], ["keys", "check"], ["serve"]])
def test_help_has_an_example(service, command):
    done = service.run(*command, "--help")
    assert done.returncode == 0 and "Example" in done.stdout
