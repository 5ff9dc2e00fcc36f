"""Models and accounts changed while the service runs: by HTTP and from the command line, audited, without a key in sight."""

import contextlib
import json
import subprocess
import threading
import time
from pathlib import Path

import pytest

from support.http_server import ThreadedServer
from support.load import Load
from support.processes import eventually
from support.service import BIN, KEY_MARK, MASTER_KEY, Service, prompt
from support.upstream import answer

OTHER_KEY = "MTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OTBhYmNkZWY="  # another MASTER_KEY
NEW = f"{KEY_MARK}-new"


@pytest.fixture(scope="module")
def admin(workspace, template, upstream):
    # By themselves its processes would look once an hour.
    service = Service(workspace / "edits", template, upstream, workers=2, CATALOG_REFRESH="3600")
    listening(service, 3)
    # For accounts that no request of these tests shall be given.
    assert service.run("models", "add", "--set", "id=unused", "--set", "provider=openai").returncode == 0
    yield service
    service.stop()


def listening(service, count):
    channel = service.settings["CACHE_PREFIX"] + "catalog"
    client = service.redis.client()
    eventually(lambda: client.pubsub_numsub(channel)[0][1] == count, what=f"{count} processes listen for changes")


def chat(client, model="sandbox", **more):
    return client.post("/v1/chat/completions", json={"model": model, "messages": prompt(), **more})


def error(response):
    body = response.json()["error"]
    return response.status_code, body["code"], body["param"]


# MARK: HTTP

def test_a_model_comes_changes_and_goes_by_http(admin):
    with admin.http as client:
        made = client.post("/api/v1/models/", json={"id": "http-m", "provider": "sandbox", "aliases": ["first name"]})
        assert made.status_code == 201 and made.headers["location"] == "/api/v1/models/http-m"
        assert client.get("/api/v1/models/http-m").json() == made.json()
        assert client.get("/api/v1/models/http-m/").json()["provider"] == "sandbox"
        patched = client.patch("/api/v1/models/http-m", json={"priority": 7}).json()
        assert (patched["priority"], patched["aliases"]) == (7, ["first name"])
        replaced = client.put("/api/v1/models/http-m", json={"provider": "sandbox", "weight": 3}).json()
        assert (replaced["priority"], replaced["aliases"], replaced["weight"]) == (0, [], 3)
        off = client.post("/api/v1/models/http-m/disable", json={"reason": "old"})
        assert off.status_code == 200 and off.json()["is_active"] is False
        eventually(lambda: chat(client, "http-m").status_code == 404, 1, "nobody can use it")
        assert client.post("/api/v1/models/http-m/enable").json()["is_active"] is True
        eventually(lambda: chat(client, "http-m").status_code == 200, 1, "it is back")
        assert client.delete("/api/v1/models/http-m").status_code == 204
        assert client.get("/api/v1/models/http-m").status_code == 404


def test_the_old_paths_of_models_are_as_they_were(admin):
    with admin.http as client:
        for path in ("/api/v1/models", "/api/v1/models/", "/api/v1/models/?provider=openai", "/api/v1/models/openai/models",
                     "/api/v1/models/openai/models/"):
            listed = client.get(path)
            assert listed.status_code == 200, path
            ids = [model["id"] for model in listed.json()["data"]]
            assert "stub" in ids and ("sandbox" in ids) == (path.rstrip("/") == "/api/v1/models")
        assert client.get("/v1/models/sandbox").json()["object"] == "model"


