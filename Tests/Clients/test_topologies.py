"""Redis Sentinel, Redis Cluster, several shards: load goes on through a failover and over three primaries."""

import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import httpx

from support.ledger import assert_books_balance, assert_each_answered_once, drained
from support.load import Load
from support.processes import eventually
from support.service import prompt, stub_catalogue
from support.topologies import Cluster, Sentinels


def shard(id):
    return int(id.split("-")[0])


def answered(load, more, seconds=30):
    before = load.answered
    eventually(lambda: load.answered >= before + more, seconds, f"{more} more answers")


def test_load_over_three_primaries_survives_a_killed_worker(own_service):
    service = own_service(
        workers=2, redis=Cluster, QUEUE_SHARDS="6", FLUSH_TAKEOVER="2", FLUSH_SWEEP="0.5")
    with Load(service, callers=12, streams=False) as load:
        answered(load, 60)
        service.workers[0].kill()
        service.add_worker()
        answered(load, 60)
    assert load.failures == []
    assert {shard(id) for id in load.ids} == set(range(6))
    drained(service)
    assert_each_answered_once(service, load.ids)
    assert_books_balance(service)
    client = service.redis.client()
    owners = {client.get_node_from_key(service.key("x", number)).port for number in range(6)}
    assert len(owners) > 1, "six shards are not all on one node"


def test_jobs_of_all_shards_are_found_by_their_id(own_service):
    service = own_service(workers=1, redis=Cluster, QUEUE_SHARDS="3")
    body = {"model": "sandbox", "messages": prompt("jobs")}
    with service.http as http:
        ids = [http.post("/api/v1/jobs", json=body).json()["id"] for _ in range(24)]
        assert {shard(id) for id in ids} == {0, 1, 2}
        for id in ids:
            eventually(lambda: http.get(f"/api/v1/jobs/{id}").json()["status"] == "done", what=f"{id} is done")
            assert "[DONE]" in http.get(f"/api/v1/jobs/{id}/stream").text
        for foreign in ("3-abcdefgh", "9999-abcdefgh"):
            assert http.get(f"/api/v1/jobs/{foreign}").status_code == 404
            assert http.delete(f"/api/v1/jobs/{foreign}").status_code == 404
        keys = [uuid.uuid4().hex for _ in range(12)]
        first = [http.post("/api/v1/jobs", json=body, headers={"Idempotency-Key": key}).json()["id"] for key in keys]
        again = [http.post("/api/v1/jobs", json=body, headers={"Idempotency-Key": key}).json()["id"] for key in keys]
        assert first == again and len({shard(id) for id in first}) > 1
    drained(service)
    assert_each_answered_once(service, ids + first)
    assert_books_balance(service)


def test_limits_and_commands_work_over_a_cluster(own_service, upstream):
    """The state of accounts has a home of its own. Requests of three shards wait for the same account."""
    catalogue = stub_catalogue(upstream.url)
    catalogue["accounts"][0]["concurrency"] = 3
    service = own_service(workers=2, redis=Cluster, QUEUE_SHARDS="3", catalogue=catalogue)
    with Load(service, callers=12, streams=False) as load:
        answered(load, 60)
    assert load.failures == []
    assert {shard(id) for id in load.ids} == {0, 1, 2}
    drained(service)
    assert_each_answered_once(service, load.ids)
    with service.http as http:
        health = http.get("/api/v1/status/health")
        assert health.status_code == 200, health.text
    for command in (["chat", "hello"], ["accounts", "test", "sandbox-1"], ["dead", "list"]):
        done = service.run(*command)
        assert done.returncode == 0, (command, done.stderr)
    keys = [key.decode() for node in service.redis.nodes for key in node.client().keys("*")]
    assert [key for key in keys if "{" not in key] == [], "a key without a hash tag has no home"


def test_a_queue_on_one_server_may_grow(own_service):
    service = own_service(workers=1)
    body = {"model": "sandbox", "messages": prompt("old")}
    with service.http as http:
        old = http.post("/api/v1/jobs", json=body).json()["id"]
        eventually(lambda: http.get(f"/api/v1/jobs/{old}").json()["status"] == "done", what="the old job is done")
    service.settings["QUEUE_SHARDS"] = "4"
    assert service.workers.pop().stop() == 0
    service.add_worker()
    assert service.shim.stop() == 0
    service.start_shim()
    service.wait_ready()
    with Load(service, callers=8) as load:
        answered(load, 40)
    assert load.failures == []
    assert {shard(id) for id in load.ids} == {0, 1, 2, 3}
    with service.http as http:
        assert http.get(f"/api/v1/jobs/{old}").json()["status"] == "done"
    narrow = service.add_worker(wait=False, QUEUE_SHARDS="2")
    ready = f"http://127.0.0.1:{narrow.port}/ready"
    eventually(lambda: "QUEUE_SHARDS" in httpx.get(ready).text, what="a worker with fewer shards says so")
    assert httpx.get(ready).status_code == 503
    drained(service)
    assert_each_answered_once(service, [old, *load.ids])
    assert_books_balance(service)


def test_load_goes_on_after_a_sentinel_failover(own_service):
    service = own_service(workers=2, redis=Sentinels)
    with Load(service, callers=8, streams=False) as load:
        answered(load, 40)
        began = time.monotonic()
        service.redis.fail_over()
        eventually(service.redis.client, what="there is a new primary")
        answered(load, 60, seconds=20)
        took = time.monotonic() - began
    # A request whose XADD the replica never had is submitted again by its shim. A refused one was told so at once.
    assert all(getattr(error, "status_code", None) == 503 for error in load.failures), load.failures
    assert took < 20
    drained(service)
    assert_each_answered_once(service, load.ids)
    assert_books_balance(service)


def test_no_accepted_job_is_lost_in_a_failover_where_a_replica_must_have_it(own_service):
    service = own_service(workers=2, redis=Sentinels, SUBMIT_WAIT_REPLICAS="1", SUBMIT_WAIT_TIMEOUT="0.5")
    accepted, refused, over = [], [], threading.Event()
    body = {"model": "sandbox", "messages": prompt("[[ttft_ms=300]] durable")}

    def submit():
        with service.http as http:
            while not over.is_set():
                answer = http.post("/api/v1/jobs", json=body)
                (accepted if answer.status_code == 202 else refused).append(answer)

    with ThreadPoolExecutor(6) as pool:
        callers = [pool.submit(submit) for _ in range(6)]
        eventually(lambda: len(accepted) > 60, what="jobs are accepted")
        assert refused == []
        service.redis.fail_over()
        # The new primary has no replica: nothing is called accepted any more.
        eventually(lambda: any(answer.json()["error"]["code"] == "not_replicated" for answer in refused), 30)
        over.set()
        for caller in callers:
            caller.result(30)
    assert {answer.status_code for answer in refused} == {503}
    with service.http as http:
        for answer in accepted:
            path = f"/api/v1/jobs/{answer.json()['id']}"
            eventually(lambda: http.get(path).json()["status"] == "done", 30, f"{path} is done")
    drained(service)
