"""Every alert fires and clears because its condition is caused for real, and is delivered to each kind of channel.

One run over a service with short settings, which the tests below look at from their sides.
"""

import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from support.channels import CHATS, PLATFORMS, Channels
from support.processes import eventually
from support.service import ALL, ANSWER_MARK, KEY_MARK, PROMPT_MARK, Service, prompt
from support.upstream import answer, completion_of, failing

MODELS = {"quota": {"quota_limit": 400}, "refused": {}, "unpaid": {}, "broken": {}, "narrow": {"concurrency": 1}, "wide": {}}
# What happens in the whole service, by the subject of its alerts.
PLATFORM_TROUBLE = {
    "quota_threshold": "quota-1", "quota_exhausted": "quota-1", "account_disabled": "refused-1", "account_unpaid": "unpaid-1",
    "circuit_open": "broken-1/broken", "health_low": "broken-1/broken", "error_rate": "requests", "dead_letters": "queue"}
WAITING = {"no_capacity": "normal", "queue_age": "normal"}
MONEY = {"budget": "all/hard"}
OWN_TROUBLE = {"no_worker": "workers", "worker_lost": None, "redis_unreachable": "redis", "postgres_unreachable": "postgres"}
EACH = PLATFORM_TROUBLE | WAITING | MONEY | OWN_TROUBLE
SETTINGS = {
    "ALERT_INTERVAL": "0.5", "ALERT_CLEAR_AFTER": "1", "ALERT_HYSTERESIS": "0", "ALERT_RETRY_PAUSE": "0.2",
    "ALERT_LINK": "https://ai.example/alerts", "ALERT_SOURCE": "test bench",
    "UNREACHABLE_ALERT_AFTER": "1", "NO_WORKER_ALERT_AFTER": "1", "QUEUE_AGE_ALERT_THRESHOLD": "1",
    "CAPACITY_ALERT_THRESHOLD": "1", "HEALTH_ALERT_THRESHOLD": "0.9", "HEALTH_ALERT_AFTER": "0",
    "ERROR_RATE_WINDOW": "4", "ERROR_RATE_MIN_REQUESTS": "3", "QUOTA_REFRESH": "1", "CATALOG_REFRESH": "1",
    "LEADER_LEASE": "1", "DISABLE_AFTER": "1", "CIRCUIT_FAILURES": "3", "CIRCUIT_OPEN": "1", "MAX_ATTEMPTS": "1",
    "WORKER_CONCURRENCY": "4"}
# What each chat answers first. All but Slack say with status 200 that they did not take it.
REFUSALS = {
    "slack": (429, b"rate_limited", [("Retry-After", "1")]), "dingtalk": (200, b'{"errcode":310000,"errmsg":"sign"}', ()),
    "feishu": (200, b'{"code":19021,"msg":"sign"}', ()), "wecom": (200, b'{"errcode":93000,"errmsg":"key"}', ())}


def costly(call):
    usage = {"prompt_tokens": 7, "completion_tokens": 500, "total_tokens": 507}
    return call.json(completion_of(call.body["model"], ANSWER_MARK, usage))


