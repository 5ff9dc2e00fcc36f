"""Any backend with a stock Redis client is a producer: one XADD to ask, XREAD on the request's log to listen."""

import json
import time
import uuid

import pytest

from support.ledger import settled_rows
from support.processes import eventually
from support.service import PROMPT_MARK, prompt

END = b"18446744073709551615-0"


@pytest.fixture
def redis(service):
    return service.redis.client()


def request(text="hello", **options):
    return json.dumps({"model": "sandbox", "messages": prompt(text), **options})


def new_id():
    return f"0-{uuid.uuid4().hex}"


def follow(redis, service, id, seconds=30):
    """All entries of the log up to its end, as they come."""
    key, last, entries, give_up = service.key(f"log:{id}"), b"0", [], time.monotonic() + seconds
    while not entries or entries[-1][0] != END:
        assert time.monotonic() < give_up, f"no end; entries so far: {[entry[0] for entry in entries]}"
        for _, page in redis.xread({key: last}, block=1000) or []:
            entries += page
            last = page[-1][0]
    return entries


def text_of(entries):
    deltas = [json.loads(line) for _, fields in entries if fields[b"k"] == b"d" for line in fields[b"d"].splitlines()]
    return "".join(choice["delta"].get("content") or "" for delta in deltas for choice in delta["choices"])


def test_one_xadd_asks_and_xread_hears_the_tokens(redis, service):
    id = new_id()
    deadline = int(time.time() * 1000) + 60_000
    redis.xadd(service.key("q:normal"), {
        "v": 1, "id": id, "t": "team-7", "dl": deadline, "req": request("[[delay_ms=20]] one two three", stream=True)})
    entries = follow(redis, service, id)
    assert text_of(entries).startswith("You said: ") and text_of(entries).endswith("one two three")
    ids = [tuple(map(int, entry[0].split(b"-"))) for entry in entries[:-1]]
    assert len(ids) > 2 and ids == [(1, seq) for seq in range(len(ids))], "a hole or a repeat in the log"
    assert entries[-1][1][b"st"] == b"done"
    assert [row[:4] for row in settled_rows(service, id)] == [(1, "done", True, False)]
    assert service.postgres.query("SELECT tenant FROM usage_attempts WHERE request_id = %s", id) == [("team-7",)]


def test_the_least_entry_has_three_fields(redis, service):
    id = new_id()
    redis.xadd(service.key("q:normal"), {"v": 1, "id": id, "req": request()})
    end = follow(redis, service, id)[-1][1]
    answer = json.loads(end[b"r"])
    assert answer["object"] == "chat.completion" and PROMPT_MARK in answer["choices"][0]["message"]["content"]
    assert len(settled_rows(service, id)) == 1


@pytest.mark.parametrize("fields", [
    {"v": "1", "req": "{}"}, {"id": "0-aaaaaaaaaaaa", "req": "{}"}, {"v": "1", "id": "../etc", "req": "{}"}, {"junk": "x"}])
def test_an_entry_nobody_can_read_becomes_a_dead_letter(redis, service, fields):
    dead = redis.xlen(service.key("dead"))
    entry = redis.xadd(service.key("q:normal"), fields)
    eventually(lambda: redis.xlen(service.key("dead")) == dead + 1, what="the dead letter")
    assert redis.xrange(service.key("q:normal"), entry, entry) == []


def test_a_request_that_is_not_json_ends_with_an_error_and_not_in_silence(redis, service):
    id = new_id()
    redis.xadd(service.key("q:normal"), {"v": 1, "id": id, "req": "this is not JSON"})
    end = follow(redis, service, id)[-1][1]
    assert end[b"st"] == b"error" and json.loads(end[b"r"])["kind"] in ("invalid_request", "undecodable")


def test_the_same_id_twice_is_answered_and_billed_once(redis, service):
    id = new_id()
    for _ in range(2):
        redis.xadd(service.key("q:normal"), {"v": 1, "id": id, "req": request("twice", stream=True)})
    entries = follow(redis, service, id)
    assert [entry[1][b"k"] for entry in entries].count(b"e") == 1
    assert len(settled_rows(service, id)) == 1
    assert redis.xrange(service.key(f"log:{id}")) == entries


def test_all_three_lanes_are_served(redis, service):
    ids = {lane: new_id() for lane in ("batch", "normal", "high")}
    for lane, id in ids.items():
        redis.xadd(service.key(f"q:{lane}"), {"v": 1, "id": id, "req": request()})
    for id in ids.values():
        assert follow(redis, service, id)[-1][1][b"st"] == b"done"
    lanes = {lane: service.postgres.query("SELECT lane FROM usage_attempts WHERE request_id = %s", id)
             for lane, id in ids.items() if settled_rows(service, id)}
    assert lanes == {lane: [(lane,)] for lane in ids}