def test_an_account_comes_changes_and_goes_by_http_without_its_key(admin):
    with admin.http as client:
        made = client.post(
            "/api/v1/accounts/", headers={"X-Actor": "ada"},
            json={"id": "http-a", "provider": "openai", "api_key": NEW, "rpm": 9, "base_url": admin.upstream.url,
                  "models": ["unused"], "settings": {"headers": f"X-Extra: {NEW}"}})
        assert made.status_code == 201 and made.json()["has_key"] is True
        client.patch("/api/v1/accounts/http-a", json={"tpm": 10})
        client.put("/api/v1/accounts/http-a", json={"provider": "openai", "models": ["unused"]})
        client.post("/api/v1/accounts/http-a/rotate-key", json={"api_key": NEW + "-2"})
        assert error(client.post("/api/v1/accounts/http-a/disable", json={})) == (
            400, "missing_required_parameter", "reason")
        assert client.post("/api/v1/accounts/http-a/disable", json={"reason": "broke"}).json()["status_reason"] == "broke"
        enabled = client.post("/api/v1/accounts/http-a/enable/").json()
        assert (enabled["status"], enabled["status_reason"]) == ("active", None)
        audit = client.get("/api/v1/audit?subject=http-a").json()["data"]
        answers = [client.get("/api/v1/accounts/").text, client.get("/api/v1/accounts/http-a").text, json.dumps(audit)]
        assert client.delete("/api/v1/accounts/http-a").status_code == 204
        assert client.get("/api/v1/accounts/http-a").status_code == 404
    assert [row["action"] for row in audit] == ["enable", "disable", "rotate_key", "update", "update", "create"]
    assert [row["actor"] for row in audit] == ["api"] * 5 + ["ada"]
    assert audit[1]["reason"] == "broke" and audit[-1]["after"]["rpm"] == 9 and audit[2]["after"]["api_key"] == "changed"
    for text in answers:
        assert "http-a" in text and KEY_MARK not in text and "v1." not in text
    assert KEY_MARK not in json.dumps(admin.postgres.query("SELECT before, after FROM audit_log"))


@pytest.mark.parametrize("method, path, body, expected", [
    ("POST", "accounts", {"id": "x", "provider": "openai", "rpm": "many"}, (400, "invalid_value", "rpm")),
    ("POST", "accounts", {"id": "x", "provider": "openai", "rmp": 5}, (400, "invalid_value", "rmp")),
    ("POST", "accounts", {"provider": "openai"}, (400, "invalid_value", "id")),
    ("POST", "accounts", {"id": "stub-1", "provider": "openai"}, (409, "already_exists", "id")),
    ("POST", "accounts", {"id": "x", "provider": "openai", "api_key_file": "/etc/hostname"},
     (400, "invalid_value", "api_key_file")),
    ("POST", "models", {"id": "x", "provider": "nobody"}, (400, "invalid_value", "provider")),
    ("POST", "models", {"id": "x", "provider": "openai", "routing_strategy": "best"},
     (400, "invalid_value", "routing_strategy")),
    ("POST", "models", [], (400, "invalid_value", None)),
    ("PATCH", "models/sandbox", {"id": "other"}, (400, "invalid_value", "id")),
    ("PATCH", "models/none", {"weight": 2}, (404, "not_found", None)),
    ("PUT", "accounts/none", {"provider": "openai"}, (404, "not_found", None)),
    ("DELETE", "accounts/none", None, (404, "not_found", None)),
    ("POST", "accounts/none/test", None, (404, "not_found", None)),
    ("POST", "accounts/stub-1/rotate-key", {}, (400, "missing_required_parameter", "api_key")),
    ("DELETE", "accounts", None, (405, "method_not_allowed", None)),
    ("GET", "audit?limit=0", None, (400, "invalid_value", "limit")),
    ("GET", "audit?kind=foo", None, (400, "invalid_value", "kind")),
    ("GET", "audit?knd=model", None, (400, "invalid_value", "knd")),
    ("GET", "accounts?provider=foo", None, (400, "invalid_value", "provider")),
    ("GET", "accounts?status=broken", None, (400, "invalid_value", "status")),
    ("GET", "alerts?opne=true", None, (400, "invalid_value", "opne")),
    ("GET", "models?provider=foo", None, (400, "invalid_value", "provider")),
    ("PATCH", "accounts/stub-1", {"status": "disabled"}, (400, "invalid_value", "status")),
    ("PATCH", "models/sandbox", {"is_active": False, "reason": " "}, (400, "invalid_value", "is_active")),
    ("POST", "models/sandbox/disable", {"reason": " "}, (400, "invalid_value", "reason")),
    ("PATCH", "accounts/stub-1", {"settings": {"orgnization": "x"}}, (400, "invalid_value", "settings.orgnization")),
    ("PATCH", "accounts/stub-1", {"models": ["nothing"]}, (400, "invalid_value", "models")),
    ("PATCH", "models/sandbox", {"fallback_models": ["nothing"]}, (400, "invalid_value", "fallback_models")),
])
def test_mistakes_are_told_by_their_field(admin, method, path, body, expected):
    before = admin.postgres.query("SELECT count(*) FROM audit_log")
    with admin.http as client:
        assert error(client.request(method, "/api/v1/" + path, json=body)) == expected
    assert admin.postgres.query("SELECT count(*) FROM audit_log") == before


