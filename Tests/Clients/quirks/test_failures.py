"""A failure's status is read wherever a server puts it, and its words reach the caller (K5, K11)."""

import time
from email.utils import formatdate

import pytest
from support.raw_platform import events, whole

from .known import known
from .modes import ALL, OPENAI_SHAPED
from .reading import Streamed
from .shapes import ClaudeShape, Said, chunk, claude_event, completion, dashscope_event, usage_chunk

WORDS = "This endpoint's maximum output is 4096 tokens"


def error(code=400, **more):
    return {"error": {"code": code, "message": WORDS, **more}}


def in_choice(value):
    return {**completion({"content": ""}, "error"), "choices": [
        {"index": 0, "finish_reason": "error", "message": {"role": "assistant", "content": ""}, **value}]}


# Name -> the answer of a server whose own status is 200. The refusal is the caller's own fault.
REFUSALS_IN_200 = {
    "number": whole(error()),
    "text": whole(error("400")),
    "with metadata": whole(error(metadata={"provider_name": "x", "raw": "y"})),
    "in an array": whole([error()]),
    "in an array with more": whole([error(), error(500)]),
    "beside choices": whole({**error(), "choices": [], "id": "x1"}),
    "status beside": whole({"error": {"message": WORDS, "status": 400}}),
    "other codes of the caller's": whole(error(422)),
    "too large": whole(error(413)),
    "in a choice": whole(in_choice(error())),
    "first event": events([{**chunk(), "choices": [], **error()}]),
    "first event alone": events([error()]),
    "first event, code as text": events([error("400")]),
    "first event in an array": events([[error()]]),
    "first event, in a choice": events([{**chunk(), "choices": [{"index": 0, "delta": {}, "finish_reason": "error",
        **error()}]}]),
    "first event named error": events([b"event: error\ndata: " + whole(error()).body + b"\n\n"], done=False),
    "after the role": events([chunk({"role": "assistant", "content": ""}), error()]),
    "not an event at all": whole(whole(error()).body, content_type="text/event-stream"),
}


@known("OpenRouter", "one-api / new-api", does="HTTP 200 with `error.code` 400 in the body",
       gives="a 400 with the platform's words, asked once",
       report="xyOz-dev/Saturn#43")
@known("OpenRouter", does="the same as the first event of a stream", gives="an ordinary 400, asked once",
       report="diegosouzapw/OmniRoute#8210")
@pytest.mark.place(accounts=2)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("how", REFUSALS_IN_200)
def test_a_refusal_inside_a_200_is_the_callers(place, how, stream):
    place.answers(REFUSALS_IN_200[how])

    response = place.post(stream=stream)

    assert 400 <= response.status_code < 500 and len(place.calls()) == 1, f"{response.text}, called {len(place.calls())} times"
    assert WORDS in response.json()["error"]["message"]


# Name -> the body of a 400, and words that the caller must see.
OTHER_BODIES = {
    "error as a text": ({"code": "Client specified an invalid argument", "error": "Argument not supported on this model: stop"},
        "not supported on this model"),
    "message at the top": ({"object": "error", "message": "max_tokens is too large", "type": "BadRequestError", "code": 400},
        "max_tokens is too large"),
    "detail as a text": ({"detail": "context length exceeded by 5"}, "context length exceeded"),
    "detail in a list": ({"detail": [{"loc": ["body", "stop"], "msg": "value is not a valid list", "type": "type_error.list"}]},
        "not a valid list"),
    "errors in a list": ({"errors": [{"message": "top_k must be positive"}]}, "top_k must be positive"),
    "message and type": ({"message": "no such parameter", "type": "invalid_request_error"}, "no such parameter"),
}


@known("xAI (Grok)", does="`error` is a text, beside `code`", gives="the words reach the caller",
       report="BerriAI/litellm#12635")
@known("vLLM", "Ollama", "Other servers", does="the message at the top, or in `detail`",
       gives="the words reach the caller")
@pytest.mark.parametrize("how", OTHER_BODIES)
def test_errors_of_other_forms_keep_their_words(place, how):
    body, words = OTHER_BODIES[how]
    place.answers(whole(body, 400))

    response = place.post()

    assert response.status_code == 400 and words in response.json()["error"]["message"] and len(place.calls()) == 1, response.text


@pytest.mark.parametrize("mode", OPENAI_SHAPED)
def test_a_refusal_inside_a_200_is_the_callers_in_every_mode(place, mode):
    for answer in (whole(error()), whole([error("400")]), events([error()])):
        place.answers(answer)
        before = len(place.calls())
        response = place.post()
        assert response.status_code == 400 and len(place.calls()) == before + 1, response.text


@known("Gemini", does="wraps its errors in an array", gives="the words reach the caller",
       report="Simpleyyt/ai-manus#101")
