"""`submitter import` understands the tricks that users of other gateways were taught (K9)."""

import json

import pytest

from .known import known

CHANNEL = {"id": 1, "type": 1, "key": "sk-one", "status": 1, "name": "c", "weight": 0, "base_url": "", "models": "m-one", "group": "default",
           "model_mapping": "", "priority": 0}


@pytest.fixture
def plan(stack, tmp_path):
    def make(product, **fields):
        path = tmp_path / "channels.json"
        path.write_text(json.dumps([{**CHANNEL, **fields}]))
        done = stack.service.run("import", product, "--from", str(path), "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return make


HOST = "https://api.example.com"
# What was written -> what the account calls, with `/chat/completions` behind it.
ADDRESSES = {
    f"{HOST}/v4/chat/completions#": f"{HOST}/v4",
    f"{HOST}/plan/v3/chat/completions?": f"{HOST}/plan/v3",
    f"{HOST}/v4/chat/completions#/": f"{HOST}/v4",
    f"{HOST}/v1/chat/completions": f"{HOST}/v1",
    f"{HOST}/v1/chat/completions/": f"{HOST}/v1",
    f"{HOST}/api/paas/v4/chat/completions": f"{HOST}/api/paas/v4",
    f"{HOST}/v1/": f"{HOST}/v1",
    f"{HOST}/v1": f"{HOST}/v1",
    f"{HOST}/": f"{HOST}/v1",
    HOST: f"{HOST}/v1",
    f" {HOST} ": f"{HOST}/v1",
    f"{HOST}/v1/completions": f"{HOST}/v1",
    f"{HOST}/v1/embeddings#": f"{HOST}/v1",
    f"{HOST}/v1/models": f"{HOST}/v1",
    "http://10.0.0.9:8000": "http://10.0.0.9:8000/v1",
    "http://10.0.0.9:11434/v1/chat/completions": "http://10.0.0.9:11434/v1",
}


@known("one-api / new-api", does="addresses that end in `#` or `?`, or that are pasted with the full path",
       gives="the address that was meant",
       report="QuantumNous/new-api#1158")
@known("one-api / new-api", does="a bare `?` behind a full path", gives="the same", report="QuantumNous/new-api#4218")
@pytest.mark.parametrize("written", ADDRESSES)
def test_an_address_is_what_was_meant(plan, written):
    product = "new-api" if "#" in written or "?" in written else "one-api"

    [account] = plan(product, base_url=written)["accounts"]

    assert account["base_url"] == ADDRESSES[written]


@pytest.mark.parametrize("written", [f"{HOST}/v1/chat/completions?api-key=hidden-word", f"{HOST}/v1?token=hidden-word", "https://user:hidden-word@api.example.com/v1"])
def test_what_may_be_secret_in_an_address_is_left_out_and_not_shown(plan, written):
    found = plan("new-api", base_url=written)

    assert "hidden-word" not in json.dumps(found)


@known("one-api / new-api", does="a mapping to an id that begins with a slash", gives="the id untouched",
       report="songquanpeng/one-api#1342")
@pytest.mark.parametrize("id", ["/Vendor/command-r-plus", "accounts/fireworks/models/x", "vendor/model:free", "ft:gpt-4o::a", "模型"])
def test_a_mapping_keeps_the_id_as_it_is(plan, id):
    found = plan("one-api", base_url="http://10.0.0.9:8000", models="plain", model_mapping=json.dumps({"plain": id}, ensure_ascii=False))

    text = json.dumps(found, ensure_ascii=False)
    assert json.dumps(id, ensure_ascii=False) in text and '"plain"' in text


@known("one-api / new-api", does="spaces, line ends and empty names in lists of models and keys", gives="left out")
@pytest.mark.parametrize("models", ["a, b", "a,,b", " a,b ", "a,b,", "a\n,b", "a,b,a"])
def test_lists_of_models_are_read_with_their_spaces(plan, models):
    [account] = plan("one-api", base_url=HOST, models=models)["accounts"]

    assert account["models"] == ["a", "b"]


@pytest.mark.parametrize("key, count", [("sk-one\n", 1), ("sk-one\r\nsk-two\r\n", 2), ("sk-one\n\nsk-two", 2), (" sk-one ", 1)], ids=repr)
def test_keys_are_read_with_their_line_ends(plan, key, count):
    assert len(plan("one-api", base_url=HOST, key=key)["accounts"]) == count


@pytest.mark.parametrize("mapping", ["", "{}", "null", None, '{"m-one": ""}', '{"m-one": "m-one"}', '{"other": "x"}'], ids=repr)
def test_mappings_of_nothing_change_nothing(plan, mapping):
    found = plan("one-api", base_url=HOST, model_mapping=mapping)

    assert found["accounts"][0]["models"] == ["m-one"]
