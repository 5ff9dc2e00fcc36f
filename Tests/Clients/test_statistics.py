"""The ledger by HTTP over the real service: its sums, its attempts, a job's trail, and the script that loads it."""

import csv
import io
import json
import os
import re
import subprocess
import uuid

import psycopg
import pytest

from support.ledger import drained, settled_rows
from support.processes import eventually
from support.service import ROOT, prompt
from support.upstream import answer, failing

VIEWS = ["usage", "performance", "cost", "errors"]


@pytest.fixture
def http(service):
    with service.http as client:
        yield client


@pytest.fixture
def billed(service, upstream):
    """Attempts of a user of its own: one that failed and three that answered, all booked."""
    user = f"user-{uuid.uuid4().hex}"
    for script in (upstream.script(failing(500), answer("one")), upstream.script(answer("two")), upstream.script(answer("three"))):
        service.openai().chat.completions.create(
            model="stub", messages=prompt(), user=user, extra_body={"x_script": script.name})
    drained(service)
    return user


def test_sums_and_attempts_of_a_user_are_those_of_the_ledger(http, service, billed):
    [row] = http.get("/api/v1/status/usage", params={"period": "24h", "user": billed}).json()["data"]
    raw = service.postgres.query(
        "SELECT count(*), count(*) FILTER (WHERE status = 'error'), sum(tokens_in), sum(tokens_out), sum(cost)::float"
        " FROM usage_attempts WHERE user_id = %s", billed)[0]
    assert (row["attempts"], row["errors"], row["tokens_in"], row["tokens_out"]) == raw[:4] and row["done"] == 3
    assert row["retries"] == 1 and row["currency"] == "USD" and abs(row["cost"] - raw[4]) < 1e-9

    page = http.get("/api/v1/usage", params={"user": billed, "limit": 3}).json()
    rest = http.get("/api/v1/usage", params={"user": billed, "cursor": page["next_cursor"]}).json()
    rows = page["data"] + rest["data"]
    assert len(rows) == 4 and rest["next_cursor"] is None
    assert [each["started_at"] for each in rows] == sorted((each["started_at"] for each in rows), reverse=True)
    assert [each["error_kind"] for each in rows if each["status"] == "error"] == ["server_error"]


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_has_groups_zones_and_csv(http, billed, view):
    parameters = {"period": "1h", "user": billed, "group_by": "model,hour", "tz": "Asia/Shanghai"}
    said = http.get(f"/api/v1/status/{view}", params=parameters).json()
    sheet = http.get(f"/api/v1/status/{view}", params={**parameters, "format": "csv"})

    assert said["object"] == view and said["tz"] == "Asia/Shanghai" and said["data"]
    assert all(row["model"] == "stub" and re.fullmatch(r"\S+T\d\d:00\+08:00", row["hour"]) for row in said["data"])
    rows = list(csv.DictReader(io.StringIO(sheet.text)))
    assert sheet.headers["content-type"].startswith("text/csv") and sheet.headers["x-period"] == f"{said['from']}..{said['until']}"
    assert [row["hour"] for row in rows] == [row["hour"] for row in said["data"]]


def test_the_four_examples_of_an_operator_answer(http, billed):
    """The addresses that the service's first README promised."""
    for path in ("usage?period=24h", "performance", "cost?group_by=provider", "errors?group_by=error_kind,day&period=7d"):
        response = http.get(f"/api/v1/status/{path}")
        assert response.status_code == 200 and response.json()["data"], path
    slow = http.get("/api/v1/status/performance", params={"period": "24h", "user": billed}).json()["data"][0]
    assert 0 < slow["latency_p50_ms"] <= slow["latency_p95_ms"] <= slow["latency_p99_ms"]
    assert slow["ttft_p50_ms"] is not None and slow["queue_p50_ms"] >= 0 and slow["attempts_per_second"] > 0


def test_a_job_has_a_trail_with_its_failed_attempt(http, service, upstream):
    script = upstream.script(failing(500), answer("okapi-answer"))
    made = http.post("/api/v1/jobs", json={
        "model_name": "stub", "messages": prompt(), "parameters": {"x_script": script.name}})
    id = made.json()["id"]
    eventually(lambda: http.get(f"/api/v1/jobs/{id}").json()["status"] == "done", what="the job is done")
    settled_rows(service, id, 2)

    said = http.get(f"/api/v1/jobs/{id}/trail").json()

    events = [event["event"] for event in said["timeline"]]
    assert events[:4] == ["queued", "claimed", "ended", "claimed"] and events[-1] == "ended"
    times = [event["at"] for event in said["timeline"]]
    assert times == sorted(times) and said["job"]["status"] == "done"
    assert [(row["status"], row["error_kind"], row["source"]) for row in said["attempts"]] == [
        ("error", "server_error", "ledger"), ("done", None, "ledger")]
    assert "okapi-answer" not in json.dumps(said)
    assert http.get(f"/api/v1/jobs/{id}/trail", headers={"X-Tenant": "other"}).status_code == 404


def test_the_next_month_has_its_partition_before_it_begins(service):
    def look():
        return service.postgres.query(
            "SELECT count(*) FROM pg_inherits WHERE inhparent = 'usage_attempts'::regclass AND inhrelid::regclass::text ="
            " 'usage_attempts_' || to_char(now() AT TIME ZONE 'UTC' + interval '1 month', 'YYYY_MM')")[0][0] == 1

    eventually(look, what="the elected worker has made it")


@pytest.fixture
def ledger(service):
    """An empty database beside the service's, with its tables."""
    name = f"ledger_{uuid.uuid4().hex}"
    with psycopg.connect(service.postgres.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        url = service.postgres.url.rsplit("/", 1)[0] + f"/{name}"
        assert service.run("migrate", DATABASE_URL=url).returncode == 0
        yield url
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_the_script_that_loads_a_ledger_leaves_the_sums_that_a_flusher_would(ledger):
    done = subprocess.run(
        [ROOT / "scripts/load-usage", "--rows", "3001", "--days", "3", "--users", "40"], text=True, capture_output=True,
        timeout=120, env={**os.environ, "DATABASE_URL": ledger, "SHIM_URL": ""})
    assert done.returncode == 0, done.stderr

    sums = "sum(attempts), sum(tokens_in), sum(tokens_out), sum(cost), sum(latency_ms_sum), sum(ttft_count)"
    with psycopg.connect(ledger) as connection:
        raw = connection.execute(
            "SELECT count(*), sum(tokens_in), sum(tokens_out), sum(cost), sum(latency_ms), count(ttft_ms) FROM usage_attempts"
        ).fetchone()
        for table in ("usage_users_hourly", "usage_users_daily", "usage_routes_hourly", "usage_routes_daily", "usage_hourly"):
            assert connection.execute(f"SELECT {sums} FROM {table}").fetchone() == raw, table
        key = "model, provider, account, tenant, user_id, currency, status"
        flusher = f"""
            SELECT date_trunc('hour', started_at, 'UTC'), {key}, count(*), sum(tokens_in), sum(cost), count(*) FILTER (WHERE estimated)
            FROM usage_attempts GROUP BY 1, 2, 3, 4, 5, 6, 7, 8"""
        kept = f"SELECT hour, {key}, attempts, tokens_in, cost, estimated_attempts FROM usage_hourly"
        assert connection.execute(f"({flusher}) EXCEPT ({kept})").fetchall() == []
    assert raw[0] == 3001