def test_all_wrong_fields_are_told_at_once(admin):
    with admin.http as client:
        said = client.patch("/api/v1/accounts/stub-1", json={"rpm": "abc", "foo": 1, "models": ["nothing"]}).json()["error"][
            "message"]
    assert "rpm: expected" in said and "foo: expected" in said and "models: expected" in said and "unlike nothing" in said
    done = admin.run("accounts", "edit", "stub-1", "--set", "rpm=abc", "--set", "foo=1", "--set", "api_key_env=NOT_SET")
    assert done.returncode == 64 and [line.split(":")[0] for line in done.stderr.splitlines()] == ["rpm", "foo", "api_key_env"]


def test_an_edit_that_disables_says_why_and_filters_find_it(admin):
    with admin.http as client:
        client.post("/api/v1/accounts", json={"id": "why", "provider": "openai", "models": ["unused"]})
        off = client.patch("/api/v1/accounts/why", json={"status": "disabled", "reason": "contract"}).json()
        assert off["status_reason"] == "contract"
        assert client.patch("/api/v1/accounts/why", json={"status": "disabled", "rpm": 5}).status_code == 200
        assert "why" in [account["id"] for account in client.get("/api/v1/accounts?status=Disabled&provider=OpenAI").json()[
            "data"]]
        assert client.get("/api/v1/audit?kind=account&subject=why").json()["data"][1]["reason"] == "contract"
        client.post("/api/v1/accounts/why/enable")
    assert admin.run("accounts", "edit", "why", "--set", "status=disabled").returncode == 64
    assert admin.run("accounts", "edit", "why", "--set", "status=disabled", "--reason", "again").returncode == 0
    with admin.http as client:
        assert client.get("/api/v1/accounts/why").json()["status_reason"] == "again"
        client.delete("/api/v1/accounts/why")


def test_alerts_are_listed(admin):
    admin.postgres.query(
        "INSERT INTO alerts (kind, subject, severity, message) VALUES ('circuit_open', 'b', 'warning', 'm') RETURNING id")
    admin.postgres.query(
        "INSERT INTO alerts (kind, subject, severity, message, cleared_at) VALUES ('circuit_open', 'c', 'warning', 'm', now())"
        " RETURNING id")
    with admin.http as client:
        subjects = lambda query: {a["subject"] for a in client.get("/api/v1/alerts" + query).json()["data"]}  # noqa: E731
        assert {"b", "c"} <= subjects("") and "c" not in subjects("?open=true")


def test_a_change_by_http_reaches_all_processes_within_a_second(admin, upstream):
    """Two workers: whichever takes the request must know the model that was made an instant before."""
    times = []
    with admin.http as client:
        for number in range(5):
            began = time.monotonic()
            client.post("/api/v1/models", json={"id": f"soon-{number}", "provider": "sandbox"})
            eventually(lambda: [chat(client, f"soon-{number}").status_code for _ in range(4)] == [200] * 4, 5, "it is known")
            times.append(time.monotonic() - began)
    print("by HTTP, to both workers, four answers included:", [f"{seconds * 1000:.0f} ms" for seconds in times])
    assert max(times) < 1


