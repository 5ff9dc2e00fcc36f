"""One program, written for OpenAI with OpenAI's SDK: on another platform only the name of the model changes."""

import json

import pytest

from platforms.bench import bench, wire  # noqa: F401  fixtures
from platforms.features import TOOLS
from platforms.scenarios import CALLS, CHAT, Usage, marker


def program(client, model, id):
    """Asks, streams, lets the model call a function and tells it the result. Knows of no platform."""
    system = {"role": "system", "content": "You are a travel guide."}
    question = {"role": "user", "content": f"What about Kyoto? {marker('chat', id)}"}
    told = {}

    completion = client.chat.completions.create(model=model, messages=[system, question])
    told["text"] = completion.choices[0].message.content
    told["usage"] = (completion.usage.prompt_tokens, completion.usage.completion_tokens)

    stream = client.chat.completions.create(
        model=model, messages=[system, question], stream=True, stream_options={"include_usage": True}, temperature=0.5)
    told["streamed"] = ""
    for chunk in stream:
        for choice in chunk.choices:
            told["streamed"] += choice.delta.content or ""
        if chunk.usage:
            told["streamed_usage"] = (chunk.usage.prompt_tokens, chunk.usage.completion_tokens)

    messages = [system, {"role": "user", "content": f"Look it up. {marker('tools', id)}"}]
    asked = client.chat.completions.create(model=model, messages=messages, tools=TOOLS, tool_choice="auto")
    message = asked.choices[0].message
    told["finish"], told["arguments"] = asked.choices[0].finish_reason, json.loads(message.tool_calls[0].function.arguments)
    messages += [message, {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": '{"degrees": 18}'}]
    told["answer"] = client.chat.completions.create(model=model, messages=messages, tools=TOOLS).choices[0].message.content
    return told


def test_only_the_name_of_the_model_changes(bench, wire):
    usage = (Usage().input, Usage().output)
    assert program(bench.client(wire), wire.id, bench.fresh_id()) == {
        "text": CHAT, "usage": usage, "streamed": CHAT, "streamed_usage": usage, "finish": "tool_calls", "arguments": CALLS[0],
        "answer": 'The tool said: {"degrees": 18}'}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_the_model_is_told_by_the_name_the_platform_answers_with(bench, wire, stream):
    """No platform's oddities reach the program: members that OpenAI's SDK reads are all there."""
    answer = bench.ask(wire, stream=stream)
    told = answer.chunks if stream else [answer.whole]
    assert all(item.id and item.created > 0 and item.model for item in told)
