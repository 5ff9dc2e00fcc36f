"""Credentials, checked by the platforms' own SDKs: TC3 signatures, Zhipu's JWT, Baidu's tokens.

Real requests go through the service. The SDKs' code then signs the bytes that arrived, with the times that arrived.
"""

import base64
import json
import random
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from tencentcloud.common import credential
from tencentcloud.hunyuan.v20230901 import hunyuan_client
from zhipuai.core import _jwt_token

from platforms.bench import ACCOUNTS, bench  # noqa: F401  fixture
from platforms.scenarios import CHAT

WORDS = ["京都", "🙂", "\"quoted\"", "back\\slash", "line\nbreak", "tab\t", "é", "\u2028", "plain", "</script>", "𠜎", "%41+b&c=d"]


def wire_of(bench, name):
    wire = bench.wires[name]
    wire.violations.clear()
    return wire


def random_requests(count=10):
    rolls = random.Random(20261123)
    for number in range(count):
        words = [rolls.choice(WORDS) for _ in range(rolls.randint(1, 60))]
        yield {"say": " ".join(words), "temperature": rolls.choice([0.1, 0.5, 1.0]), "stream": number % 2 == 1}


@pytest.mark.parametrize("options", list(random_requests()), ids=range(10))
def test_tencents_sdk_signs_the_same_bytes_the_same(bench, options):
    wire = wire_of(bench, "tencent/native")
    answer = bench.ask(wire, **options)
    [call] = wire.calls_of(answer.id)
    id, secret = wire.key.split(":")
    names = {"content-type": "Content-Type", "host": "Host", "x-tc-timestamp": "X-TC-Timestamp"}
    request = SimpleNamespace(
        method=call.method, uri=call.target, data=call.raw, header={sent: call.headers[name] for name, sent in names.items()})
    scope = call.headers["authorization"].partition("Credential=")[2].split("/")
    client = hunyuan_client.HunyuanClient(credential.Credential(id, secret), "")
    signature = client._get_tc3_signature({}, request, scope[1], "hunyuan", secret)
    signed = f"Credential={id}/{scope[1]}/hunyuan/tc3_request, SignedHeaders=content-type;host, Signature={signature}"
    assert call.headers["authorization"] == f"TC3-HMAC-SHA256 {signed}" and wire.violations == []


@pytest.mark.parametrize("options", list(random_requests()), ids=range(10))
def test_zhipus_jwt_is_the_one_its_sdk_makes(bench, monkeypatch, options):
    wire = wire_of(bench, "zhipu/jwt")
    answer = bench.ask(wire, **options)
    [call] = wire.calls_of(answer.id)
    payload = call.bearer.split(".")[1]
    signed_at = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["timestamp"]
    monkeypatch.setattr(_jwt_token, "time", SimpleNamespace(time=lambda: signed_at / 1000))
    assert call.bearer == _jwt_token.generate_token.__wrapped__(wire.key) and wire.violations == []


@pytest.mark.parametrize("name, answer", [("tencent/native", True), ("zhipu/jwt", True), ("baidu/legacy", 110),
    ("baidu/legacy", 111)])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_what_grew_old_on_the_way_is_made_anew_once_and_no_key_is_blamed(bench, name, answer, stream):
    wire = wire_of(bench, name)
    wire.expire_next = answer
    answered = bench.ask(wire, stream=stream)
    assert answered.text == CHAT and not wire.expire_next and wire.violations == []
    assert "authentication" not in bench.rows(wire, answered.id)


def test_baidus_token_is_fetched_once_for_all_callers(bench):
    wire = wire_of(bench, "baidu/legacy")

    def round_of(count):
        with ThreadPoolExecutor(count) as pool:
            assert {answer.text for answer in pool.map(lambda _: bench.ask(wire), range(count))} == {CHAT}

    round_of(ACCOUNTS)
    fetched = wire.token_calls
    round_of(24)
    assert wire.token_calls - fetched < ACCOUNTS, "an account fetches its token again"
    fetched = wire.token_calls
    round_of(24)
    assert wire.token_calls == fetched and wire.violations == []