def test_a_rotated_key_is_used_within_a_second(admin, upstream):
    script = upstream.script(answer("ok"))
    with admin.http as client:
        for id in ("stub-1", "stub-2"):
            assert client.post(f"/api/v1/accounts/{id}/rotate-key", json={"api_key": f"{NEW}-{id}"}).status_code == 200
        began = time.monotonic()

        def is_used():
            assert chat(client, "stub", x_script=script.name).status_code == 200
            return script.calls[-1].account.startswith(NEW)

        eventually(is_used, 1, "the new key")
        print(f"key in use after {(time.monotonic() - began) * 1000:.0f} ms")
        time.sleep(max(0, began + 1 - time.monotonic()))
        seen = len(script.calls)
        for _ in range(8):
            chat(client, "stub", x_script=script.name)
        assert {call.account[:len(NEW)] for call in script.calls[seen:]} == {NEW}


# MARK: asking the platform

async def answer_ping(call):
    if call.bearer == NEW:
        return await call.send({"object": "list", "data": []})
    await call.send({"error": {"message": f"bad {NEW}", "code": "invalid_api_key"}}, 401)


@contextlib.contextmanager
def platform():
    failures = []
    server = ThreadedServer(answer_ping, failures.append)
    yield f"{server.url}/v1"
    server.stop()
    assert failures == []


def test_an_account_is_tested_by_http_and_from_the_command_line(admin):
    with platform() as url, admin.http as client:
        account = {"provider": "openai", "base_url": url, "models": ["unused"]}
        client.post("/api/v1/accounts", json={"id": "good", "api_key": NEW, **account})
        client.post("/api/v1/accounts", json={"id": "bad", "api_key": NEW + "x", **account})
        good = eventually(lambda: (r := client.post("/api/v1/accounts/good/test").json())["ok"] and r, 5, "the worker knows it")
        assert 0 <= good["ms"] < 5000
        bad = client.post("/api/v1/accounts/bad/test").json()
        assert not bad["ok"] and bad["error"]["kind"] == "authentication" and KEY_MARK not in json.dumps(bad)
        assert admin.run("accounts", "test", "good").returncode == 0
        refused = admin.run("accounts", "test", "bad")
        assert refused.returncode == 1 and "authentication" in refused.stdout and KEY_MARK not in refused.stdout
        for id in ("good", "bad"):
            client.delete(f"/api/v1/accounts/{id}")


# MARK: the command line

def test_the_command_line_does_the_same(admin):
    def run(*arguments, stdin="", **environment):
        return admin.run(*arguments, stdin=stdin, USER="ada", **environment)

    made = run("accounts", "add", "--set", "id=cli-a", "--set", "provider=openai", "--set", "rpm=5", "--set", "models=[unused]",
               "--api-key-stdin", "--json", stdin=NEW + "\n")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["rpm"] == 5 and KEY_MARK not in made.stdout + made.stderr
    assert run("accounts", "add", "--set", "id=cli-a", "--set", "provider=openai").returncode == 1
    patch = admin.folder / "patch.yaml"
    patch.write_text("tpm: 100\nsettings: {organization: org}\n")
    edited = json.loads(run("accounts", "edit", "cli-a", "--file", str(patch), "--set", "rpm=null", "--json").stdout)
    assert (edited["tpm"], edited["rpm"], edited["settings"]) == (100, None, {"organization": "org"})
    assert run("accounts", "rotate-key", "cli-a", "--api-key-env", "THE_KEY", THE_KEY=NEW).returncode == 0
    assert run("accounts", "rotate-key", "cli-a", "--api-key-stdin", stdin=NEW).returncode == 0
    assert run("accounts", "disable", "cli-a", "--reason", "no money").returncode == 0
    table = run("accounts", "list").stdout
    assert any(line.split()[:3] == ["cli-a", "openai", "disabled"] and "no money" in line for line in table.splitlines())
    assert run("accounts", "enable", "cli-a").returncode == 0
    shown = json.loads(run("accounts", "show", "cli-a", "--json").stdout)
    assert shown["status"] == "active" and shown["has_key"]
    assert run("accounts", "delete", "cli-a").returncode == 0
    assert run("accounts", "show", "cli-a").returncode == 1
    audit = json.loads(run("audit", "--subject", "cli-a", "--json").stdout)
    assert [row["action"] for row in audit] == ["delete", "enable", "disable", "rotate_key", "rotate_key", "update", "create"]
    assert {row["actor"] for row in audit} == {"cli:ada"}
    assert KEY_MARK not in table + json.dumps(shown) + json.dumps(audit)


