"""Models and accounts are changed while the service runs, by HTTP and from the command line. Keys go in and never out."""

import json
import subprocess
import time

import pytest

from support.processes import eventually
from support.service import KEYS, MASTER_KEY, prompt
from support.upstream import answer

NEW_KEY = "sk-zanzibar-key-three"
OTHER_MASTER = "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI="


@pytest.fixture(scope="module")
def admin(workspace, template, upstream):
    from support.service import Service

    service = Service(workspace / "admin", template, upstream, workers=2)
    yield service
    service.stop()


def ask(service, model, script=None):
    return service.openai().chat.completions.create(
        model=model, messages=prompt(), extra_body={"x_script": script.name} if script else None)


def cli(service, *arguments, **options):
    done = service.run(*arguments, **options)
    assert all(key not in done.stdout + done.stderr for key in [*KEYS, NEW_KEY])
    return done


def test_a_new_model_and_account_answer_within_a_second(admin, upstream):
    with admin.http as client:
        assert client.post("/api/v1/models", json={"id": "fresh-model", "provider": "openai"}).status_code == 201
        made = client.post("/api/v1/accounts", headers={"X-Actor": "anna"}, json={
            "id": "fresh", "provider": "openai", "api_key": NEW_KEY, "base_url": upstream.url, "models": ["fresh-model"]})
        assert made.status_code == 201 and made.json()["has_key"] and NEW_KEY not in made.text
        began, script = time.monotonic(), upstream.script(answer("fresh"))
        eventually(lambda: ask(admin, "fresh-model", script).choices[0].message.content == "fresh", 5, "it answers")
        assert time.monotonic() - began < 1.5, "a change takes a second at most, and the call its own time"
        assert script.calls[-1].account == NEW_KEY
        assert client.post("/api/v1/accounts", json={"id": "fresh", "provider": "openai"}).status_code == 409
        audit = client.get("/api/v1/audit?subject=fresh").json()["data"]
        assert [(row["actor"], row["action"]) for row in audit] == [("anna", "create")] and NEW_KEY not in json.dumps(audit)


