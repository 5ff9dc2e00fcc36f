"""The catalogue reaches every process at once, and PostgreSQL may be away when they start."""

import subprocess
import time

import httpx

from support.ledger import drained
from support.processes import Process, eventually, free_port
from support.service import BIN, PREFIX, prompt


def ask(service, port=None, model="sandbox"):
    url = f"http://127.0.0.1:{port or service.port}/v1/chat/completions"
    return httpx.post(url, json={"model": model, "messages": prompt()}, timeout=30)


def copies_are_there(service):
    return service.redis.client().exists(f"{PREFIX}catalog:models", f"{PREFIX}catalog:accounts") == 2


def test_without_postgresql_new_processes_start_with_the_copy_and_the_ledger_is_written_later(own_service):
    service = own_service()
    eventually(lambda: copies_are_there(service), what="the copies in Redis")
    service.postgres.stop()
    for process in [*service.workers, service.shim]:
        assert process.stop(seconds=8) == 0
    service.workers.clear()

    began = time.monotonic()
    worker = service.add_worker(wait=False)
    service.start_shim()
    service.wait_ready()
    print(f"started without PostgreSQL in {time.monotonic() - began:.1f} s")
    assert ask(service).status_code == 200
    assert "starting with the catalogue's copy in Redis" in worker.log.read_text()

    service.postgres.start()
    drained(service, 30)
    assert service.postgres.query("SELECT count(*) FROM usage_attempts") == [(1,)]
    # Later changes are seen, too.
    service.postgres.query("UPDATE models SET is_active = false, updated_at = now() WHERE id = 'sandbox' RETURNING id")
    eventually(
        lambda: service.redis.client().publish(f"{PREFIX}catalog", "changed") and ask(service).status_code == 404,
        what="the change after the outage")


def test_no_copy_holds_a_key_in_clear(own_service):
    service = own_service()
    eventually(lambda: copies_are_there(service), what="the copies in Redis")
    text = service.redis.client().get(f"{PREFIX}catalog:accounts").decode()
    assert "api_key_encrypted" in text and "zanzibar" not in text


def test_a_change_by_sql_and_a_message_reaches_all_processes_within_a_second(own_service):
    # By themselves they would look once an hour.
    service = own_service(workers=2, CATALOG_REFRESH="3600")
    second = free_port()
    shim = Process(
        "second-shim", [BIN / "submitter", "serve"], service.folder / "second-shim.log",
        env={**service.environment, "SERVICE_PORT": str(second)})
    shim.port = second
    service.workers.append(shim)
    service.wait_ready()
    redis = service.redis.client()
    eventually(lambda: redis.pubsub_numsub(f"{PREFIX}catalog") == [(f"{PREFIX}catalog".encode(), 4)], what="4 listeners")

    def names(port):
        return {model["id"] for model in httpx.get(f"http://127.0.0.1:{port}/v1/models").json()["data"]}

    times = []
    for number in range(5):
        service.postgres.query(
            "INSERT INTO models (id, name, provider, model_id) VALUES (%s, %s, 'sandbox', 'sandbox') RETURNING id",
            f"new-{number}", f"New {number}")
        began = time.monotonic()
        assert redis.publish(f"{PREFIX}catalog", "changed") == 4, "two workers and two shims listen"
        eventually(
            lambda: all(f"New {number}" in names(port) or f"new-{number}" in names(port) for port in (service.port, second)),
            5, "both shims")
        # Whichever worker takes them, it must know the model.
        answers = [ask(service, model=f"new-{number}").status_code for _ in range(4)]
        times.append(time.monotonic() - began)
        assert answers == [200] * 4
    print("change to both shims, and four answers by two workers:", [f"{seconds * 1000:.0f} ms" for seconds in times])
    assert max(times) < 1


def test_with_postgresql_and_the_copy_gone_a_start_is_refused_with_the_reason(own_service):
    service = own_service()
    service.postgres.stop()
    for process in [*service.workers, service.shim]:
        assert process.stop(seconds=8) == 0
    service.redis.client().flushall()

    for command in ([BIN / "worker"], [BIN / "submitter", "serve"], [BIN / "worker", "--ping"]):
        began = time.monotonic()
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=20,
            env={**service.environment, "START_TIMEOUT": "3", "WORKER_PORT": str(free_port()),
                 "SERVICE_PORT": str(free_port())})
        assert done.returncode == 1
        assert time.monotonic() - began < 10
        for word in ("no catalogue to start with", "PostgreSQL", "no copy of the catalogue", "START_TIMEOUT"):
            assert word in done.stdout + done.stderr
