"""Tenants share: five thousand queued requests of one do not delay the first of another, wherever the bottleneck is."""

import time

import pytest

from support.backlog import Backlog, starts
from support.counting import CountingPlatform, Mode
from support.processes import eventually
from support.service import ALL

SERVICE = 0.7  # seconds that each request takes
SLOTS = 4  # of each worker
MANY = f"[[ttft_ms={int(SERVICE * 1000)} tokens=1]]"


def sandbox_catalogue():
    return {"models": [{"id": "sandbox", "provider": "sandbox", "capabilities": ALL}],
            "accounts": [{"id": "sandbox-1", "provider": "sandbox"}]}


@pytest.fixture
def slots(own_service):
    """Eight slots of two workers are all there is. Gold counts four times."""
    # All slots may be the batch lane's, or the share of the large tenant could not be told from the headroom.
    return own_service(
        workers=2, WORKER_CONCURRENCY=str(SLOTS), BATCH_SLOT_HEADROOM="0", TENANT_WEIGHTS="gold=4,free=1",
        catalogue=sandbox_catalogue())


@pytest.fixture
def platform():
    platform = CountingPlatform(narrow=Mode(service=SERVICE))
    yield platform
    platform.stop()


@pytest.fixture
def room(platform, own_service):
    """Workers have slots enough. The account takes three requests at once."""
    return own_service(workers=2, catalogue={
        "models": [{"id": "narrow", "provider": "openai", "capabilities": ALL}],
        "accounts": [platform.catalogue_account("narrow", ["narrow"], concurrency=3)]})


def assert_starts_soon(service, backlog, model, text):
    """One request of another tenant in the same lane, then one in a more urgent one. The large tenant goes on."""
    for lane in ("batch", "normal"):
        many = list(backlog.ids)
        before = backlog.done(many)
        one = Backlog(service)
        one.add(1, model, text, lane=lane, tenant="small")
        assert one.ended() == {"done": 1}
        waited = eventually(lambda: starts(service, one.ids), what="its ledger row")[one.ids[0]]
        print(f"{lane}: started after {waited:.2f} s; service time {SERVICE} s")
        # A busy machine starts it a moment later.
        assert waited <= 2 * SERVICE + 0.2
        eventually(lambda: backlog.done(many) > before + 3, what="the large tenant goes on")


def test_five_thousand_queued_requests_delay_nobody_else_where_workers_are_busy(slots):
    backlog = Backlog(slots)
    backlog.add(5000, "sandbox", MANY, lane="batch", tenant="large")
    eventually(lambda: backlog.done(backlog.ids[:50]) >= 16, what="they are being served")
    assert_starts_soon(slots, backlog, "sandbox", MANY)
    began, before = time.monotonic(), backlog.done(backlog.ids[:500])
    eventually(lambda: backlog.done(backlog.ids[:500]) >= before + 40, what="40 more")
    pace = 40 / (time.monotonic() - began) * SERVICE / (2 * SLOTS)
    print(f"share of the slots that the large tenant uses: {pace:.2f}")
    assert pace > 0.7


def test_queued_requests_delay_nobody_else_where_an_account_is_busy(room):
    backlog = Backlog(room)
    backlog.add(500, "narrow", lane="batch", tenant="large")
    eventually(lambda: backlog.done(backlog.ids) >= 12, what="they are being served")
    assert_starts_soon(room, backlog, "narrow", "")


def test_tenants_share_by_their_weights(slots):
    gold, free = Backlog(slots), Backlog(slots)
    for _ in range(4):
        free.add(50, "sandbox", MANY, lane="batch", tenant="free")
        gold.add(50, "sandbox", MANY, lane="batch", tenant="gold")
    eventually(lambda: gold.done(gold.ids) + free.done(free.ids) >= 100, 60, what="100 are done")
    counts = gold.done(gold.ids), free.done(free.ids)
    print(f"gold, free: {counts}")
    assert 2.5 <= counts[0] / counts[1] <= 6
