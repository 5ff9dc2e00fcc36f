"""Metrics: what Prometheus, promtool and scripts get of a shim and a worker, and what they must never get.

promtool and prometheus come from Debian's package, which scripts/setup unpacks.
"""

import json
import os
import re
import shutil
import subprocess
import uuid
from pathlib import Path

import httpx
import pytest
import yaml

from support.processes import Process, eventually, free_port
from support.service import ANSWER_MARK, KEY_MARK, PROMPT_MARK, prompt

PAGES = Path(__file__).resolve().parents[2] / "docs" / "monitoring"
SAMPLE = re.compile(r"(?P<series>[a-z_]+(?:\{.*\})?) \S+")


def tool(name):
    found = shutil.which(name, path=f"{os.environ['PATH']}:/opt/prometheus/usr/bin")
    assert found, f"{name} is missing: run scripts/setup"
    return found


def promtool(*arguments, **options):
    return subprocess.run([tool("promtool"), *arguments], capture_output=True, text=True, timeout=60, **options)


def scrape(process):
    reply = httpx.get(f"http://127.0.0.1:{process.port}/metrics", timeout=10)
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return reply.text


def series(text):
    return {SAMPLE.fullmatch(line)["series"] for line in text.splitlines() if not line.startswith("#")}


def value(text, name):
    return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if re.match(rf"{name}[{{ ]", line))


@pytest.fixture
def watched(service):
    """The shared service with some traffic, whose shim has read queue and accounts."""
    with service.http as client:
        for body in (
            {"model": "sandbox", "messages": prompt()}, {"model": "sandbox", "messages": prompt(), "stream": True, "user": "one"},
            {"model": "unknown", "messages": prompt()}, {"model": "sandbox", "messages": []},
        ):
            client.post("/v1/chat/completions", json=body)
    eventually(lambda: "\naims_queue_depth{" in scrape(service.shim), what="the shim has read the queue")
    # The worker counts an attempt before its answer goes out, and the end of its request after that.
    eventually(lambda: "\naims_jobs_total{" in scrape(service.workers[0]), what="the worker has ended requests")
    return service


def test_promtool_finds_no_fault_in_a_scrape_of_either_process(watched):
    for process in watched.processes:
        checked = promtool("check", "metrics", input=scrape(process))
        assert (checked.returncode, checked.stdout + checked.stderr) == (0, ""), process.name


def test_every_metric_that_is_scraped_stands_in_its_page(watched):
    page = (PAGES / "README.md").read_text()
    for process in watched.processes:
        names = set(re.findall(r"^# TYPE (\S+)", scrape(process), re.M))
        assert len(names) > 20 and [name for name in names if f"`{name}" not in page] == []


def test_rules_are_valid_and_each_alert_fires_in_its_test():
    for command in (["check", "config", "prometheus.yml"], ["check", "rules", "rules.yml"], ["test", "rules", "rules_test.yml"]):
        checked = promtool(*command, cwd=PAGES)
        assert checked.returncode == 0, checked.stdout + checked.stderr
    rules = [rule for group in yaml.safe_load((PAGES / "rules.yml").read_text())["groups"] for rule in group["rules"]]
    tests = yaml.safe_load((PAGES / "rules_test.yml").read_text())["tests"]
    fired = {one["alertname"] for test in tests for one in test.get("alert_rule_test", []) if one["exp_alerts"]}
    assert {rule["alert"] for rule in rules if "alert" in rule} == fired


def test_the_dashboard_asks_only_for_metrics_that_there_are(tmp_path):
    text = (PAGES / "grafana.json").read_text()
    board = json.loads(text)
    assert "uid" not in board and board["__inputs"][0]["name"] == "DS_PROMETHEUS"
    panels = [panel for panel in board["panels"] if panel["type"] != "row"]
    assert all(panel["datasource"]["uid"] == "${DS_PROMETHEUS}" for panel in panels)
    queries = [target["expr"].replace("$__rate_interval", "5m") for panel in panels for target in panel["targets"]]
    rules = [{"record": f"panel:query{number}:check", "expr": query} for number, query in enumerate(queries)]
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    checked = promtool("check", "rules", str(file))
    assert checked.returncode == 0, checked.stdout + checked.stderr

    page = (PAGES / "README.md").read_text()
    alerts = (PAGES / "rules.yml").read_text()
    asked = set(re.findall(r"(?<![:\w])(?:aims|process)_[a-z_]*[a-z]", " ".join(queries) + re.sub(r"\w+:aims_\w+:\w+", "", alerts)))
    known = set(re.findall(r"`((?:aims|process)_[a-z_]+)", page))
    assert {re.sub(r"_(bucket|sum|count)$", "", name) for name in asked} - known == set()