class Run:
    def __init__(self, folder, template, upstream):
        self.upstream, self.channels, self.pool = upstream, Channels(), ThreadPoolExecutor(16)
        accounts = [
            {"id": f"{model}-1", "provider": "openai", "api_key": f"{KEY_MARK}-{model}", "base_url": upstream.url,
             "models": [model], **fields} for model, fields in MODELS.items()]
        models = [{"id": model, "provider": "openai", "capabilities": ALL} for model in MODELS]
        self.service = Service(
            folder, template, upstream, catalogue={"models": models, "accounts": accounts}, **SETTINGS,
            **self.channels.settings)

    def play(self):
        for platform, refusal in REFUSALS.items():
            self.channels.answers[platform] = [refusal]
        self._trouble_with_platforms()
        self._waiting()
        self._no_money()
        self._no_worker()
        self._no_redis()
        self._no_postgres()
        self._killed_while_a_receiver_fails()
        return self

    # MARK: What happens

    def _trouble_with_platforms(self):
        # The counts on the worker's card have been seen once.
        time.sleep(1.5)
        for model, behaviour in {"quota": costly, "refused": failing(401, "invalid_api_key"),
                                 "unpaid": failing(429, "insufficient_quota")}.items():
            self.ask(model, behaviour)
        for asked in [self.ask("broken", failing(500)) for _ in range(3)]:
            asked.result(30)
        self.bury()
        for chat in CHATS:
            eventually(lambda chat=chat: self.channels.of(chat, taken=False), what=f"{chat} refuses")
            self.channels.answers[chat] = []
        self.until("firing", PLATFORM_TROUBLE)

        with self.service.http as client:
            assert client.patch("/api/v1/accounts/quota-1", json={"quota_limit": 1_000_000}).status_code == 200
            assert client.post("/api/v1/accounts/refused-1/enable").status_code == 200
            client.delete("/api/v1/queue/dead?all=true")
        assert self.ask("unpaid", answer("ok")).result(30).status_code == 200
        for _ in range(20):
            assert self.ask("broken", answer("ok")).result(30).status_code == 200
        self.until("resolved", PLATFORM_TROUBLE)

    def _waiting(self):
        gate = self.upstream.gate()

        async def held(call):
            await gate.passed()
            await answer("ok")(call)

        asked = [self.ask("narrow", held) for _ in range(2)]
        self.until("firing", {"no_capacity": "normal"})
        asked += [self.ask("wide", held) for _ in range(5)]
        self.until("firing", {"queue_age": "normal"})
        gate.open()
        assert {one.result(30).status_code for one in asked} == {200}
        self.until("resolved", WAITING)

    def _no_money(self):
        with self.service.http as client:
            budget = {"unit": "tokens", "period": "total", "hard": 1}
            assert client.put("/api/v1/budgets/all", json=budget).status_code == 200
            self.until("firing", MONEY)
            assert client.patch("/api/v1/budgets/all", json={"hard": 1_000_000_000}).status_code == 200
            self.until("resolved", MONEY)

    def _no_worker(self):
        self.service.workers.pop().kill()
        self.until("firing", {"no_worker": "workers", "worker_lost": None})
        self.service.add_worker()
        self.until("resolved", {"no_worker": "workers", "worker_lost": None})

    def _no_redis(self):
        self.service.redis.kill()
        self.until("firing", {"redis_unreachable": "redis"})
        self.service.redis.start()
        self.until("resolved", {"redis_unreachable": "redis"})

    def _no_postgres(self):
        self.service.postgres.stop()
        self.until("firing", {"postgres_unreachable": "postgres"})
        self.service.postgres.start()
        self.until("resolved", {"postgres_unreachable": "postgres"})

    def _killed_while_a_receiver_fails(self):
        """Nobody is left who could remember what is to be delivered."""
        self.channels.answers["generic"] = [(503, b"", ())]
        self.bury()
        self.failed = eventually(
            lambda: [m for m in self.channels.of("generic", taken=False) if not m.is_taken], what="the receiver fails")
        for process in (self.service.workers.pop(), self.service.shim):
            process.kill()
        self.channels.answers["generic"] = []
        self.service.add_worker()
        self.service.start_shim()
        self.service.wait_ready()
        eventually(lambda: len(self.channels.told("dead_letters", "firing")) == 2, 30, "the message arrives after all")

    # MARK: Doing and seeing

    def ask(self, model, behaviour):
        body = {"model": model, "messages": prompt(), "max_tokens": 20, "x_script": self.upstream.script(behaviour).name}
        return self.pool.submit(httpx.post, f"{self.service.url}/v1/chat/completions", json=body, timeout=60)

    def bury(self):
        """A dead letter as workers write them."""
        request = json.dumps({"model": "wide", "messages": prompt()})
        self.service.redis.client().xadd(self.service.key("dead"), {
            "why": "poison", "lane": self.service.key("q:normal"), "v": 1, "id": f"0-{uuid.uuid4().hex}", "req": request})

    def until(self, state, alerts):
        for kind, subject in alerts.items():
            eventually(lambda: self.channels.told(kind, state, subject), 30, f"{kind} is {state}")

    def stop(self):
        self.pool.shutdown()
        self.service.stop()
        self.channels.stop()


@pytest.fixture(scope="module")
def run(workspace, template, upstream):
    run = Run(workspace / "alerts", template, upstream)
    try:
        yield run.play()
    finally:
        run.stop()