def test_a_change_from_the_command_line_reaches_the_service_within_a_second(admin):
    assert admin.run("models", "add", "--set", "id=cli-m", "--set", "provider=sandbox").returncode == 0
    with admin.http as client:
        eventually(lambda: [chat(client, "cli-m").status_code for _ in range(4)] == [200] * 4, 1, "both workers know it")
        assert admin.run("models", "disable", "cli-m", "--reason", "test").returncode == 0
        eventually(lambda: chat(client, "cli-m").status_code == 404, 1, "it is off")


@pytest.mark.parametrize("arguments, code, said", [
    (["models", "add", "--set", "id=x"], 64, "provider: expected"),
    (["models", "add", "--set", "id=x", "--set", "provider=nobody"], 64, "provider"),
    (["models", "edit", "sandbox", "--set", "wieght=2"], 64, "weight"), (["models", "edit", "sandbox"], 64, "--set"),
    (["models", "edit", "none", "--set", "weight=2"], 1, "none"), (["models", "disable", "sandbox"], 64, "reason"),
    (["accounts", "add", "--set", "id=x", "--api-key", "k"], 64, "--api-key"),
    (["accounts", "edit", "stub-1", "--set", "api_key=sk-9"], 64, "--api-key-stdin"),
    (["accounts", "rotate-key", "stub-1", "--api-key-env", "NOT_SET"], 64, "key"),
])
def test_wrong_commands_say_why_and_change_nothing(admin, arguments, code, said):
    before = admin.postgres.query("SELECT count(*) FROM audit_log")
    done = admin.run(*arguments)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert "sk-9" not in done.stdout + done.stderr
    assert admin.postgres.query("SELECT count(*) FROM audit_log") == before


