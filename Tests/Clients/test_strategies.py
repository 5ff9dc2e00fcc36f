"""The choice of model and account: strategies over four worker processes, fallbacks, and requests that fit nothing.

Requests come by XADD and over HTTP alike. The choice is read from the ledger.
"""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.backlog import Backlog
from support.counting import CountingPlatform, refusing
from support.ledger import drained, settled_rows
from support.processes import eventually
from support.service import ALL, Service, prompt

WEIGHTS = {"heavy": 5, "middle": 3, "light": 2}


def sandbox(id, alias=None, **more):
    return {"id": id, "provider": "sandbox", "aliases": [alias] if alias else [], "capabilities": ALL, **more}


def catalogue(platform):
    models = [
        *[sandbox(f"turn-{number}", "turns", routing_strategy="round_robin") for number in range(4)],
        sandbox("shared", routing_strategy="round_robin"),
        *[sandbox(name, "drawn", weight=weight, routing_strategy="weighted") for name, weight in WEIGHTS.items()],
        sandbox("cheap", "priced", input_price=1, output_price=1),
        sandbox("dear", "priced", input_price=9, output_price=9, priority=5),
        sandbox("small", context_tokens=100), sandbox("retired", is_active=False),
        {"id": "falls", "provider": "openai", "capabilities": ALL, "fallback_models": ["cheap"]},
    ]
    sandboxes = [model["id"] for model in models if model["provider"] == "sandbox" and model["id"] != "shared"]
    return {"models": models, "accounts": [
        {"id": "sandbox-1", "provider": "sandbox", "models": sandboxes},
        *[{"id": f"shared-{number}", "provider": "sandbox", "models": ["shared"]} for number in range(3)],
        *[platform.catalogue_account(name, ["falls"]) for name in platform.accounts]]}


@pytest.fixture(scope="module")
def service(workspace, template):
    platform = CountingPlatform(broken=refusing(500), keyless=refusing(401))
    service = Service(
        workspace / "strategies", template, platform, workers=4, DEFAULT_ROUTING_STRATEGY="cost_based",
        catalogue=catalogue(platform))
    yield service
    service.stop()
    platform.stop()


@pytest.fixture
def http(service):
    with service.http as client:
        yield client


def native(model, text="hello", **more):
    return {"model_name": model, "messages": prompt(text), **more}


def over_http(service, model, count):
    def ask(client):
        response = client.post("/v1/chat/completions", json={"model": model, "messages": prompt("hello")})
        assert response.status_code == 200, response.text
        return response.headers["x-job-id"]

    with service.http as client, ThreadPoolExecutor(8) as pool:
        return list(pool.map(ask, [client] * count))


def mixed(service, model, count):
    """Half of them come by XADD, half over HTTP, at the same time. All are answered and stand in the ledger."""
    backlog = Backlog(service)
    queued = backlog.add(count - count // 2, model)
    asked = over_http(service, model, count // 2)
    assert backlog.ended() == {"done": len(queued)}
    drained(service)
    return queued + asked


def chosen(service, column, ids):
    return Counter(value for value, in service.postgres.query(
        f"SELECT {column} FROM usage_attempts WHERE request_id = ANY(%s)", ids))


def test_models_take_turns_over_all_workers(service):
    ids = mixed(service, "turns", 200)
    counts = chosen(service, "model", ids)
    print(f"turns {dict(counts)}, workers {list(chosen(service, 'worker', ids).values())}")
    assert len(counts) == 4 and max(counts.values()) - min(counts.values()) <= 1
    assert len(chosen(service, "worker", ids)) > 1


def test_accounts_of_one_model_take_turns_over_all_workers(service):
    counts = chosen(service, "account", mixed(service, "shared", 200))
    print(f"turns {dict(counts)}")
    assert len(counts) == 3 and max(counts.values()) - min(counts.values()) <= 1


def test_weights_are_kept_to(service):
    total, sum_of_weights = 1000, sum(WEIGHTS.values())
    counts = chosen(service, "model", mixed(service, "drawn", total))
    print(f"drawn {dict(counts)}")
    for name, weight in WEIGHTS.items():
        share = weight / sum_of_weights
        # Four standard deviations of a fair draw.
        assert abs(counts[name] - total * share) < 4 * (total * share * (1 - share)) ** 0.5


def test_the_default_holds_where_nobody_says_otherwise(service):
    assert set(chosen(service, "model", mixed(service, "priced", 20))) == {"cheap"}


@pytest.mark.parametrize("strategy, model", [("priority", "dear"), ("cost_based", "cheap")])
def test_a_request_may_name_its_strategy(service, http, strategy, model):
    answer = http.post("/api/v1/chat/completions", json=native("priced", routing_strategy=strategy)).json()
    assert [attempt["model"] for attempt in answer["attempts"]] == [model]
    backlog = Backlog(service)
    ids = backlog.add(5, "priced", fields={"rs": strategy})
    backlog.ended()
    drained(service)
    assert chosen(service, "model", ids) == {model: 5}


def test_what_costs_less_for_this_request_is_chosen_across_currencies(service, http):
    """Beside the default: the answer's own price is the cheap model's."""
    answer = http.post("/api/v1/chat/completions", json=native("priced")).json()
    usage = answer["usage"]
    assert answer["cost"] == pytest.approx(usage["total_tokens"] * 1 / 1e6)


def trail(attempts):
    return [(attempt["model"], attempt["error"]) for attempt in attempts]


def assert_fell_back(attempts):
    """Accounts of the model, then the fallback. An account that is known to be out of order is not asked again."""
    *failed, last = trail(attempts)
    assert last == ("cheap", None)
    assert failed and {model for model, _ in failed} == {"falls"}
    assert {error for _, error in failed} <= {"server_error", "authentication"}


def test_a_fallback_model_answers_and_the_trail_says_so(service, http):
    answered = http.post("/api/v1/chat/completions", json=native("falls"))
    assert answered.status_code == 200
    answer = answered.json()
    assert_fell_back(answer["attempts"])
    assert answer["provider"] == "sandbox" and answer["account"] == "sandbox-1"
    rows = settled_rows(service, answered.headers["x-job-id"], len(answer["attempts"]))
    assert [(row[1], row[5]) for row in rows] == [
        ("error" if attempt["error"] else "done", attempt["error"]) for attempt in answer["attempts"]]


def test_a_job_shows_its_fallback_too(http):
    job = http.post("/api/v1/jobs", json=native("falls")).json()
    report = eventually(
        lambda: (r := http.get(job["links"]["self"]).json())["status"] == "done" and r, what="the job is done")
    assert trail(report["attempts"])[-1] == ("cheap", None)


@pytest.mark.parametrize("more", [{"messages": prompt("word " * 400)}, {"parameters": {"max_tokens": 200}}])
def test_what_does_not_fit_into_the_context_is_refused(http, more):
    refused = http.post("/api/v1/chat/completions", json=native("small") | more)
    assert refused.status_code == 400 and refused.json()["error"]["code"] == "context_length_exceeded"


@pytest.mark.parametrize("model", ["unheard-of", "retired"])
@pytest.mark.parametrize("path, body", [
    ("/v1/chat/completions", lambda model: {"model": model, "messages": prompt()}), ("/api/v1/jobs", native)])
def test_a_name_that_nobody_answers_to_is_not_found(http, path, body, model):
    refused = http.post(path, json=body(model))
    assert refused.status_code == 404 and refused.json()["error"]["code"] == "model_not_found"
    assert ("disabled" in refused.json()["error"]["message"]) == (model == "retired")
