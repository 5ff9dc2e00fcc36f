"""`submitter import`: what it plans, what it writes, and that no key is shown."""

import json
import sqlite3

import pytest

from support.processes import eventually
from support.service import KEY_MARK
from support.upstream import answer

KEY = f"{KEY_MARK}-imported-0123"


@pytest.fixture
def database(tmp_path, upstream):
    path = tmp_path / "one-api.db"
    with sqlite3.connect(path) as db:
        db.execute(
            'CREATE TABLE channels (id integer PRIMARY KEY, type int, key text, status int, name text, weight int, base_url text,'
            ' models text, "group" text, model_mapping text, priority int)')
        db.executemany(
            "INSERT INTO channels VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'default', ?, ?)",
            [(1, 1, KEY, 1, "first", 3, upstream.url, "imported-model", '{"imported-model":"up"}', 7),
             (2, 3, KEY, 1, "azure", 0, "", "gpt-4o", "", 0)])
    return path


def count(service):
    return service.postgres.query("SELECT count(*) FROM accounts")[0][0]


def test_a_dry_run_changes_nothing(service, database):
    before = count(service)
    done = service.run("import", "one-api", "--from", str(database), "--json")
    plan = json.loads(done.stdout)
    assert done.returncode == 0 and not plan["applied"] and count(service) == before
    assert [(account["id"], account["key"]) for account in plan["accounts"]] == [("one-api-1", "…0123")]
    assert [skip["about"] for skip in plan["skipped"]] == ['channel 2 "azure"']
    text = service.run("import", "one-api", "--from", str(database)).stdout
    assert "Dry run" in text and KEY not in done.stdout + text


def test_what_was_imported_serves_requests(own_service, database, upstream):
    service = own_service(CATALOG_REFRESH="1")
    script = upstream.script(answer("by an imported account"))
    done = service.run("import", "one-api", "--from", "env:SOURCE", "--apply", SOURCE=str(database))
    assert done.returncode == 0, done.stderr
    assert "Imported: 1 account, 1 new model, 1 left out." in done.stdout and KEY not in done.stdout + done.stderr

    def served():
        response = service.http.post("/v1/chat/completions", json={
            "model": "imported-model", "messages": [{"role": "user", "content": "hi"}], "x_script": script.name})
        return response.status_code == 200

    eventually(served, what="the imported model is served")
    assert script.calls[-1].account == KEY and script.calls[-1].body["model"] == "up"
    who = service.postgres.query("SELECT DISTINCT actor, action, reason FROM audit_log WHERE action = 'import'")
    assert [(action, reason) for _, action, reason in who] == [("import", "import one-api")] and who[0][0].startswith("cli:")
    again = service.run("import", "one-api", "--from", str(database), "--apply")
    assert again.returncode == 0 and "0 new models" in again.stdout


def test_the_other_product_is_refused_with_its_name(service, database):
    done = service.run("import", "new-api", "--from", str(database))
    assert done.returncode == 1 and "one-api" in done.stderr and "submitter import one-api" in done.stderr and done.stdout == ""
    assert service.run("import", "One-API", "--from", str(database)).returncode == 0


@pytest.mark.parametrize("source", ["/nowhere", "env:NOT_THERE", "mysql://root:secret-word@host/db"])
def test_a_source_that_cannot_be_read(service, source):
    done = service.run("import", "one-api", "--from", source)
    assert done.returncode == 1 and done.stdout == "" and "secret-word" not in done.stderr