def test_a_prometheus_scrapes_both_and_evaluates_the_rules(watched, tmp_path):
    port = free_port()
    config = yaml.safe_load((PAGES / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(PAGES / "rules.yml")]
    for job, process in zip(config["scrape_configs"], [watched.shim, watched.workers[0]], strict=True):
        job["static_configs"] = [{"targets": [f"127.0.0.1:{process.port}"]}]
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
    server = Process(
        "prometheus",
        [tool("prometheus"), f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data",
         f"--web.listen-address=127.0.0.1:{port}"], tmp_path / "prometheus.log")
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=10) as api:
            def targets():
                return {one["labels"]["job"]: one["health"] for one in api.get("/targets").json()["data"]["activeTargets"]}

            def ask(query):
                [sample] = api.get("/query", params={"query": query}).json()["data"]["result"]
                return float(sample["value"][1])

            eventually(lambda: targets() == {"aims-shim": "up", "aims-worker": "up"}, 30, "both are scraped")
            assert eventually(lambda: ask("max(aims_workers_alive)"), 15, "the queue is known") == 1
            assert ask("min(aims_dependency_up)") == 1
            assert ask("count(count by (job) (process_resident_memory_bytes))") == 2
            assert ask('sum(aims_jobs_total{outcome="completed"})') >= 1
            eventually(lambda: ask('max(lane:aims_queue_depth:max{lane="normal"})') == 0, 15, "rules are evaluated")
            groups = api.get("/rules").json()["data"]["groups"]
            assert [rule["lastError"] for group in groups for rule in group["rules"] if rule.get("lastError")] == []
    finally:
        code = server.stop(seconds=15)
    assert code == 0, server.tail()


def test_models_and_users_that_nobody_knows_are_no_series(watched):
    before = [series(scrape(process)) for process in watched.processes]
    made_up = [f"zebra-{uuid.uuid4().hex}" for _ in range(300)]
    with watched.http as client:
        for number, name in enumerate(made_up):
            # Most are unknown models. Some are answered, of users and tenants that were never seen before.
            model = "sandbox" if number % 10 == 0 else name
            body = {"model": model, "messages": prompt(name), "user": name, "stream": number % 20 == 0}
            client.post("/v1/chat/completions", json=body, headers={"X-Tenant": name, "X-Request-Id": name})
        client.get("/v1/models/unknown")
    jobs = eventually(lambda: value(scrape(watched.workers[0]), "aims_jobs_total") >= 30, what="all have ended")
    assert jobs
    texts = [scrape(process) for process in watched.processes]
    for process, text, known in zip(watched.processes, texts, before, strict=True):
        fresh = {one for one in series(text) - known if 'route="/v1/models/{id}"' not in one}
        assert fresh == set(), process.name
        for mark in ("zebra", PROMPT_MARK, ANSWER_MARK, KEY_MARK, "You said"):
            assert mark not in text, process.name


def test_figures_and_the_scaling_signal_are_json(watched):
    with watched.http as client:
        # A worker shows its sums on its card three times a lease.
        report = eventually(
            lambda: (found := client.get("/api/v1/status/metrics").json())["workers"]["tokens"]["output"] and found,
            what="the worker has shown its sums")
        assert report["dependencies"] == {"redis": {"status": "ok"}, "postgres": {"status": "ok"}}
        assert report["requests"]["by_status"]["2xx"] >= 1 and report["workers"]["alive"] == 1
        assert {lane["lane"] for lane in report["queue"]["lanes"]} == {"high", "normal", "batch"}
        assert {account["id"]: account["state"] for account in report["accounts"]}["sandbox-1"] == "ok"
        assert report["process"]["resident_memory_bytes"] > 1 << 20

        scaling = client.get("/api/v1/queue/scaling").json()
        assert scaling["workers"] == 1 and scaling["slots"] == 512
        assert scaling["wanted_workers"] in (0, 1) and scaling["ready"] == 0
        refused = client.get("/api/v1/queue/scaling?group=1")
        assert refused.status_code == 400 and refused.json()["error"]["param"] == "group"
