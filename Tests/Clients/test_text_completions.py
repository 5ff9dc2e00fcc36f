"""`client.completions.create` of the stock SDK, which older tools call: text in, text out, on the platforms' chat models."""

import openai
import pytest

from support.ledger import settled_rows


@pytest.fixture
def ai(service):
    with openai.OpenAI(base_url=f"{service.url}/v1", api_key="unused", max_retries=0) as client:
        yield client


@pytest.mark.parametrize("prompt", ["Say hello", ["Say hello"]])
def test_a_prompt_has_a_text(service, ai, prompt):
    raw = ai.completions.with_raw_response.create(model="sandbox", prompt=prompt, max_tokens=50, extra_body={"best_of": 1})
    answer = raw.parse()
    assert answer.object == "text_completion" and answer.model
    [choice] = answer.choices
    assert choice.text and choice.index == 0 and choice.logprobs is None and choice.finish_reason in ("stop", "length")
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0
    assert [row[1] for row in settled_rows(service, raw.headers["x-job-id"])] == ["done"]


def test_a_stream_has_the_text_of_the_whole(ai):
    asked = {"model": "sandbox", "prompt": "Count to ten"}
    whole = ai.completions.create(**asked)
    chunks = list(ai.completions.create(**asked, stream=True, stream_options={"include_usage": True}))
    assert {chunk.object for chunk in chunks} == {"text_completion"} and len({chunk.id for chunk in chunks}) == 1
    assert "".join(choice.text for chunk in chunks for choice in chunk.choices) == whole.choices[0].text
    assert [choice.finish_reason for chunk in chunks for choice in chunk.choices][-1] == whole.choices[0].finish_reason
    assert chunks[-1].choices == [] and chunks[-1].usage.completion_tokens == whole.usage.completion_tokens


def test_a_repeat_and_a_kept_answer_are_texts_too(ai):
    asked = {"model": "sandbox", "prompt": "Once and for all"}
    for headers in ({"Idempotency-Key": "text-completions"}, {"X-Cache-TTL": "60"}):
        first, second = (ai.completions.create(**asked, extra_headers=headers) for _ in range(2))
        assert first == second and second.object == "text_completion"


@pytest.mark.parametrize("field, value", [
    ("suffix", "end"), ("echo", True), ("logprobs", 2), ("best_of", 3), ("prompt", ["a", "b"]), ("prompt", [1, 2, 3]),
    ("prompt", [[1], [2]])])
def test_what_no_chat_can_do_is_refused_by_name(ai, field, value):
    with pytest.raises(openai.BadRequestError) as refused:
        ai.completions.create(**{"model": "sandbox", "prompt": "x", field: value})
    assert refused.value.param == field and refused.value.code == "unsupported_parameter"
