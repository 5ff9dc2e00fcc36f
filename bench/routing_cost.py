"""What routing over limited accounts costs a worker: CPU of the same jobs with one account without limits, and with three that have all.

Usage: AMS_BIN=<folder of release binaries> <venv>/bin/python bench/routing_cost.py [jobs] [repetitions]
(the virtual environment of scripts/test; servers of its own on loopback). Prints microseconds a job of worker and Redis, medians and differences.
The ledger, the log and the claim are the same in both; the difference is candidates, lineup, the auction in Redis and its settlement.
"""

import json
import statistics
import sys
import tempfile
import time
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Tests/Clients"))
from support.processes import eventually  # noqa: E402
from support.servers import PostgresServer  # noqa: E402
from support.service import Service  # noqa: E402

JOBS, REPETITIONS = (int(argument) for argument in (sys.argv[1:] + ["20000", "5"][len(sys.argv) - 1:])[:2])
LIMITS = {"rpm": 100_000_000, "tpm": 2_000_000_000, "concurrency": 1_000_000}
CATALOGUE = {
    "models": [{"id": name, "provider": "sandbox"} for name in ("free", "limited")],
    "accounts": [{"id": "free", "provider": "sandbox", "models": ["free"]}]
    + [{"id": f"limited-{number}", "provider": "sandbox", "models": ["limited"], **LIMITS} for number in range(3)],
}


def cpu(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def run(service, model):
    """CPU microseconds a job of the worker and of Redis."""
    client = service.redis.client()
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "Hello"}]})
    worker, redis = service.workers[0].pid, service.redis.process.pid
    before = cpu(worker), cpu(redis)
    for start in range(0, JOBS, 500):
        pipe = client.pipeline(transaction=False)
        for _ in range(min(500, JOBS - start)):
            pipe.xadd(service.key("q:normal"), {"v": 1, "id": f"0-{uuid.uuid4().hex}", "req": body})
        pipe.execute()
    eventually(lambda: client.xlen(service.key("q:normal")) == 0, 300, "all jobs are done")
    eventually(lambda: client.xlen(service.key("usage")) == 0, 300, "all rows are written")
    return tuple((now - then) / JOBS * 1e6 for now, then in zip((cpu(worker), cpu(redis)), before))


def main():
    with tempfile.TemporaryDirectory(prefix="ams-bench-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        PostgresServer.make_template(root / "template")
        service = Service(root / "s", root / "template", type("None", (), {"url": ""}), catalogue=CATALOGUE, LOG_LEVEL="warning", LEASE="15")
        try:
            run(service, "free"), run(service, "limited")
            found = {model: [] for model in ("free", "limited")}
            for _ in range(REPETITIONS):
                for model, values in found.items():
                    values.append(run(service, model))
                    time.sleep(0.5)
            for index, name in enumerate(("worker", "redis")):
                one, other = (statistics.median(v[index] for v in found[model]) for model in ("free", "limited"))
                print(f"{name}: {one:.1f} us a job without limits, {other:.1f} with: {other - one:+.1f}"
                      f"   (runs: {[round(v[index]) for v in found['free']]} {[round(v[index]) for v in found['limited']]})")
        finally:
            service.stop()


main()
