"""Budgets: what a tenant or a user may spend is kept over all processes, told before, and refused with 402 behind it."""

import json
import time
import uuid

import httpx
import openai
import pytest

from support import batches
from support.batches import line
from support.ledger import drained
from support.processes import eventually
from support.service import ANSWER_MARK, Service, prompt
from support.upstream import USAGE, answer

TOKENS = USAGE["total_tokens"]  # of each answer of the stub
QUICK = {"ALERT_INTERVAL": "0.5", "ALERT_CLEAR_AFTER": "1", "LEADER_LEASE": "1", "BATCH_POLL": "0.1", "FLUSH_INTERVAL": "0.2"}


@pytest.fixture(scope="module")
def service(workspace, template, upstream):
    service = Service(workspace / "budgets", template, upstream, workers=2, **QUICK)
    yield service
    service.stop()


@pytest.fixture
def tenant():
    return f"t-{uuid.uuid4().hex[:12]}"


def put(service, id, **members):
    done = service.http.put(f"/api/v1/budgets/{id}", json=members)
    assert done.status_code == 200, done.text
    return done.json()


def show(service, id):
    return service.http.get(f"/api/v1/budgets/{id}").json()


class Caller:
    """Asks for one answer of the stub, at any shim."""

    def __init__(self, service, upstream, tenant):
        self.service, self.tenant, self.script = service, tenant, upstream.script(answer(ANSWER_MARK))

    def ask(self, url=None, **body):
        body = {"model": "stub", "messages": prompt(), "x_script": self.script.name, **body}
        return httpx.post(
            f"{url or self.service.url}/v1/chat/completions", json=body, headers={"X-Tenant": self.tenant}, timeout=60)

    def refused(self, url=None, **body):
        """The error of a refusal, or `None` while there is none."""
        asked = self.ask(url, **body)
        return asked.json()["error"] if asked.status_code == 402 else None


@pytest.fixture
def caller(service, upstream, tenant):
    return Caller(service, upstream, tenant)


def spend(caller, count=1):
    for _ in range(count):
        assert caller.ask().status_code == 200


def in_ledger(service, tenant):
    return service.postgres.query(
        "SELECT coalesce(sum(tokens_in + tokens_out), 0)::int FROM usage_attempts WHERE tenant = %s", tenant)[0][0]


def test_the_answer_that_spends_the_last_is_the_last_at_every_shim(service, caller, tenant):
    first, first_url = service.shim, service.url
    service.start_shim()
    service.wait_ready()
    put(service, tenant, tenant=tenant, unit="tokens", soft=TOKENS, hard=2 * TOKENS)
    spend(caller, 2)
    began = time.monotonic()
    errors = [eventually(lambda: caller.refused(url), 5, "the shim refuses") for url in (first_url, service.url)]
    print(f"known after {time.monotonic() - began:.2f} s")
    assert time.monotonic() - began < 2

    for error in errors:
        assert error["type"] == "billing_error" and error["code"] == "budget_exhausted" and tenant in error["message"]
    drained(service)
    calls = len(caller.script.calls)
    with pytest.raises(openai.APIStatusError) as caught:
        service.openai(max_retries=3, default_headers={"X-Tenant": tenant}).chat.completions.create(
            model="stub", messages=prompt(), extra_body={"x_script": caller.script.name})
    assert caught.value.status_code == 402 and len(caller.script.calls) == calls
    budget = show(service, tenant)
    assert budget["spent"] == in_ledger(service, tenant) == calls * TOKENS
    assert budget["level"] == "spent" and budget["remaining"] == 2 * TOKENS - budget["spent"]

    put(service, tenant, tenant=tenant, unit="tokens", hard=1000 * TOKENS)
    for url in (first_url, service.url):
        eventually(lambda: caller.ask(url).status_code == 200, 5, "the shim takes requests again")
    first.ask_to_end()
    assert first.end(15) == 0


def test_a_budget_in_money_counts_its_currency_and_that_of_a_user_only_his(service, caller, tenant):
    put(service, f"{tenant}-usd", tenant=tenant, unit="USD", hard=100)
    put(service, f"{tenant}-cny", tenant=tenant, unit="CNY", hard=100)
    put(service, f"{tenant}-ada", tenant=tenant, user="ada", unit="tokens", period="day", hard=TOKENS)
    assert caller.ask(user="ada").status_code == caller.ask(user="ben").status_code == 200

    eventually(lambda: caller.refused(user="ada"), 5, "ada is refused")
    assert caller.ask(user="ben").status_code == 200 and caller.ask().status_code == 200
    drained(service)
    [cost] = service.postgres.query("SELECT sum(cost)::float FROM usage_attempts WHERE tenant = %s", tenant)[0]
    assert show(service, f"{tenant}-usd")["spent"] == pytest.approx(cost) and cost > 0
    assert show(service, f"{tenant}-cny")["spent"] == 0


def test_a_repeat_of_a_keyed_request_gets_its_answer_all_the_same(service, caller, tenant):
    def ask(key):
        body = {"model": "stub", "messages": prompt(), "x_script": caller.script.name}
        headers = {"X-Tenant": tenant, "Idempotency-Key": key}
        return httpx.post(f"{service.url}/v1/chat/completions", json=body, headers=headers, timeout=60)

    known = ask("one")
    put(service, tenant, tenant=tenant, unit="tokens", hard=0)
    eventually(lambda: caller.refused(), 5, "it is refused")
    assert known.status_code == ask("one").status_code == 200 and ask("one").json()["id"] == known.json()["id"]
    assert ask("two").status_code == 402


