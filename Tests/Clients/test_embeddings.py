"""Vectors by the `openai` SDK, through the queue. The sandbox needs no key. The six platforms are in test_conformance.py."""

import math

import openai
import pytest

from support.ledger import settled_rows

MODEL = "sandbox-embedding"


@pytest.fixture(scope="module")
def client(service):
    return service.openai()


def test_base64_and_numbers_are_the_same_vectors(client):
    packed = client.embeddings.create(model=MODEL, input=["你好 🙂", "hello"])
    plain = client.embeddings.create(model=MODEL, input=["你好 🙂", "hello"], encoding_format="float")
    assert [item.index for item in packed.data] == [0, 1]
    for one, other in zip(packed.data, plain.data):
        assert one.embedding == pytest.approx(other.embedding, abs=1e-6)
        assert math.hypot(*other.embedding) == pytest.approx(1, abs=1e-3)
    assert packed.data[0].embedding != packed.data[1].embedding
    assert packed.usage.total_tokens == packed.usage.prompt_tokens > 0


def test_the_length_can_be_chosen(client):
    assert len(client.embeddings.create(model=MODEL, input="a", dimensions=16).data[0].embedding) == 16


def test_vectors_are_in_the_books(service):
    response = service.http.post("/v1/embeddings", json={"model": MODEL, "input": "a"})
    [row] = settled_rows(service, response.headers["x-job-id"])
    assert row[1] == "done"


@pytest.mark.parametrize("fields, param", [
    ({}, "input"), ({"input": []}, "input"), ({"input": ["a", 1]}, "input[1]"), ({"input": "a", "dimensions": 0}, "dimensions"),
    ({"input": "a", "encoding_format": "hex"}, "encoding_format")])
def test_a_wrong_field_is_named(service, fields, param):
    answer = service.http.post("/v1/embeddings", json={"model": MODEL, **fields})
    assert answer.status_code == 400 and answer.json()["error"]["param"] == param


def test_models_do_what_they_are_for(client):
    with pytest.raises(openai.BadRequestError) as caught:
        client.embeddings.create(model="sandbox", input="a")
    assert caught.value.code == "unsupported_parameter" and caught.value.param == "model"
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "hi"}])
    assert caught.value.code == "unsupported_parameter"


def test_the_same_key_gives_the_same_answer_once_billed(service):
    ask = {"model": MODEL, "input": "once"}
    first, second = (
        service.http.post("/v1/embeddings", json=ask, headers={"Idempotency-Key": "embedding-once"}) for _ in range(2))
    assert first.headers["x-job-id"] == second.headers["x-job-id"] and first.content == second.content
    assert len(settled_rows(service, first.headers["x-job-id"])) == 1
