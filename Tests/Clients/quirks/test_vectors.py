"""Vectors: what is missing is filled in, and numbers that nobody computed are never given out."""

import base64
import json
import struct

import pytest
from support.raw_platform import whole

from .known import known
from .modes import WITH_VECTORS

pytestmark = pytest.mark.place(vectors=True)


def item(vector, index=0):
    return {"object": "embedding", "index": index, "embedding": vector}


def answer(*items, **more):
    return whole({"object": "list", "model": "up", "data": list(items), "usage": {"prompt_tokens": 4, "total_tokens": 4}, **more})


@known("Other servers", "Ollama", does="nulls or `NaN` inside a vector",
       gives="a failure that says so, never numbers that nobody computed",
       report="lfnovo/esperanto#119")
@pytest.mark.parametrize("format", ["float", "base64"])
@pytest.mark.parametrize("number", [b"null", b"NaN", b"-Infinity", b'"x"', b"{}", b"1e999"], ids=bytes.decode)
@pytest.mark.parametrize("mode", WITH_VECTORS)
def test_a_vector_with_a_gap_is_a_failure(place, mode, number, format):
    place.answers(whole(place.mode.shape.vectors([0.5, 77777, 0.25])).replacing(b"77777", number))

    response = place.embed(encoding_format=format)

    assert response.status_code == 502 and len(place.calls()) <= 2, f"{response.status_code} {response.text[:200]}"


@known("Other servers", does="leave out `index`", gives="the place is the index",
       report="doobidoo/mcp-memory-service#612")
@pytest.mark.parametrize("bend", [
    lambda items: [entry.pop("index") for entry in items], lambda items: [entry.update(index=None) for entry in items],
    lambda items: [entry.pop("object") for entry in items], lambda items: items.reverse(),
    lambda items: [entry.update(index=str(entry["index"])) for entry in items],
    lambda items: [entry.update(index=0) for entry in items]],
    ids=["no-index", "null-index", "no-object", "another-order", "index-as-text", "index-0-for-all"])
def test_vectors_are_completed(place, bend):
    items = [item([0.5, 1], 0), item([0.25, 2], 1)]
    bend(items)
    place.answers(answer(*items))

    found = place.openai.embeddings.create(model=place.model, input=["x", "y"])

    assert [(entry.index, entry.embedding, entry.object) for entry in found.data] == [(0, [0.5, 1], "embedding"),
        (1, [0.25, 2], "embedding")]


@known("Other servers", does="`usage` and `model` are null", gives="both members, and an estimate in the books",
       report="opea-project/GenAIComps#926")
@pytest.mark.parametrize("more", [
    {"model": None, "usage": None}, {"usage": {}}, {"usage": {"prompt_tokens": None, "total_tokens": None}},
    {"usage": {"prompt_tokens": 0, "total_tokens": 0}}],
    ids=json.dumps)
def test_vectors_without_usage_are_estimated(place, more):
    place.answers(answer(item([0.5]), **more))

    found = place.openai.embeddings.create(model=place.model, input="hello there")

    assert found.model and found.usage is not None and found.object == "list"
    row = place.row()
    assert row["estimated"] and row["tokens_in"] > 0


def test_an_envelope_that_is_missing_is_filled_in(place):
    place.answers(whole({"data": [{"embedding": [0.5]}]}))

    found = place.embed().json()

    assert found["object"] == "list" and found["model"] and found["data"] == [item([0.5])] and "usage" in found


@known("Ollama", "llama.cpp", does="ignores `encoding_format` and answers with numbers, or with base64 unasked",
       gives="the form that was asked for")
@pytest.mark.parametrize("asked", ["float", "base64"])
@pytest.mark.parametrize("given", ["float", "base64"])
@pytest.mark.parametrize("mode", ["openai/compatible", "openai/native", "alibaba/compatible"])
def test_vectors_come_in_the_form_that_was_asked_for(place, mode, given, asked):
    packed = base64.b64encode(struct.pack("<2f", 0.5, 0.25)).decode()
    place.answers(answer(item(packed if given == "base64" else [0.5, 0.25])))

    found = place.embed(encoding_format=asked).json()["data"][0]["embedding"]

    assert found == (packed if asked == "base64" else [0.5, 0.25])


@pytest.mark.parametrize("count", [0, 1, 3])
@pytest.mark.parametrize("mode", WITH_VECTORS)
def test_another_number_of_vectors_is_a_failure(place, mode, count):
    place.answers(whole(place.mode.shape.vectors(*([0.5, 1] for _ in range(count)))))

    response = place.embed(input=["x", "y"])

    assert response.status_code == 502 and len(place.calls()) <= 2, response.text


@pytest.mark.parametrize("vector", ["AAAA", "not base64!", "AADAfw==", [], {}, None, 5], ids=str)
def test_what_is_no_vector_is_a_failure(place, vector):
    """`AAAA` holds three bytes, no number at all. `AADAfw==` holds NaN."""
    place.answers(answer(item(vector)))

    response = place.embed(encoding_format="base64")

    assert response.status_code == 502 and len(place.calls()) <= 2, response.text


@pytest.mark.parametrize("mode", WITH_VECTORS)
def test_an_error_inside_a_200_is_the_callers(place, mode):
    code = {"tencent/native": "InvalidParameter", "alibaba/native": "InvalidParameter", "baidu/v1": 336003,
        "zhipu": "1210"}.get(mode, 400)
    place.answers(whole(place.mode.shape.error(code, "the input is too odd")))

    response = place.embed()

    assert response.status_code == 400 and len(place.calls()) == 1 and "too odd" in response.text, response.text


@pytest.mark.parametrize("usage, counts", [
    ({"prompt_tokens": "4", "total_tokens": "4"}, 4), ({"input_tokens": 4}, 4), ({"total_tokens": 4}, 4),
    ({"prompt_tokens": 4.0}, 4)], ids=json.dumps)
def test_usage_of_vectors_in_other_words_is_counted(place, usage, counts):
    place.answers(answer(item([0.5]), usage=usage))

    assert place.embed().status_code == 200
    row = place.row()
    assert (row["tokens_in"], row["estimated"]) == (counts, False)
