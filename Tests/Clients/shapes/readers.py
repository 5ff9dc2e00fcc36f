"""Stock clients, each reading the same answer to its end, and what each has read, in one form."""

import json
from dataclasses import dataclass

import instructor
import openai
import pydantic
from langchain_openai import ChatOpenAI

from .content import TOOLS
from .schema import check_chunk, check_completion

MESSAGES = [{"role": "user", "content": "what now?"}]


@dataclass(frozen=True)
class Read:
    text: str
    reasoning: str | None  # `None` where a client does not show it
    calls: tuple
    reason: str
    usage: tuple

    def matches(self, content):
        same = self.text == content.text and self.calls == tuple((n, json.dumps(json.loads(a))) for n, a in content.calls)
        thought = self.reasoning is None or self.reasoning == content.reasoning
        return same and thought and self.reason == content.reason and self.usage == usage_of(content.usage)


def usage_of(usage):
    return usage["prompt_tokens"], usage["completion_tokens"]


def calls_of(calls):
    """Names and arguments. Every call must have an id of its own."""
    ids = [call.id for call in calls]
    assert all(ids) and len(set(ids)) == len(ids), f"ids {ids}"
    return tuple((call.function.name, json.dumps(json.loads(call.function.arguments))) for call in calls)


def whole(service, script):
    """The answer unstreamed, checked against the published schema."""
    body = {"model": "stub", "messages": MESSAGES, "tools": TOOLS, "x_script": script}
    answer = service.http.post("/v1/chat/completions", json=body).json()
    check_completion(answer)
    client = service.openai()
    answer = client.chat.completions.create(model="stub", messages=MESSAGES, tools=TOOLS, extra_body={"x_script": script})
    message = answer.choices[0].message
    return Read(
        message.content or "", getattr(message, "reasoning_content", "") or "", calls_of(message.tool_calls or []),
        answer.choices[0].finish_reason, usage_of(answer.usage.model_dump()))


def strict(service, script):
    """As Vercel's AI SDK: every chunk by schema, a call is complete at its first sight, nothing comes after the end."""
    body = {
        "model": "stub", "messages": MESSAGES, "tools": TOOLS, "stream": True, "x_script": script,
        "stream_options": {"include_usage": True}}
    response = service.http.post("/v1/chat/completions", json=body)
    assert response.status_code == 200, response.text
    lines = [line[5:].strip() for line in response.text.split("\n") if line.startswith("data:")]
    assert lines[-1] == "[DONE]"
    text, reasoning, calls, reason, usage, ids = "", "", [], None, None, []
    for position, chunk in enumerate(json.loads(line) for line in lines[:-1]):
        check_chunk(chunk)
        usage = chunk["usage"] or usage
        for choice in chunk["choices"]:
            assert reason is None, f"a choice after its end: {choice}"
            delta, reason = choice["delta"], choice["finish_reason"]
            assert ("role" in delta) == (position == 0), f"role in chunk {position}"
            text, reasoning = text + (delta.get("content") or ""), reasoning + (delta.get("reasoning_content") or "")
            for call in delta.get("tool_calls", []):
                if "id" in call:
                    assert call["index"] == len(calls) and call["id"] and call["type"] == "function"
                    ids.append(call["id"])
                    calls.append([call["function"]["name"], ""])
                else:
                    assert "name" not in call["function"]
                calls[call["index"]][1] += call["function"]["arguments"]
    assert len(set(ids)) == len(ids)
    return Read(text, reasoning, tuple((n, json.dumps(json.loads(a))) for n, a in calls), reason, usage_of(usage))


def openai_sdk(service, script):
    try:
        with service.openai().chat.completions.stream(
            model="stub", messages=MESSAGES, tools=TOOLS, stream_options={"include_usage": True},
            extra_body={"x_script": script}
        ) as stream:
            answer = stream.get_final_completion()
    except openai.LengthFinishReasonError as end:
        answer = end.completion  # how the helper tells of "length"
    message = answer.choices[0].message
    assert message.role == "assistant"
    return Read(
        message.content or "", None, calls_of(message.tool_calls or []), answer.choices[0].finish_reason,
        usage_of(answer.usage.model_dump()))


def langchain(service, script):
    model = ChatOpenAI(
        model="stub", base_url=f"{service.url}/v1", api_key="unused", max_retries=0, stream_usage=True,
        extra_body={"x_script": script}).bind_tools(TOOLS)
    answer = None
    for chunk in model.stream([("user", "what now?")]):
        answer = chunk if answer is None else answer + chunk
    assert not answer.invalid_tool_calls, answer.invalid_tool_calls
    assert all(call["id"] for call in answer.tool_calls)
    usage = answer.usage_metadata
    return Read(
        answer.text if isinstance(answer.text, str) else answer.text(), None,
        tuple((call["name"], json.dumps(call["args"])) for call in answer.tool_calls),
        answer.response_metadata["finish_reason"], (usage["input_tokens"], usage["output_tokens"]))


class get_weather(pydantic.BaseModel):
    """The name is that of the function which instructor offers to the model."""

    city: str
    day: str


def instructor_partial(service, script):
    """The arguments of a single call, as instructor reads them while they come."""
    client = instructor.from_openai(service.openai())
    last = None
    for last in client.chat.completions.create_partial(
        response_model=get_weather, model="stub", messages=MESSAGES, max_retries=0, extra_body={"x_script": script}
    ):
        pass
    return {"city": last.city, "day": last.day}


def instructor_whole(service, script):
    client = instructor.from_openai(service.openai())
    return client.chat.completions.create(
        response_model=get_weather, model="stub", messages=MESSAGES, max_retries=0, extra_body={"x_script": script}
    ).model_dump()


STREAMING = {"strict": strict, "openai": openai_sdk, "langchain": langchain}
