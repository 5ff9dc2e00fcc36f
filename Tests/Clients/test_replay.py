"""Every recording of a folder is played to the service, and its caller gets what the platform said, in OpenAI's shape.

The folder is `recordings`, or what `AMS_RECORDINGS` names: a report of a user becomes a test by putting its file there
(docs/platforms.md, "When a platform says something odd").
"""

import json
import os
from pathlib import Path

import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from platforms.recordings import FOLDER, recordings
from platforms.registry import WIRES
from platforms.replayer import PROMPT, Replayer
from support.ledger import settled_rows
from support.service import Service

PLAYED = recordings(Path(os.environ.get("AMS_RECORDINGS") or FOLDER))
MODES = {"tencent": "compatible"}  # the first of a platform's modes where it is not `native`
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}


def key(recording):
    """Of the form that this mode's keys have."""
    known = {(wire.provider, wire.mode or MODES.get(wire.provider, "native")): wire.key for wire in WIRES}
    return known.get((recording.provider, recording.mode), "sk-replayed0123456789")


def catalogue(replayer):
    models = [
        {"id": played.name, "provider": played.provider, "model_id": played.model, "max_tokens": 4096} for played in PLAYED]
    accounts = [
        {"id": played.name, "provider": played.provider, "mode": played.mode, "api_key": key(played),
         "base_url": replayer.url(played), "models": [played.name]} for played in PLAYED]
    return {"models": models, "accounts": accounts}


@pytest.fixture(scope="module")
def stage(workspace, template):
    replayer = Replayer(PLAYED)
    service = Service(
        workspace / "replay" / "s", template, None, catalogue=catalogue(replayer), MAX_ATTEMPTS="1",
        UPSTREAM_FIRST_BYTE_TIMEOUT="10")
    yield service, replayer
    service.stop()
    replayer.stop()


@pytest.mark.parametrize("played", PLAYED, ids=lambda played: played.name)
def test_a_recording_gives_what_it_says(stage, played):
    service, replayer = stage
    heard = Heard(service, played)
    if played.fails:
        assert heard.error, "a failure of the platform became an answer"
    else:
        assert heard.error is None, heard.error
        assert heard.finish in ("stop", "length", "tool_calls", "content_filter")
        assert len(heard.choices) == played.choices
    assert heard.text == played.text if heard.is_open else heard.text == ""
    assert heard.thought == played.thought if heard.is_open else heard.thought == ""
    if not played.fails:
        assert heard.calls == played.calls
        assert played.usage is None or heard.usage == played.usage
    [row] = settled_rows(service, heard.job)
    assert (row[1] == "done") == (not played.fails)
    assert replayer.calls[played.name] == 1, "an answer was bought more than once"
    assert replayer.problems == []


class Heard:
    """The answer to the caller of a replayed call, each object held to the SDK's own types."""

    def __init__(self, service, played):
        body = {"model": played.name, "messages": [{"role": "user", "content": PROMPT.decode()}], "stream": played.stream}
        body |= {"tools": [TOOL]} if played.has_tools else {}
        body |= {"n": played.choices} if played.choices > 1 else {}
        body |= {"stream_options": {"include_usage": True}} if played.stream else {}
        response = service.http.post("/v1/chat/completions", json=body)
        self.job = response.headers["x-job-id"]
        self.text, self.thought, self.calls, self.choices = "", "", [], set()
        self.error = self.finish = self.usage = None
        # True when text that came before a failure has reached the caller.
        self.is_open = response.status_code == 200
        if not self.is_open:
            self.error = response.json()["error"]
        elif played.stream:
            self._read_stream(response.text)
        else:
            self._take(ChatCompletion.model_validate(response.json()), "message")

    def _read_stream(self, text):
        lines = [line[6:] for line in text.split("\n") if line.startswith("data: ")]
        values = [json.loads(line) for line in lines if line != "[DONE]"]
        for value in values:
            if "error" in value:
                self.error = value["error"]
            else:
                self._take(ChatCompletionChunk.model_validate(value), "delta")
        assert self.error or lines[-1] == "[DONE]"
        assert len({value["id"] for value in values if "id" in value}) <= 1

    def _take(self, answer, member):
        assert answer.object in ("chat.completion", "chat.completion.chunk")
        if answer.usage:
            self.usage = (answer.usage.prompt_tokens, answer.usage.completion_tokens)
        for choice in answer.choices:
            self.choices.add(choice.index)
            if choice.index:
                continue
            message = getattr(choice, member)
            self.text += message.content or ""
            self.thought += getattr(message, "reasoning_content", None) or ""
            self.calls += [call.function.name for call in message.tool_calls or [] if call.function.name]
            self.finish = choice.finish_reason or self.finish


def test_there_are_recordings_of_every_mode():
    modes = {(wire.provider, wire.mode or MODES.get(wire.provider, "native")) for wire in WIRES}
    assert modes <= {(played.provider, played.mode) for played in recordings()}
