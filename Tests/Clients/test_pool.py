"""Four accounts of one model: one over its rate, one with a wrong key, one whose platform fails, one in order.

One run under steady load, which the tests below look at from their sides: every request is answered, and each account
gets what its state allows, is shown with its reason, and comes back by itself.
"""

import json
import threading
import time

import httpx
import pytest

from support.backlog import Backlog
from support.counting import CountingPlatform, Mode, refusing
from support.ledger import drained
from support.pace import Pace
from support.processes import eventually
from support.service import ALL, Service

REST, PROBE, OPEN = 20, 5, 3
# Production's own, where this folder's are shorter.
PRODUCTION = {"COOLDOWN_RATE_LIMITED": "5", "COOLDOWN_UNUSABLE": "300", "RETRY_BACKOFF": "0.5",
              "UPSTREAM_FIRST_BYTE_TIMEOUT": "120", "DISABLE_AFTER": "2", "CIRCUIT_FAILURES": "5", "CIRCUIT_SAMPLES": "5",
              "CIRCUIT_WINDOW": "60"}


class Watch:
    """Looks at the status page four times a second."""

    def __init__(self, service):
        self._url, self.seen, self._over = f"{service.url}/api/v1/status/health", [], threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join(10)

    def _look(self):
        with httpx.Client() as client:
            while not self._over.wait(0.25):
                self.seen.append((time.monotonic(), client.get(self._url).json()))

    def of(self, account):
        return [(at, next(a for a in page["accounts"] if a["id"] == account)) for at, page in self.seen]


class Run:
    def __init__(self, folder, template):
        self.platform = CountingPlatform(
            **{name: Mode() for name in ("limited", "keyless", "broken", "fine", "blip", "steady")})
        pairs = {"pool": ["limited", "keyless", "broken", "fine"], "pair": ["blip", "steady"]}
        self.service = Service(
            folder, template, self.platform, workers=2, HEALTH_CHECK_INTERVAL=str(PROBE), COOLDOWN_AUTHENTICATION="1",
            CIRCUIT_OPEN=str(OPEN), CATALOG_REFRESH="1", **PRODUCTION, catalogue={
                "models": [{"id": name, "provider": "openai", "capabilities": ALL} for name in pairs],
                "accounts": [self.platform.catalogue_account(account, [model])
                             for model, accounts in pairs.items() for account in accounts]})

    def play(self):
        with Watch(self.service) as self.watch, Pace(self.service, "pool", per_second=10) as self.pace:
            self._wait_for_all()
            self.platform["limited"].mode = refusing(429, retry_after=REST)
            self.platform["keyless"].mode = refusing(401)
            self.platform["broken"].mode = refusing(500)
            self.began = time.monotonic()
            self._wait(10)
            self.platform["limited"].mode = Mode()
            self._wait(15)
            self.disabled = self._status("keyless")
            self.alert = self._open_alerts("account_disabled")
            self.platform["keyless"].mode = self.platform["broken"].mode = Mode()
            self.healed = time.monotonic()
            self._wait(45)
        drained(self.service)
        return self

    def _wait_for_all(self):
        """All four answer, and the first probes are over."""
        names = ("limited", "keyless", "broken", "fine")
        eventually(lambda: all(self.platform[name].answered() and self.platform[name].probes for name in names))

    def refused(self, account, status):
        """When its completions were refused."""
        return [call.at for call in self.platform[account].calls if call.mode.status == status]

    def back(self, account, after):
        """When it answered again."""
        return min(call.at for call in self.platform[account].answered(since=after))

    def _wait(self, second):
        time.sleep(max(0, self.began + second - time.monotonic()))

    def _status(self, account):
        return self.service.postgres.query("SELECT status, status_reason FROM accounts WHERE id = %s", account)[0]

    def _open_alerts(self, kind):
        return self.service.postgres.query(
            "SELECT subject, message FROM alerts WHERE kind = %s AND cleared_at IS NULL", kind)

    def stop(self):
        self.service.stop()
        self.platform.stop()


@pytest.fixture(scope="module")
def run(workspace, template):
    run = Run(workspace / "pool", template)
    try:
        yield run.play()
    finally:
        run.stop()


def test_every_request_is_answered(run):
    failures = [(answer.status, answer.text[:200]) for answer in run.pace.answers if answer.status != 200]
    slowest = max(answer.seconds for answer in run.pace.answers)
    print(f"{len(run.pace.answers)} requests, slowest {slowest:.2f} s")
    assert len(run.pace.answers) > 400 and failures == []