@pytest.mark.parametrize("mode", OPENAI_SHAPED)
def test_an_error_in_an_array_keeps_its_words(place, mode):
    place.answers(whole([{"error": {"code": 400, "message": "Function calling with a response mime type is unsupported",
        "status": "INVALID_ARGUMENT"}}], 400))

    response = place.post()

    assert response.status_code == 400 and "response mime type" in response.json()["error"]["message"] and len(place.calls()) == 1


# Name -> an answer that another account should replace, and the kind in the books.
ELSEWHERE = {
    "402 in the body": (whole(error(402)), "quota_exhausted"),
    "402 as text": (whole(error("402")), "quota_exhausted"),
    "429 in the body": (whole(error(429)), "rate_limited"),
    "429 as text": (whole(error("429")), "rate_limited"),
    "429 in an array": (whole([error(429)]), "rate_limited"),
    "503 in the body": (whole(error(503)), "overloaded|server_error"),
    "502 as text": (whole(error("502")), "overloaded|server_error"),
    "401 in the body": (whole(error(401)), "authentication"),
    "504 in a choice": (whole(in_choice(error(504))), "timeout|server_error|overloaded"),
    "a choice that says error alone": (whole(in_choice({})), "server_error|overloaded"),
    "402 as first event": (events([error(402)]), "quota_exhausted"),
    "429 as first event": (events([error("429")]), "rate_limited"),
    "503 after the role": (events([chunk({"role": "assistant", "content": ""}), error(503)]), "overloaded|server_error"),
    "error as finish reason": (events([chunk({"role": "assistant", "content": ""}), chunk({}, "error"),
        usage_chunk(prompt_tokens=1)]), "server_error|overloaded"),
    "504 in the first choice": (events([{**chunk(), "choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "error",
        **error(504)}]}]),
                                "timeout|server_error|overloaded"),
}


@known("OpenRouter", does='`finish_reason: "error"` with the failure in the choice',
       gives="a failure: the next account answers",
       report="genkit-ai/genkit#6259")
@pytest.mark.place(accounts=2)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("how", ELSEWHERE)
def test_a_failure_inside_a_200_lets_another_account_answer(place, how, stream):
    failure, kinds = ELSEWHERE[how]
    place.answers(failure, account=1)
    place.says(Said(("from the second",)), account=2)

    response = place.post(stream=stream)

    assert response.status_code == 200 and "from the second" in response.text, response.text
    assert len(place.calls(1)) == 1 and len(place.calls(2)) == 1
    place.row(2)
    assert place.rows()[0]["error_kind"] in kinds.split("|")


@known("OpenRouter", "Groq", does="a failure in a later event: `code` as number or text, in a choice, or a finish reason",
       gives="an error event, no [DONE], asked once")
@pytest.mark.place(accounts=2)
@pytest.mark.parametrize("late", [
    error(429), error("429"), error(502), [error(503)], {**chunk(), "choices": [], **error("400")},
    {**chunk({"content": ""}, "error"), **error(502)}, chunk({}, "error"),
    {**chunk(), "choices": [{"index": 0, "delta": {}, "finish_reason": "error", **error("504")}]}],
    ids=["429", "429-as-text", "502", "array", "400-as-text", "beside-a-reason", "a-reason-alone", "in-a-choice"])
def test_a_failure_in_a_later_event_ends_the_stream(place, late):
    place.answers(events([chunk({"role": "assistant", "content": "Hello"}), late]))

    streamed = place.stream()

    assert streamed.status == 200 and streamed.text == "Hello"
    assert streamed.error and not streamed.is_done and "stop" not in streamed.finishes and "error" not in streamed.finishes
    assert len(place.calls()) == 1 and place.row()["status"] != "done"