@pytest.mark.parametrize("id", ["team/one", "a/b/c"])
def test_ids_with_slashes_are_found_in_every_path(admin, upstream, id):
    with admin.http as client:
        assert client.post("/api/v1/models", json={"id": id, "provider": "openai"}).status_code == 201
        made = client.post("/api/v1/accounts", json={
            "id": id, "provider": "openai", "api_key": NEW_KEY + "\n", "base_url": f" {upstream.url}/chat/completions ",
            "models": [id]})
        assert made.status_code == 201 and made.json()["base_url"] == upstream.url.rstrip("/")
        for path in (id, id.replace("/", "%2F")):
            for kind in ("accounts", "models"):
                assert client.get(f"/api/v1/{kind}/{path}").json()["id"] == id
                assert client.patch(f"/api/v1/{kind}/{path}", json={"weight": 3}).json()["weight"] == 3
                assert client.post(f"/api/v1/{kind}/{path}/disable", json={"reason": "a test"}).status_code == 200
                assert client.post(f"/api/v1/{kind}/{path}/enable").status_code == 200
            rotated = client.post(f"/api/v1/accounts/{path}/rotate-key", json={"api_key": f" {NEW_KEY}\r\n"})
            assert rotated.status_code == 200 and NEW_KEY not in rotated.text
        script = upstream.script(answer("slashed"))
        eventually(lambda: ask(admin, id, script).choices[0].message.content == "slashed", 5, "it answers")
        assert script.calls[-1].account == NEW_KEY
        assert client.options(f"/api/v1/accounts/{id}").headers["allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"
        for kind in ("accounts", "models"):
            assert client.delete(f"/api/v1/{kind}/{id}").status_code == 204


def test_disabled_accounts_are_not_used_and_say_why(admin, upstream):
    with admin.http as client:
        assert client.post("/api/v1/accounts/stub-1/disable", json={}).status_code == 400
        done = client.post("/api/v1/accounts/stub-1/disable", json={"reason": "for repair"})
        assert done.status_code == 200 and done.json()["status_reason"] == "for repair"
        time.sleep(1)
        script = upstream.script(answer("x"))
        for _ in range(6):
            ask(admin, "stub", script)
        assert {call.account for call in script.calls} == {KEYS[1]}
        found = {account["id"]: account for account in client.get("/api/v1/status/health").json()["accounts"]}
        assert found["stub-1"]["state"] == "disabled" and found["stub-1"]["reason"] == "for repair"
        assert client.post("/api/v1/accounts/stub-1/enable").json()["status"] == "active"

        def is_used():
            ask(admin, "stub", script)
            return KEYS[0] in {call.account for call in script.calls}

        eventually(is_used, 5, "the account is used again")


def test_edits_keep_what_they_do_not_name_and_refuse_by_field(admin):
    with admin.http as client:
        before = client.get("/api/v1/accounts/stub-2").json()
        after = client.patch("/api/v1/accounts/stub-2", json={"rpm": 5000}).json()
        assert after["rpm"] == 5000 and after["base_url"] == before["base_url"] and after["has_key"]
        for wrong in ({"rpm": -1}, {"rpmm": 5}, {"quota_period": "year"}, {"id": "other"}):
            refused = client.patch("/api/v1/accounts/stub-2", json=wrong)
            assert refused.status_code == 400 and next(iter(wrong)) in refused.json()["error"]["message"]
        assert client.get("/api/v1/accounts/nobody").status_code == 404
        assert client.patch("/api/v1/accounts/stub-2", json={"rpm": None}).json()["rpm"] is None
        assert all(key not in client.get("/api/v1/accounts").text for key in KEYS)


def test_the_command_line_does_the_same(admin, upstream):
    added = cli(admin, "accounts", "add", "--set", "id=by-hand", "--set", "provider=openai", "--set", f"base_url={upstream.url}",
                "--set", "rpm=7", "--api-key-stdin", stdin=NEW_KEY + "\n")
    assert added.returncode == 0, added.stderr
    assert json.loads(cli(admin, "accounts", "show", "by-hand", "--json").stdout)["rpm"] == 7
    assert "by-hand" in cli(admin, "accounts", "list").stdout
    assert cli(admin, "accounts", "edit", "by-hand", "--set", "rpm=abc").returncode == 64
    assert cli(admin, "accounts", "add", "--set", "id=x", "--set", "api_key=sk-1").returncode == 64
    assert cli(admin, "accounts", "disable", "by-hand", "--reason", "not now").returncode == 0
    assert "not now" in cli(admin, "audit", "--subject", "by-hand").stdout
    assert cli(admin, "accounts", "delete", "by-hand").returncode == 0
    assert cli(admin, "accounts", "show", "by-hand").returncode == 1
    assert cli(admin, "models", "list").returncode == 0 and cli(admin, "alerts").returncode == 0


def test_a_worker_tests_an_account_on_request(admin):
    with admin.http as client:
        assert client.post("/api/v1/accounts/sandbox-1/test").json()["ok"] is True
        bad = client.post("/api/v1/accounts", json={
            "id": "nowhere", "provider": "openai", "api_key": NEW_KEY, "base_url": "http://127.0.0.1:1/v1"})
        assert bad.status_code == 201
        time.sleep(1)
        tried = client.post("/api/v1/accounts/nowhere/test").json()
        assert tried["ok"] is False and tried["error"]["kind"] == "network"
        assert client.post("/api/v1/accounts/nobody/test").status_code == 404
        assert client.delete("/api/v1/accounts/nowhere").status_code == 204
    assert cli(admin, "accounts", "test", "sandbox-1").returncode == 0


def test_keys_move_to_another_master_key_while_requests_run(own_service, upstream):
    both = {"MASTER_KEY": OTHER_MASTER, "MASTER_KEY_RETIRED": MASTER_KEY}
    service = own_service()
    worker = service.add_worker(**both)
    script = upstream.script(answer("x"))
    assert ask(service, "stub", script)
    service.workers[0].stop(seconds=10)
    assert cli(service, "keys", "check", **both).stdout.count("retired") == 1
    rotated = cli(service, "keys", "rotate", **both)
    assert rotated.returncode == 0 and "anew: 2" in rotated.stdout
    assert "anew: 0" in cli(service, "keys", "rotate", **both).stdout
    assert cli(service, "keys", "check", MASTER_KEY=OTHER_MASTER).returncode == 0
    worker.stop(seconds=10)
    service.add_worker(MASTER_KEY=OTHER_MASTER)
    assert ask(service, "stub", script) and script.calls[-1].account in KEYS


def test_no_key_stands_in_a_process_list(admin):
    listed = subprocess.run(["ps", "axww", "-o", "args"], capture_output=True, text=True, check=True).stdout
    assert all(key not in listed for key in [*KEYS, NEW_KEY, MASTER_KEY])

