"""Overload: what an account allows is never exceeded and always used, by any number of workers, also while some are killed.

Accounts with the same limits each meet another load, so that each limit is the one that binds somewhere. All run side
by side, on two services at once, one of which loses a worker every seven seconds. `AMS_OVERLOAD_SECONDS` (75) and
`AMS_OVERLOAD_WORKERS` (4) make it longer and wider.
"""

import itertools
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from support.backlog import Backlog
from support.counting import CountingPlatform, Mode
from support.ledger import assert_each_answered_once, drained
from support.service import ALL, Service
from support.timeline import full_again, most_at_once, most_in_a_minute, share_of_rate, share_of_slots

SECONDS = float(os.environ.get("AMS_OVERLOAD_SECONDS", "75"))
WORKERS = int(os.environ.get("AMS_OVERLOAD_WORKERS", "4"))
RPM, TPM, CONCURRENCY, LEASE, KILL_EVERY = 60, 10_000, 3, 2, 7


@dataclass(frozen=True)
class Load:
    mode: Mode
    per_minute: float
    body: dict = field(default_factory=dict)

    @property
    def jobs(self):
        """More than can be served, and some that are left when the time is over."""
        return int(self.per_minute * (SECONDS / 60 + 2))


LOADS = {
    "requests": Load(Mode(service=0.05, prompt_tokens=10, answer_tokens=(1, 20)), RPM),
    "tokens": Load(Mode(service=0.3, prompt_tokens=30, answer_tokens=(220, 370)), 31),
    "tokens-limited": Load(Mode(service=0.3, prompt_tokens=30, answer_tokens=(220, 370)), 31, {"max_tokens": 400}),
    "slots": Load(Mode(service=4.0, prompt_tokens=10, answer_tokens=(1, 20)), 45),
}


class Overload:
    def __init__(self, folder, template, kills):
        self.platform = CountingPlatform(**{name: load.mode for name, load in LOADS.items()})
        self._kills = kills
        # Half of the requests are of the batch lane, and all of a limit is to be used.
        self.service = Service(
            folder, template, self.platform, workers=WORKERS, LEASE=str(LEASE), CATALOG_REFRESH="1", BATCH_HEADROOM="0",
            BATCH_SLOT_HEADROOM="0", catalogue={
                "models": [{"id": name, "provider": "openai", "capabilities": ALL} for name in LOADS],
                "accounts": [self.platform.catalogue_account(
                    name, [name], rpm=RPM, tpm=TPM, concurrency=CONCURRENCY) for name in LOADS]})
        self.backlog, self.killed = Backlog(self.service), []

    def run(self):
        """Overload, then no limits any more: whatever was let in must end."""
        for name, load in LOADS.items():
            self.backlog.add(load.jobs // 2, name, lane="batch", **load.body)
        self.began = time.monotonic()
        self.until = self.began + SECONDS
        for second in itertools.count(1):
            if time.monotonic() >= self.until:
                break
            self._arrive(second)
            if self._kills and second % KILL_EVERY == 0:
                self._kill_one()
            time.sleep(max(0, min(self.began + second, self.until) - time.monotonic()))
        self._freeze()
        self._lift()
        self.ends = self.backlog.ended(seconds=90)
        drained(self.service, 60)
        return self

    def _arrive(self, second):
        """The other half comes in the first half of the time."""
        for name, load in LOADS.items():
            due = min(1.0, second / (SECONDS / 2)) * (load.jobs - load.jobs // 2)
            come = min(1.0, (second - 1) / (SECONDS / 2)) * (load.jobs - load.jobs // 2)
            self.backlog.add(int(due) - int(come), name, lane=("normal", "batch")[second % 2], **load.body)

    def _kill_one(self):
        victim = next(worker for worker in self.service.workers if worker.is_up)
        self.killed.append(time.monotonic())
        victim.kill()
        self.service.add_worker(wait=False)

    def _freeze(self):
        accounts = self.platform.accounts.values()
        self.requests = {account.name: account.requests() for account in accounts}
        self.tokens = {account.name: account.tokens() for account in accounts}
        self.spans = {account.name: account.spans(self.until) for account in accounts}

    def _lift(self):
        self.service.postgres.query(
            "UPDATE accounts SET rpm = NULL, tpm = NULL, concurrency = NULL, updated_at = now() RETURNING id")

    def share(self, name):
        """Of the limit that binds there, what was used."""
        if name == "slots":
            return share_of_slots(self.spans[name], CONCURRENCY, self.began + 1, self.until)
        return share_of_rate(self.requests[name], RPM) if name == "requests" else share_of_rate(self.tokens[name], TPM)

    def stop(self):
        self.service.stop()
        self.platform.stop()


@pytest.fixture(scope="module")
def overloads(workspace, template):
    made = {name: Overload(workspace / f"overload-{name}", template, name == "killed") for name in ("steady", "killed")}
    try:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(Overload.run, made.values()))
        yield made
    finally:
        for overload in made.values():
            overload.stop()


@pytest.fixture(params=["steady", "killed"])
def overload(overloads, request):
    return overloads[request.param]


@pytest.mark.parametrize("load", LOADS)
def test_no_sliding_minute_holds_more_than_the_account_allows(overload, load):
    requests, tokens = most_in_a_minute(overload.requests[load]), most_in_a_minute(overload.tokens[load])
    print(f"most in a minute: {requests} requests, {tokens} tokens; at once {most_at_once(overload.spans[load])}")
    assert requests <= RPM
    assert tokens <= TPM


@pytest.mark.parametrize("load", LOADS)
def test_no_more_requests_at_once_than_the_account_allows(overload, load):
    assert most_at_once(overload.spans[load]) <= CONCURRENCY


@pytest.mark.parametrize("load", LOADS)
def test_the_limit_that_binds_is_used(overloads, load):
    shares = {name: overload.share(load) for name, overload in overloads.items()}
    print(f"share of the limit: {shares}")
    assert shares["steady"] >= 0.95
    # A dead worker's slots are held until its lease ends, and its reservations count as used.
    assert shares["killed"] >= 0.75


def test_everything_that_was_let_in_is_answered_once(overload):
    unanswered = overload.service.postgres.query(
        "SELECT request_id, attempt, status, error_kind, worker FROM usage_attempts WHERE request_id NOT IN"
        " (SELECT request_id FROM usage_attempts WHERE status = 'done') ORDER BY 1, 2")
    assert overload.ends == {"done": len(overload.backlog.ids)}, unanswered
    assert_each_answered_once(overload.service, overload.backlog.ids)


def test_slots_of_a_dead_worker_come_back_with_the_end_of_its_lease(overloads):
    overload = overloads["killed"]
    spans = overload.spans["slots"]
    # The last one may have happened too late to see.
    kills = [kill for kill in overload.killed if kill < overload.until - LEASE - 3]
    # A moment later: only then does the platform know that its caller is gone.
    waits = [full_again(spans, CONCURRENCY, kill + 0.1) - kill for kill in kills]
    print(f"all slots in use again after {[round(wait, 2) for wait in waits]} s")
    assert kills and max(waits) <= LEASE + 2
