"""Quotas of accounts: used to the end and no further, told before, counted from the ledger, and waited for."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from support.counting import CountingPlatform, Mode
from support.ledger import drained
from support.processes import eventually
from support.service import ALL, PREFIX, Service, prompt

PRICE = 100  # tokens of each request, prompt and answer
QUOTAS = {"first": 3000, "second": 9000, "third": 250, "fourth": 250, "fifth": 250}
MODELS = {"wide": ["first", "second"], "for-good": ["third", "fourth"], "daily": ["fifth"]}


def more_of(account):
    """Special members of its row in the catalogue. No day ends while the test runs."""
    noon = (datetime.now(UTC) + timedelta(hours=12)).hour
    return {"second": {"concurrency": 2}, "fifth": {"quota_period": "day", "quota_reset_hour": noon}}.get(account, {})


@pytest.fixture(scope="module")
def platform():
    platform = CountingPlatform(
        **{name: Mode(service=0.1, prompt_tokens=30, answer_tokens=(PRICE - 30, PRICE - 30)) for name in QUOTAS})
    yield platform
    platform.stop()


@pytest.fixture(scope="module")
def service(workspace, template, platform):
    service = Service(
        workspace / "quota", template, platform, workers=2, CATALOG_REFRESH="1", QUOTA_REFRESH="1", catalogue={
            "models": [{"id": name, "provider": "openai", "capabilities": ALL} for name in MODELS],
            "accounts": [
                platform.catalogue_account(account, [model], quota_limit=QUOTAS[account], **more_of(account))
                for model, accounts in MODELS.items() for account in accounts]})
    yield service
    service.stop()


@pytest.fixture(scope="module")
def used_up(service, platform):
    """80 requests, ten at a time: the first account may answer 30 of them, the second takes two at once at most."""
    with ThreadPoolExecutor(10) as pool:
        return list(pool.map(lambda _: ask(service, "wide"), range(80)))


def ask(service, model, deadline_ms=60_000):
    body = {"model": model, "messages": prompt("quota"), "max_tokens": PRICE - 30}
    return httpx.post(
        f"{service.url}/v1/chat/completions", json=body, headers={"X-Deadline-Ms": str(deadline_ms)}, timeout=90)


def spent(platform, account):
    return sum(tokens for _, tokens in platform[account].tokens())


def ledger(service, account):
    return service.postgres.query(
        "SELECT coalesce(sum(tokens_in + tokens_out), 0)::bigint FROM usage_attempts WHERE account = %s", account)[0][0]


def counter(service, account):
    """Tokens by the counter in Redis, `None` where it has none."""
    fields = service.redis.client().hgetall(f"{PREFIX}{{accounts}}:quota:{account}")
    return sum(int(value) for name, value in fields.items() if name not in (b"p", b"h")) if fields else None


def open_alerts(service, kind):
    return [subject for subject, in service.postgres.query(
        "SELECT subject FROM alerts WHERE kind = %s AND cleared_at IS NULL", kind)]


def test_nobody_fails_while_another_account_has_quota_left(used_up, platform):
    assert {response.status_code for response in used_up} == {200}
    print(f"used: first {spent(platform, 'first')} of 3000, second {spent(platform, 'second')} of 9000")
    assert spent(platform, "first") + spent(platform, "second") == 80 * PRICE


def test_a_quota_is_used_to_its_end_and_no_further(used_up, platform):
    assert 0.9 * QUOTAS["first"] <= spent(platform, "first") <= QUOTAS["first"]
    assert spent(platform, "second") <= QUOTAS["second"]


def test_an_alert_tells_before_it_is_used_up(used_up, service):
    eventually(lambda: "first" in open_alerts(service, "quota_threshold"), what="the alert is open")


def test_the_catalogue_says_what_the_ledger_says(used_up, service, platform):
    drained(service)
    for account in ("first", "second"):
        used = service.postgres.query("SELECT quota_used FROM accounts WHERE id = %s", account)[0][0]
        assert used == ledger(service, account) == spent(platform, account)


def test_lost_counters_are_made_again_from_the_ledger(used_up, service, platform):
    drained(service)
    before = {account: ledger(service, account) for account in ("first", "second")}

    def counters():
        return {account: counter(service, account) for account in before}

    # Settlements go to Redis together, several times a second, so the last ones may come after the usage row.
    eventually(lambda: counters() == before, what="the last settlements are counted")
    for account in before:
        service.redis.client().delete(f"{PREFIX}{{accounts}}:quota:{account}")
    began = time.monotonic()
    eventually(lambda: None not in counters().values(), what="counters are back")
    print(f"counters back after {time.monotonic() - began:.2f} s")
    assert counters() == before


def test_a_request_made_while_the_counters_are_lost_is_answered(used_up, service, platform):
    service.redis.client().delete(f"{PREFIX}{{accounts}}:quota:second", f"{PREFIX}{{accounts}}:quota:first")
    assert ask(service, "wide").status_code == 200
    assert spent(platform, "first") <= QUOTAS["first"]


def raise_quota(service, account):
    service.postgres.query(
        "UPDATE accounts SET quota_limit = 1000, updated_at = now() WHERE id = %s RETURNING id", account)


def test_when_all_quotas_are_used_up_for_good_requests_are_told_so_at_once(service, platform):
    """Two requests fit into each quota, and a fifth finds none."""
    assert [ask(service, "for-good").status_code for _ in range(4)] == [200] * 4
    refused = ask(service, "for-good")
    assert refused.status_code == 502 and refused.json()["error"]["code"] == "upstream_credentials_exhausted"
    assert refused.elapsed.total_seconds() < 2
    assert spent(platform, "third") + spent(platform, "fourth") == 4 * PRICE
    raise_quota(service, "third")
    eventually(lambda: ask(service, "for-good").status_code == 200, 5, "the raised quota is used")


def test_when_a_quota_is_used_up_for_the_day_requests_wait_up_to_their_deadline(service, platform):
    assert [ask(service, "daily").status_code for _ in range(2)] == [200] * 2
    late = ask(service, "daily", deadline_ms=2000)
    print(f"{late.status_code} {late.text[:200]} after {late.elapsed.total_seconds():.2f} s")
    assert late.status_code == 504 and late.json()["error"]["code"] == "deadline_exceeded"
    assert 1.5 < late.elapsed.total_seconds() < 5
    assert spent(platform, "fifth") == 2 * PRICE


def test_a_request_that_waits_for_a_quota_is_answered_when_that_is_raised(service):
    answers = []
    caller = threading.Thread(target=lambda: answers.append(ask(service, "daily")))
    caller.start()
    eventually(lambda: service.redis.client().zcard(service.key("rooms")), what="it waits")
    raised = time.monotonic()
    raise_quota(service, "fifth")
    caller.join(60)
    print(f"answered {time.monotonic() - raised:.2f} s after the quota was raised")
    assert [answer.status_code for answer in answers] == [200] and time.monotonic() - raised < 5
