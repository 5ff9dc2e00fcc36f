"""`submitter catalog apply`: a file over a catalogue that people have changed, while the service runs."""

import json

import pytest

from support.processes import eventually
from support.service import KEYS, prompt


@pytest.fixture(scope="module")
def service(workspace, template, upstream):
    from support.service import Service

    # By itself no process would look within the test's time.
    service = Service(workspace / "apply", template, upstream, CATALOG_REFRESH="3600")
    channel = service.settings["CACHE_PREFIX"] + "catalog"
    client = service.redis.client()
    eventually(lambda: client.pubsub_numsub(channel)[0][1] == 2, what="worker and shim listen for changes")
    yield service
    service.stop()


def apply(service, *options, **environment):
    done = service.run("catalog", "apply", str(service.folder / "catalog.yaml"), *options, **environment)
    assert all(key not in done.stdout + done.stderr for key in KEYS)
    return done


def entries(service):
    return [json.loads(service.run(noun, "list", "--json").stdout) for noun in ("models", "accounts")]


def test_a_second_run_has_nothing_to_do(service):
    before = entries(service)
    done = apply(service)
    assert done.returncode == 0 and done.stdout == "Nothing to change: 7 entries as the file says.\n", done
    assert entries(service) == before


def test_a_dry_run_shows_each_field_and_the_real_one_reaches_the_service_within_a_second(service):
    service.run("models", "edit", "sandbox", "--set", "aliases=[other]", "--set", "weight=5")
    service.run("accounts", "edit", "stub-1", "--set", "account_name=Mine", "--set", "rpm=50")
    before = entries(service)
    dry = apply(service, "--dry-run")
    assert dry.returncode == 0 and entries(service) == before
    assert dry.stdout.splitlines() == [
        "~ model sandbox", "    aliases: other -> demo", "~ account stub-1", "    account_name: Mine -> First",
        "Dry run, nothing was changed: 0 new, 2 changed, 5 as they are."]

    done = apply(service, "--json", USER="ada")
    report = json.loads(done.stdout)
    assert report["applied"] and [change["id"] for change in report["changes"]] == ["sandbox", "stub-1"]

    def answers():
        with service.http as client:
            return client.post("/v1/chat/completions", json={"model": "demo", "messages": prompt()}).status_code == 200

    eventually(answers, 1, "the alias is known")
    models, accounts = ({entry["id"]: entry for entry in listed} for listed in entries(service))
    # Rows that the file does not name stay.
    assert models["sandbox"]["weight"] == 5 and accounts["stub-1"]["rpm"] == 50
    audit = json.loads(service.run("audit", "--subject", "stub-1", "--json").stdout)[0]
    assert (audit["actor"], audit["action"], audit["reason"]) == ("cli:ada", "update", "catalog apply catalog.yaml")
    assert (audit["before"]["account_name"], audit["after"]["account_name"]) == ("Mine", "First")


def test_into_an_empty_catalogue_only(service):
    service.run("models", "edit", "stub", "--set", "priority=9")
    done = apply(service, "--if-empty")
    assert done.returncode == 0 and "nothing was changed" in done.stdout
    assert json.loads(service.run("models", "show", "stub", "--json").stdout)["priority"] == 9
    service.run("models", "edit", "stub", "--set", "priority=null")


def test_a_restart_does_not_undo_what_people_changed(service):
    """CATALOG_FILE is set for every process."""
    service.run("models", "disable", "deaf", "--reason", "by hand")
    service.run("accounts", "edit", "stub-2", "--set", "weight=4")
    before = entries(service)
    service.workers.pop().stop(seconds=10)
    service.add_worker()
    assert entries(service) == before


def test_missing_key_variables_are_told_at_once(service):
    path = service.folder / "keys.yaml"
    path.write_text("accounts:\n" + "".join(
        f"  - {{id: k{number}, provider: openai, api_key_env: NOT_SET_{number}, rpm: abc}}\n" for number in range(3)))
    done = service.run("catalog", "apply", str(path))
    assert done.returncode == 3 and str(path) in done.stderr
    for number in range(3):
        assert f"accounts[{number}].api_key_env (k{number}): " in done.stderr and f"NOT_SET_{number}" in done.stderr
        assert f"accounts[{number}].rpm (k{number}): expected" in done.stderr


@pytest.mark.parametrize("path, said", [("/no/such.yaml", "/no/such.yaml"), ("broken.yaml", "line 2: ")])
def test_a_file_that_cannot_be_read_is_told_by_its_path(service, path, said):
    (service.folder / "broken.yaml").write_text("models: [\n")
    path = path if path.startswith("/") else str(service.folder / path)
    done = service.run("catalog", "apply", path)
    assert done.returncode == 3 and said in done.stderr and path in done.stderr
