"""Reads answers as strictly as the strictest client does: OpenAI's published shape, member by member.

In: a response of the service. Out: its text, thought, calls, end and usage, the same for whole and streamed answers.
"""

import json

FINISHES = ("stop", "length", "tool_calls", "content_filter", "function_call")


class Streamed:
    """Joins deltas as every client does: by choice, and calls by index."""

    def __init__(self, response):
        self.response, self.status = response, response.status_code
        self.chunks, self.error, self.is_done = [], None, False
        if self.status != 200:
            self.error = response.json()["error"]
            return
        for line in response.content.decode().split("\n"):
            if line.startswith("data:"):
                self._take(line[5:].strip())

    def _take(self, data):
        assert not self.is_done, f"after [DONE]: {data}"
        if data == "[DONE]":
            self.is_done = True
        elif "error" in (value := json.loads(data)):
            self.error = value["error"]
        else:
            self.chunks.append(value)

    @property
    def deltas(self):
        return [choice["delta"] for chunk in self.chunks for choice in chunk["choices"]]

    @property
    def text(self):
        return "".join(delta.get("content") or "" for delta in self.deltas)

    @property
    def thought(self):
        return "".join(delta.get("reasoning_content") or "" for delta in self.deltas)

    @property
    def finishes(self):
        return [c["finish_reason"] for chunk in self.chunks for c in chunk["choices"] if c.get("finish_reason") is not None]

    @property
    def finish(self):
        [finish] = self.finishes
        return finish

    @property
    def usage(self):
        [usage] = [chunk["usage"] for chunk in self.chunks if chunk.get("usage")]
        return usage["prompt_tokens"], usage["completion_tokens"]

    @property
    def calls(self):
        """(id, name, arguments) of each, and none begins without id, type and name."""
        calls = {}
        for delta in self.deltas:
            for part in delta.get("tool_calls", []):
                function = part.get("function", {})
                if part["index"] not in calls:
                    assert part["index"] == len(calls), f"the index jumps: {part}"
                    assert part.get("id") and part.get("type") == "function" and function.get("name"), f"begins bare: {part}"
                    calls[part["index"]] = ["", "", ""]
                call = calls[part["index"]]
                call[0] += part.get("id") or ""
                call[1] += function.get("name") or ""
                call[2] += function.get("arguments") or ""
        return [tuple(call) for call in calls.values()]

    def checked(self):
        """Holds every chunk to OpenAI's shape, and the stream to its end."""
        assert self.status == 200 and self.error is None, self.error
        assert self.is_done, "no [DONE]"
        for chunk in self.chunks:
            check_chunk(chunk)
            assert chunk["id"] == self.chunks[0]["id"], "the id changes"
        roles = [delta.get("role") for delta in self.deltas]
        assert roles[0] == "assistant" and not any(roles[1:]), f"roles: {roles}"
        assert len(self.finishes) == 1, f"ends: {self.finishes}"
        return self


def check_chunk(chunk):
    assert chunk["object"] == "chat.completion.chunk", chunk
    check_envelope(chunk)
    for choice in chunk["choices"]:
        assert is_number(choice["index"]), chunk
        assert choice.get("finish_reason") in (None, *FINISHES), chunk
        delta = choice["delta"]
        assert isinstance(delta, dict) and delta.get("role", "assistant") == "assistant", chunk
        assert isinstance(delta.get("content", ""), (str, type(None))), chunk
        assert isinstance(delta.get("reasoning_content", ""), (str, type(None))), chunk
        if "tool_calls" in delta:
            assert delta["tool_calls"], f"an empty list of calls: {chunk}"
            for call in delta["tool_calls"]:
                check_call(call, is_part=True)
                assert is_number(call["index"]), chunk


def check_completion(value):
    assert value["object"] == "chat.completion", value
    check_envelope(value)
    assert value["choices"], value
    for choice in value["choices"]:
        assert is_number(choice["index"]) and choice["finish_reason"] in FINISHES, value
        message = choice["message"]
        assert message["role"] == "assistant" and isinstance(message["content"], (str, type(None))), value
        assert isinstance(message.get("reasoning_content", ""), (str, type(None))), value
        if "tool_calls" in message:
            assert message["tool_calls"], f"an empty list of calls: {value}"
            for call in message["tool_calls"]:
                check_call(call, is_part=False)
    return value


def check_envelope(value):
    assert isinstance(value["id"], str) and value["id"] and isinstance(value["model"], str) and value["model"], value
    assert is_number(value["created"]), value
    usage = value.get("usage")
    if usage is not None:
        assert all(is_number(usage[name]) for name in ("prompt_tokens", "completion_tokens", "total_tokens")), usage


def check_call(call, is_part):
    function = call.get("function", {}) if is_part else call["function"]
    needed = {} if is_part else {"id": call["id"], "name": function["name"], "arguments": function["arguments"]}
    given = {"id": call.get("id", "-"), "name": function.get("name", "-"), "arguments": function.get("arguments", "")} | needed
    assert all(isinstance(value, str) for value in given.values()), call
    assert given["id"] and given["name"], call
    assert call.get("type", "function" if is_part else None) == "function", call


def calls_of(message):
    return [(call["id"], call["function"]["name"], call["function"]["arguments"]) for call in message.get("tool_calls") or []]


def is_number(value):
    return isinstance(value, int) and not isinstance(value, bool)