@pytest.mark.parametrize("kind", EACH)
def test_an_alert_fires_when_its_condition_comes_and_clears_when_it_goes(run, kind):
    [fired, *_], [over, *_] = run.channels.told(kind, "firing", EACH[kind]), run.channels.told(kind, "resolved", EACH[kind])
    assert fired.at < over.at and over.json["ends_at"] > fired.json["starts_at"]
    print(f"{kind}: {fired.json['annotations']['message']}")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_message_has_its_platforms_form_and_signature(run, platform):
    messages = run.channels.of(platform, taken=False)
    assert len(messages) > 5
    for message in messages:
        message.check()


@pytest.mark.parametrize("chat", CHATS)
def test_a_chat_is_told_of_every_alert_and_its_end(run, chat):
    def missing(state):
        texts = [message.text for message in run.channels.of(chat) if state in message.text]
        return [kind for kind in EACH if not any(kind in text for text in texts)]

    eventually(lambda: not missing("FIRING") and not missing("RESOLVED"), 20, f"{missing('FIRING')}, {missing('RESOLVED')}")


@pytest.mark.parametrize("chat", CHATS)
def test_what_a_chat_refused_in_an_answer_or_by_its_status_is_sent_again(run, chat):
    refused = [message for message in run.channels.of(chat, taken=False) if not message.is_taken]
    kinds = [kind for kind in EACH if kind in refused[0].text]
    again = "".join(message.text for message in run.channels.of(chat))
    assert kinds and all(kind in again for kind in kinds)
    if chat == "slack":
        assert run.channels.of(chat)[0].at - refused[-1].at > 0.9, "Retry-After was a second"


@pytest.mark.parametrize("chat", ["dingtalk", "wecom"])
def test_a_channel_is_used_at_its_pace_and_merges_what_comes_faster(run, chat):
    # What tells of PostgreSQL goes past the queue.
    messages = [m for m in run.channels.of(chat) if not ("postgres_unreachable" in m.text and "FIRING" in m.text)]
    gaps = [later.at - earlier.at for earlier, later in zip(messages, messages[1:])]
    assert min(gaps) > 2.5, gaps
    assert any("FIRING, " in m.text or " FIRING］" in m.text for m in messages), "nothing was merged"


def test_several_processes_that_see_the_same_tell_it_once(run):
    told = {kind: len(run.channels.told(kind, "firing", EACH[kind])) for kind in OWN_TROUBLE if kind != "worker_lost"}
    print(told)
    assert told["redis_unreachable"] == told["postgres_unreachable"] == 1


def test_a_message_survives_the_death_of_every_process_with_its_id(run):
    ids = {message.headers["webhook-id"] for message in run.failed if message.json["alert"] == "dead_letters"}
    assert len(ids) == 1
    assert ids == {run.channels.told("dead_letters", "firing")[-1].headers["webhook-id"]}


def test_an_outage_of_postgresql_is_among_the_alerts_afterwards(run):
    [alert] = run.service.http.get("/api/v1/alerts?kind=postgres_unreachable").json()["data"]
    assert alert["cleared_at"] > alert["raised_at"] and alert["severity"] == "critical"


def test_our_own_trouble_disables_no_account(run):
    disabled = run.service.postgres.query("SELECT subject FROM audit_log WHERE action = 'disable'")
    assert disabled == [("refused-1",)]


def test_no_message_and_no_log_has_a_key_a_prompt_or_an_address(run):
    texts = [message.text for message in run.channels.messages]
    texts += [log.read_text(errors="replace") for log in run.service.folder.glob("*.log") if log.name != "redis.log"]
    assert not any(mark in text for text in texts for mark in (KEY_MARK, PROMPT_MARK, ANSWER_MARK, "whsec_"))


def test_the_list_is_read_page_by_page(run):
    with run.service.http as client:
        alerts = client.get("/api/v1/alerts").json()
        assert alerts["has_more"] is False and len(alerts["data"]) > 10
        ids, before = [], ""
        while True:
            page = client.get(f"/api/v1/alerts?limit=4{before}").json()
            ids += [alert["id"] for alert in page["data"]]
            if not page["has_more"]:
                break
            before = f"&before={ids[-1]}"
        assert ids[-len(alerts["data"]):] == [alert["id"] for alert in alerts["data"]]
        for query, param in {"before=x": "before", "before=999999999": "before", "kind=nonsense": "kind"}.items():
            refused = client.get(f"/api/v1/alerts?{query}")
            assert refused.status_code == 400 and refused.json()["error"]["param"] == param