def test_an_entry_of_a_producer_ends_with_402_and_blames_no_account(service, caller, tenant):
    put(service, tenant, tenant=tenant, unit="tokens", hard=0)
    eventually(lambda: caller.refused(), 5, "it is known")
    id = f"0-{uuid.uuid4().hex}"
    request = json.dumps({"model": "stub", "messages": prompt(), "x_script": caller.script.name})
    service.redis.client().xadd(service.key("q:normal"), {"v": 1, "id": id, "t": tenant, "req": request})

    def job():
        return service.http.get(f"/api/v1/jobs/{id}", headers={"X-Tenant": tenant}).json()

    eventually(lambda: job()["status"] == "error", what="it has ended")
    assert job()["error_status"] == 402 and job()["error"]["code"] == "budget_exhausted"
    drained(service)
    assert service.postgres.query(
        "SELECT status, error_kind, account, cost::float FROM usage_attempts WHERE request_id = %s", id) == [
            ("error", "budget_exhausted", "", 0)]
    assert caller.script.calls == [] and service.postgres.query("SELECT 1 FROM alerts WHERE kind LIKE 'account%%'") == []


def test_a_line_of_a_batch_becomes_an_error_line(service, caller, tenant):
    put(service, tenant, tenant=tenant, unit="tokens", hard=0)
    eventually(lambda: caller.refused(), 5, "it is known")
    batch = batches.ended(service, batches.create(service, [line(number) for number in range(3)], tenant=tenant), tenant)

    assert batch["request_counts"] == {"total": 3, "completed": 0, "failed": 3}
    for found in batches.results(service, batch, tenant):
        assert found["response"]["status_code"] == 402
        assert found["response"]["body"]["error"]["type"] == "billing_error"


def test_both_amounts_have_an_alert_that_is_over_when_the_budget_is_raised(service, caller, tenant):
    def subjects():
        alerts = service.http.get("/api/v1/alerts?kind=budget&open=true").json()["data"]
        return sorted(alert["subject"] for alert in alerts if alert["subject"].startswith(tenant))

    put(service, tenant, tenant=tenant, unit="tokens", soft=TOKENS, hard=3 * TOKENS)
    spend(caller)
    eventually(lambda: subjects() == [f"{tenant}/soft"], 10, "the first alert")
    spend(caller, 2)
    eventually(lambda: subjects() == [f"{tenant}/hard", f"{tenant}/soft"], 10, "the second alert")
    put(service, tenant, tenant=tenant, unit="tokens", soft=TOKENS, hard=100 * TOKENS)
    eventually(lambda: subjects() == [f"{tenant}/soft"], 10, "the second is over")
    assert service.http.delete(f"/api/v1/budgets/{tenant}").status_code == 204
    eventually(lambda: subjects() == [], 10, "both are over")


def test_the_command_line_sets_lists_shows_and_removes(service, caller, tenant):
    def run(*arguments):
        return service.run("budgets", *arguments)

    made = run("set", tenant, "--tenant", tenant, "--unit", "tokens", "--soft", "5", "--hard", str(TOKENS), "--json")
    assert made.returncode == 0 and json.loads(made.stdout)["remaining"] == TOKENS, made.stderr
    spend(caller)
    eventually(lambda: caller.refused(), 5, "it is refused")
    listed = run("list", "--tenant", tenant).stdout
    assert tenant in listed and "spent" in listed and run("--tenant", tenant).stdout == listed
    raised = run("set", tenant, "--hard", "1e3", "--no-soft", "--reason", "launch")
    assert raised.returncode == 0, raised.stderr
    eventually(lambda: caller.ask().status_code == 200, 5, "the shim has heard of it")
    assert json.loads(run("show", tenant, "--json").stdout)["soft"] is None
    assert "launch" in service.run("audit", "--kind", "budget", "--subject", tenant).stdout
    assert run("remove", tenant).returncode == 0
    assert run("remove", tenant).returncode == run("show", tenant).returncode == 1
    for wrong in (["set", "a b", "--unit", "USD", "--hard", "1"], ["set", "x", "--unit", "USD"], ["set", "x", "--hard", "much"],
                  ["set", "x", "--unit", "USD", "--hard", "1", "--period", "day", "--reset-day", "3"]):
        assert run(*wrong).returncode == 64, wrong


def test_a_redis_that_was_emptied_knows_again(service, caller, tenant):
    put(service, tenant, tenant=tenant, unit="tokens", hard=0)
    eventually(lambda: caller.refused(), 5, "it is known")
    drained(service)
    service.redis.client().flushall()
    # A process that has nothing in memory.
    old = service.shim
    service.start_shim()
    service.wait_ready()
    old.ask_to_end()
    assert old.end(15) == 0
    assert eventually(lambda: caller.refused(), 10, "the fresh shim refuses")


def test_without_postgresql_nobody_is_refused_who_was_not_before(service, caller, tenant, upstream):
    poor = Caller(service, upstream, f"{tenant}-poor")
    put(service, f"{tenant}-poor", tenant=poor.tenant, unit="tokens", hard=0)
    put(service, tenant, tenant=tenant, unit="tokens", hard=TOKENS)
    eventually(lambda: poor.refused(), 5, "it is known")
    service.postgres.stop()
    try:
        spend(caller, 5)
        assert poor.refused()
    finally:
        service.postgres.start()
    eventually(lambda: caller.refused(), 20, "what was spent meanwhile is booked")
    drained(service)
    assert show(service, tenant)["spent"] == in_ledger(service, tenant) >= 5 * TOKENS