LATE_IN_OTHER_SHAPES = {
    "anthropic": claude_event({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
    "alibaba/native": dashscope_event({"code": "Throttling.RateQuota", "message": "limit", "request_id": "r1"}, "error", 429),
    "tencent/native": b'data: {"Choices": [], "Id": "x1", "ErrorMsg": {"Msg": "busy", "Code": "4001"}}\n\n',
    "baidu/v1": b'data: {"error_code": "336100", "error_msg": "try again", "id": "as-1"}\n\n',
}


@pytest.mark.parametrize("mode", LATE_IN_OTHER_SHAPES)
def test_a_failure_in_a_later_event_ends_the_stream_in_native_modes(place, mode):
    place.answers(events([*place.mode.beginning(), LATE_IN_OTHER_SHAPES[mode]], done=False))

    streamed = place.stream()

    assert streamed.text == "Hello, " and streamed.error and not streamed.is_done and len(place.calls()) == 1


ERRORS_AS_TEXT = {
    "anthropic": {"type": "error", "error": {"type": "invalid_request_error", "message": WORDS}},
    "alibaba/native": {"code": "InvalidParameter", "message": WORDS, "request_id": "r1"},
    "tencent/native": {"Response": {"Error": {"Code": "InvalidParameter", "Message": WORDS}, "RequestId": "r1"}},
    "baidu/v1": {"error_code": "336003", "error_msg": WORDS},
}


@pytest.mark.parametrize("mode", ERRORS_AS_TEXT)
def test_errors_of_native_modes_come_with_status_200_and_numbers_as_texts(place, mode):
    place.answers(whole(ERRORS_AS_TEXT[mode]))

    response = place.post()

    assert response.status_code == 400 and len(place.calls()) == 1 and WORDS in response.text, response.text


# MARK: waiting as it was said

@known("Other servers", does="`Retry-After` as a date", gives="nobody is asked before that time",
       report="duolahypercho/codex-router#573")
@pytest.mark.parametrize("how", ["date", "seconds", "milliseconds", "openai-reset"])
def test_a_time_to_wait_is_kept(place, how):
    times = []
    headers = {
        "date": lambda: {"date": formatdate(time.time(), usegmt=True), "retry-after": formatdate(time.time() + 2, usegmt=True)},
        "seconds": lambda: {"retry-after": "1.5"}, "milliseconds": lambda: {"retry-after-ms": "1500"},
        "openai-reset": lambda: {"retry-after": "2", "x-ratelimit-reset-requests": "1s"}}[how]

    def limited(call):
        times.append(time.monotonic())
        if len(times) > 1:
            return place.mode.whole()
        return whole({"error": {"message": "slow down", "type": "rate_limit_error"}}, 429).with_headers(**headers())

    place.answers(limited)

    assert place.post(headers={"X-Deadline-Ms": "20000"}).status_code == 200
    assert len(times) == 2 and 0.9 <= times[1] - times[0] <= 6


@known("OpenAI", "Claude", does="`x-should-retry: false` on a failure", gives="heeded: no account is asked twice")
@pytest.mark.place(accounts=3)
@pytest.mark.parametrize("mode", ["openai/compatible", "openai/native", "anthropic"])
def test_a_platform_that_says_no_retry_is_heeded(place, mode):
    failed = {"error": {"message": "broken for good", "type": "server_error"}}
    place.answers(whole(failed, 500).with_headers(x_should_retry="false"))

    response = place.post()

    asked = [call.path.split("/")[1] for call in place.calls()]
    assert response.status_code >= 500 and len(set(asked)) == len(asked), asked


# MARK: words (K11)

@known("OpenAI", "Groq", does="names the account's organisation and its tokens per minute in the message of a 429",
       gives="what was exceeded and when it ends, without the account's names")
@pytest.mark.parametrize("message", [
    "Rate limit reached for gpt-4o in organization org-AbC123xyz on tokens per min (TPM): Limit 30000, Used 29000,"
    " Requested 2000."
    " Please try again in 2s. Visit https://platform.openai.com/account/rate-limits",
    "Request too large for model in organization org-AbC123xyz: tokens per minute (TPM): Limit 6000, Requested 9000",
    "Rate limit exceeded: 60 requests per minute"])
def test_a_limit_says_what_it_means_without_secrets(place, message):
    place.answers(whole({"error": {"message": message, "type": "tokens", "code": "rate_limit_exceeded"}}, 429))

    response = place.post(headers={"X-Deadline-Ms": "4000"})

    text = response.json()["error"]["message"]
    # A request that is larger than the limit can never be served: that is the caller's.
    assert response.status_code == (400 if "too large" in message
        else 429) and "org-AbC123xyz" not in response.text, response.text
    assert "minute" in text or "limit" in text.lower(), text


@pytest.mark.parametrize("message", [
    "max_tokens must be at most 4096 tokens per request", "The token limit is 8192 tokens", "Unknown token <|im_end|> in prompt",
    "at most 5 keys per object", "secret sauce parameter is not supported",
    "Invalid 'tools[0].function.parameters': bearer format"])
@pytest.mark.parametrize("mode", ALL)
def test_words_that_sound_secret_and_are_none_are_shown(place, mode, message):
    shape = place.mode.shape
    code = {"tencent/native": "InvalidParameter", "alibaba/native": "InvalidParameter", "baidu/v1": 336003,
        "zhipu": "1210"}.get(mode, "invalid_request")
    place.answers(whole(shape.error(code, message), 200 if mode in ("tencent/native", "baidu/v1") else 400))

    response = place.post()

    assert response.status_code == 400 and message in response.json()["error"]["message"], response.text


@pytest.mark.parametrize("secret", ["sk-proj-abcdefghijklmnop0123456789", "Bearer abcdefghijklmnopqrstuvwxyz0123",
    "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE"])
def test_secrets_in_words_are_not_shown(place, secret):
    place.answers(whole({"error": {"message": f"Invalid value: {secret} for top_k.", "code": 400}}, 400))

    response = place.post()

    assert secret.split()[-1] not in response.text and "top_k" in response.text