def test_an_account_over_its_rate_rests_as_long_as_it_was_told(run):
    first = run.refused("limited", 429)[0]
    since = [round(call.at - first, 2) for call in run.platform["limited"].calls if call.at >= first]
    # A probe is told to rest, too.
    told = max(run.refused("limited", 429) + [at for at, status in run.platform["limited"].probes if status == 429])
    back = run.back("limited", after=first)
    print(f"calls in the rest's first moment: {sum(after <= 0.5 for after in since)}, back {back - first:.2f} s after"
          f" the first refusal, {back - told:.2f} s after the last")
    assert [after for after in since if 0.5 < after < REST] == []
    assert REST <= back - told < REST + 2


def test_both_workers_keep_the_rest_that_one_of_them_was_told(run):
    workers = run.service.postgres.query("SELECT DISTINCT worker FROM usage_attempts WHERE account = 'fine'")
    assert len(workers) == 2, "one worker alone proves nothing here"


def test_an_account_with_a_wrong_key_is_disabled_with_an_alert(run):
    refused = run.refused("keyless", 401)
    print(f"{len(refused)} calls with the wrong key")
    assert len(refused) <= 4
    assert run.disabled[0] == "disabled" and "key" in run.disabled[1]
    assert [subject for subject, _ in run.alert] == ["keyless"]


def test_a_disabled_account_comes_back_by_a_probe(run):
    back = run.back("keyless", after=run.healed) - run.healed
    print(f"back {back:.2f} s after its key was good")
    assert back < PROBE + 3
    assert run._status("keyless")[0] == "active" and run._open_alerts("account_disabled") == []


def test_a_circuit_opens_and_closes_by_itself(run):
    failed = run.refused("broken", 500)
    back = run.back("broken", after=run.healed) - run.healed
    print(f"{len(failed)} calls failed, back {back:.2f} s after it was well")
    # Five to open it, what was under way meanwhile, and a trial after 3 and 6 s more.
    assert len(failed) <= 12
    assert back < 4 * OPEN + 1
    assert len(run.platform["broken"].answered(since=run.healed + back + 1)) > 10


def test_the_status_page_shows_each_state_with_its_reason(run):
    def shown(account, state, reason):
        return [at for at, seen in run.watch.of(account) if seen["state"] == state and reason in (seen["reason"] or "")]

    assert shown("limited", "resting", "rate_limited")
    assert shown("keyless", "disabled", "key")
    assert shown("broken", "circuit_open", "server_error")
    rests = [model["rests_ms"] for _, seen in run.watch.of("limited") for model in seen["models"]]
    assert REST * 1000 * 0.9 < max(rests) <= REST * 1000
    assert any(page["status"] == "degraded" for _, page in run.watch.seen)


def test_the_status_page_is_all_well_in_the_end(run):
    with run.service.http as client:
        page = eventually(
            lambda: (page := client.get("/api/v1/status/health").json())["status"] == "ok" and page, what="all is well")
    assert {account["state"] for account in page["accounts"]} == {"ok"}


def test_what_went_wrong_is_among_the_alerts_and_over(run):
    alerts = run.service.postgres.query("SELECT kind, subject, cleared_at IS NOT NULL FROM alerts")
    assert {("account_disabled", "keyless", True), ("circuit_open", "broken/pool", True)} <= set(alerts)


def test_one_burst_of_refusals_disables_nothing(run):
    """Many calls under way at the moment when a platform refuses a good key for a while."""
    platform, backlog = run.platform, Backlog(run.service)
    platform["blip"].mode = refusing(401, service=0.5)
    began = time.monotonic()
    asked = backlog.add(40, "pair", seconds=60)
    eventually(lambda: len(platform["blip"].calls) >= 5, what="several refusals at once")
    time.sleep(0.6)
    platform["blip"].mode = Mode()
    assert backlog.ended(asked) == {"done": 40}
    eventually(lambda: backlog.add(1, "pair") and platform["blip"].answered(since=began), what="it is used again")
    assert run._status("blip")[0] == "active" and run._open_alerts("account_disabled") == []


def test_nothing_of_a_key_is_on_the_status_page(run):
    assert not any(account.key in json.dumps(run.watch.seen[-1][1]) for account in run.platform.accounts.values())
