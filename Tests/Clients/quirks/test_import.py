"""`submitter import` understands the tricks that users of other gateways were taught (K9).

All channels of this file are planned in two runs, one a product. Each case looks at its own channel.
"""

import json

import pytest

from .known import known

HOST = "https://api.example.com"
# Written address -> the address that the account calls, with `/chat/completions` behind it.
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
SECRETS = [
    f"{HOST}/v1/chat/completions?api-key=hidden-word", f"{HOST}/v1?token=hidden-word",
    "https://user:hidden-word@api.example.com/v1"]
UPSTREAM_IDS = ["/Vendor/command-r-plus", "accounts/fireworks/models/x", "vendor/model:free", "ft:gpt-4o::a", "模型"]
LISTS = ["a, b", "a,,b", " a,b ", "a,b,", "a\n,b", "a,b,a"]
KEYS = {"sk-one\n": 1, "sk-one\r\nsk-two\r\n": 2, "sk-one\n\nsk-two": 2, " sk-one ": 1}
# Of a channel with the model `m-N`. Each has a model of its own, since names that channels share become several models.
MAPPINGS = ["", "{}", "null", None, '{"m-4": ""}', '{"m-5": "m-5"}', '{"other": "x"}']

CHANNEL = {"type": 1, "key": "sk-one", "status": 1, "weight": 0, "base_url": HOST, "models": "m-one", "group": "default",
           "model_mapping": "", "priority": 0}
CASES = {
    **{("address", written): {"base_url": written} for written in [*ADDRESSES, *SECRETS]},
    **{("mapping", id): {"models": "plain", "model_mapping": json.dumps({"plain": id}, ensure_ascii=False)}
        for id in UPSTREAM_IDS},
    **{("models", written): {"models": written} for written in LISTS},
    **{("key", written): {"key": written} for written in KEYS},
    **{("nothing", written): {"models": f"m-{number}", "model_mapping": written} for number, written in enumerate(MAPPINGS)},
}
NUMBERS = {case: number for number, case in enumerate(CASES, 1)}


@pytest.fixture(scope="module")
def plans(stack, tmp_path_factory):
    """The plan of each product, as `submitter import --json` prints it."""
    path = tmp_path_factory.mktemp("import") / "channels.json"
    path.write_text(json.dumps([
        {**CHANNEL, "id": NUMBERS[case], "name": f"channel {NUMBERS[case]}", **fields} for case, fields in CASES.items()]))

    def plan(product):
        done = stack.service.run("import", product, "--from", str(path), "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return {product: plan(product) for product in ("one-api", "new-api")}


def accounts_of(plans, product, *case):
    """Those of the case's channel: `one-api-7`, or `one-api-7-1` and so on where it has several keys."""
    name = f"{product}-{NUMBERS[case]}"
    return [account for account in plans[product]["accounts"] if account["id"] == name or account["id"].startswith(f"{name}-")]


@known("one-api / new-api", does="addresses that end in `#` or `?`, or that are pasted with the full path",
       gives="the address that was meant", report="QuantumNous/new-api#1158")
@known("one-api / new-api", does="a bare `?` behind a full path", gives="the same", report="QuantumNous/new-api#4218")
@pytest.mark.parametrize("written", ADDRESSES)
def test_an_address_is_what_was_meant(plans, written):
    product = "new-api" if "#" in written or "?" in written else "one-api"

    [account] = accounts_of(plans, product, "address", written)

    assert account["base_url"] == ADDRESSES[written]


@pytest.mark.parametrize("product", ["one-api", "new-api"])
def test_what_may_be_secret_in_an_address_is_left_out_and_not_shown(plans, product):
    assert "hidden-word" not in json.dumps(plans[product])
    assert not [account for written in SECRETS for account in accounts_of(plans, product, "address", written)]


@known("one-api / new-api", does="a mapping to an id that begins with a slash", gives="the id untouched",
       report="songquanpeng/one-api#1342")
@pytest.mark.parametrize("id", UPSTREAM_IDS)
def test_a_mapping_keeps_the_id_as_it_is(plans, id):
    text = json.dumps(plans["one-api"], ensure_ascii=False)

    assert json.dumps(id, ensure_ascii=False) in text and '"plain"' in text


@known("one-api / new-api", does="spaces, line ends and empty names in lists of models and keys", gives="left out")
@pytest.mark.parametrize("written", LISTS, ids=repr)
def test_lists_of_models_are_read_with_their_spaces(plans, written):
    [account] = accounts_of(plans, "one-api", "models", written)

    assert account["models"] == ["a", "b"]


@pytest.mark.parametrize("written", KEYS, ids=repr)
def test_keys_are_read_with_their_line_ends(plans, written):
    assert len(accounts_of(plans, "one-api", "key", written)) == KEYS[written]


@pytest.mark.parametrize("number, written", list(enumerate(MAPPINGS)), ids=repr)
def test_mappings_of_nothing_change_nothing(plans, number, written):
    [account] = accounts_of(plans, "one-api", "nothing", written)

    assert account["models"] == [f"m-{number}"]