def test_what_is_silenced_is_listed_and_told_only_when_the_silence_ends(run):
    service, channels = run.service, run.channels
    service.http.delete("/api/v1/queue/dead?all=true")
    eventually(lambda: len(channels.told("dead_letters", "resolved")) == 2, what="all is well")
    made = service.http.post(
        "/api/v1/alerts/silences", json={"kind": "dead_*", "seconds": 600, "reason": "a drill"}, headers={"X-Actor": "anna"})
    assert made.status_code == 201 and made.json()["actor"] == "anna"

    run.bury()
    alert = eventually(
        lambda: next(iter(service.http.get("/api/v1/alerts?open=true&kind=dead_letters").json()["data"]), None), what="the alert")
    time.sleep(1.5)  # three turns of the sender
    assert alert["silenced"] and alert["notified_at"] is None and len(channels.told("dead_letters", "firing")) == 2
    [silence] = json.loads(service.run("alerts", "silences", "--json").stdout)
    assert service.http.get("/api/v1/alerts/silences").json()["data"] == [silence]
    assert service.run("alerts", "unsilence", str(silence["id"])).returncode == 0

    eventually(lambda: len(channels.told("dead_letters", "firing")) == 3, what="it is told now")
    assert service.run("alerts", "unsilence", str(silence["id"])).returncode == 1
    assert service.http.delete(f"/api/v1/alerts/silences/{silence['id']}").status_code == 404


def test_the_command_line_silences_and_lists(run):
    done = run.service.run("alerts", "silence", "--kind", "circuit_open", "--subject", "x/*", "--for", "2h", "--json")
    silence = json.loads(done.stdout)
    assert 7_100_000 < silence["until"] - time.time() * 1000 < 7_300_000
    assert "circuit_open" in run.service.run("alerts", "silences").stdout
    assert run.service.http.delete(f"/api/v1/alerts/silences/{silence['id']}").status_code == 204
    assert run.service.run("alerts", "--all", "--limit", "5").stdout.count("\n") == 6
    assert run.service.run("alerts", "silence", "--kind", "nonsense", "--for", "1h").returncode == 64
    assert run.service.run("alerts", "silence", "--for", "1h").returncode == 64


@pytest.mark.parametrize(("body", "param"), [
    ({"seconds": 5}, "kind"), ({"kind": "nonsense", "seconds": 5}, "kind"), ({"kind": "*", "seconds": 0}, "seconds"),
    ({"kind": "*", "until": 5}, "until"), ({"kind": "*"}, "until"), ({"kind": "*", "seconds": 5, "x": 1}, "x")])
def test_a_wrong_silence_is_refused_by_name(run, body, param):
    refused = run.service.http.post("/api/v1/alerts/silences", json=body)
    assert refused.status_code == 400 and refused.json()["error"]["param"] == param


def test_channels_can_be_tried_out(run):
    tried = run.service.run("alerts", "test", "--json")
    assert tried.returncode == 0, tried.stderr
    assert {row["channel"]: row["delivered"] for row in json.loads(tried.stdout)} == dict.fromkeys(PLATFORMS, True)
    for platform in PLATFORMS:
        run.channels.of(platform)[-1].check()
    run.channels.answers["slack"] = [(400, b"invalid_payload", ())]
    refused = run.service.run("alerts", "test", "--channel", "slack")
    run.channels.answers["slack"] = []
    assert refused.returncode == 1 and "HTTP status 400" in refused.stdout
    assert KEY_MARK not in refused.stdout + refused.stderr + tried.stdout + tried.stderr
    assert run.service.run("alerts", "test", "--channel", "nobody").returncode == 1


def test_a_wrong_channel_is_refused_at_the_start_by_its_place(run):
    refused = run.service.run("alerts", "test", ALERT_WEBHOOKS=f"slack+https://h/ teams+https://h/{KEY_MARK}")
    assert refused.returncode == 3 and "ALERT_WEBHOOKS entry 2" in refused.stderr and KEY_MARK not in refused.stderr
