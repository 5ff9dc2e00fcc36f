"""Batches in the queue: whatever process dies, each line has one result and one bill; budgets, rates, shares and lanes."""

import random
import time

from support import batches
from support.batches import line
from support.ledger import assert_books_balance, drained
from support.processes import eventually
from support.service import stub_catalogue


def bills_by_line(service, batch, found):
    """Number of final rows of each line's request."""
    ids = [each["response"]["request_id"] for each in found if each["response"]]
    assert len(set(ids)) == len(ids)
    counted = dict(service.postgres.query(
        "SELECT request_id, count(*) FILTER (WHERE status = 'done') FROM usage_attempts GROUP BY request_id"))
    return [counted.get(id, 0) for id in ids]


def test_processes_die_and_each_line_has_one_result_and_one_bill(own_service):
    service = own_service(workers=2, BATCH_LEASE="1", BATCH_POLL="0.1", FLUSH_TAKEOVER="1", FLUSH_SWEEP="0.5")
    total = 1500
    id = batches.create(service, [line(number, "[[tokens=2 ttft_ms=60]]") for number in range(total)])
    shuffled = random.Random(7)
    for turn in range(6):
        time.sleep(shuffled.uniform(0.3, 0.9))
        if turn % 2:
            victim = service.workers.pop(0)
            service.add_worker(wait=False)
        else:
            victim = service.shim
            service.start_shim()
        victim.kill()
    service.wait_ready()

    batch = batches.ended(service, id, seconds=90)
    assert batch["status"] == "completed"
    assert batch["request_counts"] == {"total": total, "completed": total, "failed": 0}
    found = batches.results(service, batch)
    assert sorted(each["custom_id"] for each in found) == sorted(f"line-{number}" for number in range(total))
    drained(service)
    eventually(lambda: bills_by_line(service, batch, found) == [1] * total, what="each line is billed once")
    assert_books_balance(service)


def test_redis_is_killed_and_the_batch_is_whole_all_the_same(own_service):
    service = own_service(workers=1, BATCH_LEASE="1", BATCH_POLL="0.1")
    id = batches.create(service, [line(number, "[[tokens=2 ttft_ms=100]]") for number in range(600)])
    eventually(lambda: batches.show(service, id)["request_counts"]["completed"] > 50, what="the batch is under way")
    service.redis.kill()
    time.sleep(1)
    service.redis.start()

    batch = batches.ended(service, id, seconds=90)
    found = batches.results(service, batch)
    assert sorted(each["custom_id"] for each in found) == sorted(f"line-{number}" for number in range(600))


def test_a_batch_stops_before_it_would_exceed_its_budget(own_service, upstream):
    catalogue = stub_catalogue(upstream.url)
    catalogue["models"].append(
        {"id": "dear", "name": "Dear", "provider": "sandbox", "input_price": 1.0, "output_price": 2.0})
    service = own_service(BATCH_POLL="0.1", catalogue=catalogue)
    # A line may cost 2 per million for 500,000 tokens, and in fact costs next to nothing.
    lines = [line(number, model="dear", max_tokens=500_000) for number in range(20)]
    id = batches.create(service, lines, max_cost=2.5)
    batch = batches.ended(service, id)
    assert batch["request_counts"]["completed"] == 20, "an answer that turned out cheap makes room for the next"

    lines = [line(number, model="dear", max_tokens=900_000_000) for number in range(5)]
    batch = batches.ended(service, batches.create(service, lines, max_cost=2.5))
    assert batch["request_counts"] == {"total": 5, "completed": 0, "failed": 5}
    assert {each["error"]["code"] for each in batches.results(service, batch)} == {"budget_exceeded"}


def test_requests_are_sent_at_their_rate(own_service):
    service = own_service(BATCH_POLL="0.1")
    began = time.monotonic()
    batch = batches.ended(service, batches.create(service, [line(number) for number in range(20)], rpm=300))
    took = time.monotonic() - began
    assert batch["request_counts"]["completed"] == 20
    assert took >= 2.5, f"20 requests at 5 a second took {took:.1f} s"


def test_lines_wait_in_the_batch_lane_and_few_at_once(own_service):
    service = own_service(workers=0, BATCH_POLL="0.1", BATCH_WINDOW_MIN="10")
    batches.create(service, [line(number) for number in range(100)])
    client = service.redis.client()
    eventually(lambda: client.xlen(service.key("q:batch")) == 10, what="the first lines wait")
    time.sleep(1)
    assert [client.xlen(service.key(f"q:{lane}")) for lane in ("high", "normal", "batch")] == [0, 0, 10]


def test_two_tenants_share_the_capacity(own_service):
    service = own_service(WORKER_CONCURRENCY="8", BATCH_POLL="0.1")
    lines = [line(number, "[[tokens=1 ttft_ms=100]]") for number in range(400)]
    first = batches.create(service, lines, tenant="one")
    eventually(lambda: batches.show(service, first, "one")["request_counts"]["completed"] > 20, what="one is under way")
    before = batches.show(service, first, "one")["request_counts"]["completed"]
    second = batches.create(service, lines, tenant="two")
    eventually(lambda: batches.show(service, second, "two")["request_counts"]["completed"] >= 60, 30, "two is under way")
    shares = [batches.show(service, id, tenant)["request_counts"]["completed"] for id, tenant in
              ((first, "one"), (second, "two"))]
    assert shares[0] - before <= 2 * shares[1] + 64, f"one had {shares[0] - before} while two had {shares[1]}"