def test_no_key_stands_in_the_list_of_processes(admin):
    """While a command waits for the key, and of all that runs."""
    command = subprocess.Popen(
        [BIN / "submitter", "accounts", "add", "--set", "id=ps-a", "--set", "provider=openai", "--set", "models=[unused]",
            "--api-key-stdin"],
        env=admin.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    command.stdin.write(NEW.encode())
    command.stdin.flush()
    for process in [command, *admin.processes]:
        assert KEY_MARK.encode() not in Path(f"/proc/{process.pid}/cmdline").read_bytes()
    out, err = command.communicate(timeout=30)
    assert command.returncode == 0 and KEY_MARK.encode() not in out + err
    assert admin.run("accounts", "delete", "ps-a").returncode == 0


# MARK: without PostgreSQL

def test_while_postgresql_is_away_requests_run_and_changes_are_refused(own_service):
    service = own_service()
    with service.http as client:
        service.postgres.stop()
        assert chat(client).status_code == 200
        for response in (client.patch("/api/v1/models/sandbox", json={"weight": 2}), client.get("/api/v1/audit"),
                         client.post("/api/v1/accounts", json={"id": "x", "provider": "sandbox"})):
            assert error(response)[:2] == (503, "database_unavailable") and response.headers["retry-after"]
        assert service.run("models", "list").returncode == 1
        # Lists come from memory.
        for path in ("models/", "models/sandbox", "accounts/", "accounts/stub-1"):
            shown = client.get(f"/api/v1/{path}")
            assert shown.status_code == 200 and KEY_MARK not in shown.text and "v1." not in shown.text
        service.postgres.start()
        eventually(lambda: client.patch("/api/v1/models/sandbox", json={"weight": 2}).status_code == 200, what="it is back")


# MARK: another MASTER_KEY

def sealed_under(service):
    return {row[0].split(".")[1] for row in service.postgres.query(
        "SELECT api_key_encrypted FROM accounts WHERE api_key_encrypted IS NOT NULL")}


def test_the_master_key_is_changed_under_load_without_a_failed_request(own_service, upstream):
    """The procedure of docs/operations.md, with more accounts than a moment takes."""
    service = own_service(workers=1, DRAIN_TIMEOUT="20", HEALTH_CHECK_INTERVAL="3600")
    script = upstream.script(answer("ok"))
    with service.http as client:
        for number in range(30):
            made = client.post("/api/v1/accounts", json={
                "id": f"many-{number}", "provider": "openai", "api_key": f"{KEY_MARK}-{number}", "base_url": upstream.url})
            assert made.status_code == 201
    [first] = sealed_under(service)
    stop, codes = threading.Event(), []

    def ask():
        with service.http as client:
            while not stop.is_set():
                codes.append(chat(client, "stub", x_script=script.name).status_code)

    callers = [threading.Thread(target=ask) for _ in range(4)]
    for caller in callers:
        caller.start()
    try:
        # 1. All workers with both keys, one after the other.
        service.settings.update(MASTER_KEY=OTHER_KEY, MASTER_KEY_RETIRED=MASTER_KEY)
        old = service.workers.pop()
        service.add_worker()
        assert old.stop(seconds=20) == 0
        # 2. Rotate, while people use the accounts.
        done = service.run("keys", "rotate")
        assert done.returncode == 0 and "Wrapped anew: 32. Under the current key already: 0." in done.stdout, done.stderr
        [second] = sealed_under(service)
        assert second != first
        again = service.run("keys", "rotate")
        assert "Wrapped anew: 0. Under the current key already: 32." in again.stdout
        check = service.run("keys", "check")
        assert check.returncode == 0 and second in check.stdout and first not in check.stdout
        # 3. Without the old one.
        del service.settings["MASTER_KEY_RETIRED"]
        old = service.workers.pop()
        service.add_worker()
        assert old.stop(seconds=20) == 0
        count = len(codes)
        eventually(lambda: len(codes) > count + 20, what="twenty more answers with the new key alone")
    finally:
        stop.set()
        for caller in callers:
            caller.join(30)
    assert len(codes) > 50 and set(codes) == {200}, {code: codes.count(code) for code in set(codes)}
    assert len({call.account for call in script.calls[-20:]}) > 1
    audit = service.postgres.query("SELECT count(*), count(DISTINCT subject) FROM audit_log WHERE action = 'rewrap_key'")
    assert audit == [(32, 32)]


def test_with_the_wrong_master_key_the_rotation_says_which_accounts_it_cannot_open(own_service):
    service = own_service(workers=0)
    done = service.run("keys", "rotate", MASTER_KEY=OTHER_KEY)
    assert done.returncode == 1 and "stub-1" in done.stderr and "stub-2" in done.stderr
    assert service.run("keys", "check", MASTER_KEY=OTHER_KEY).returncode == 1
    assert service.run("keys", "check").returncode == 0


def test_sandbox_load_does_not_notice_edits(own_service):
    service = own_service()
    with Load(service, callers=4) as load, service.http as client:
        eventually(lambda: load.answered > 5, what="the load runs")
        for number in range(20):
            assert client.patch("/api/v1/accounts/sandbox-1", json={"weight": number + 1}).status_code == 200
        count = load.answered
        eventually(lambda: load.answered > count + 5, what="the load goes on")
    assert load.failures == []
