"""Answers in OpenAI's shape. What platforms do differently in it is a flag here."""

import base64
import json
import struct

from .wire import Wire

CREATED = 1_795_380_000


def vector(text, dimensions=None):
    """The same text gives the same vector, exact in 32 bits."""
    seed = sum(text.encode()) % 97
    return [(seed + position) / 256 for position in range(dimensions or 8)]


class OpenAIAnswers(Wire):
    reasoning_field = "reasoning_content"  # None: thought is counted and not shown
    id_on_later_deltas = None  # of tool calls: None (absent), "" or "same"
    whole_calls = False  # a call comes in one chunk
    usage_when = "asked"  # asked: a chunk of its own; every: in all chunks; last: with the finish reason
    finish_words = {}  # ours -> the platform's, where they differ
    id_prefix = "chatcmpl-9x"
    has_object = True

    def choice_extras(self):
        return {}

    def chunk_extras(self):
        return {}

    def finish_of(self, reply):
        return self.finish_words.get(reply.finish, reply.finish)

    def _several(self, ask, choice):
        """The choice, as often as was asked for."""
        count = ask.raw.get("n", 1) if self.obeys_n else 1
        return [{**choice, "index": index} for index in range(count)]

    def usage_of(self, usage):
        found = {"prompt_tokens": usage.input, "completion_tokens": usage.output, "total_tokens": usage.total,
                 "prompt_tokens_details": {"cached_tokens": usage.cached}}
        return found | {"completion_tokens_details": {"reasoning_tokens": usage.reasoning}}

    def _envelope(self, ask, kind):
        envelope = {"id": self.id_prefix, "created": CREATED, "model": ask.model}
        return envelope | ({"object": kind} if self.has_object else {}) | self.chunk_extras()

    def _calls(self, reply):
        return [
            {"index": index, "id": id, "type": "function",
             "function": {"name": name, "arguments": json.dumps(arguments, ensure_ascii=False)}}
            for index, (id, name, arguments) in enumerate(reply.calls)]

    def whole(self, ask, reply):
        message = {"role": "assistant", "content": reply.text or None}
        if reply.thought and self.reasoning_field:
            message[self.reasoning_field] = reply.thought
        if reply.calls:
            message["tool_calls"] = self._calls(reply)
        choice = {"index": 0, "message": message, "finish_reason": self.finish_of(reply)} | self.choice_extras()
        return self._envelope(ask, "chat.completion") | {"choices": self._several(ask, choice),
            "usage": self.usage_of(reply.usage)}

    def event(self, value):
        return b"data: " + json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"

    def delta(self, ask, reply, delta, finish=None):
        choice = {"index": 0, "delta": delta} | self.choice_extras()
        if finish or self.usage_when != "last":
            choice["finish_reason"] = finish
        chunk = self._envelope(ask, "chat.completion.chunk") | {"choices": self._several(ask, choice)}
        if self.usage_when == "every" or (finish and self.usage_when == "last"):
            chunk["usage"] = self.usage_of(reply.usage)
        elif self.usage_when == "asked" and ask.usage_in_stream:
            chunk["usage"] = None
        return self.event(chunk)

    def events(self, ask, reply):
        yield self.delta(ask, reply, {"role": "assistant", "content": ""})
        for piece in reply.thought_pieces if self.reasoning_field else []:
            yield self.delta(ask, reply, {self.reasoning_field: piece, "content": None})
        for piece in reply.text_pieces:
            yield self.delta(ask, reply, {"content": piece})
        for call in self._calls(reply):
            yield from self._call_deltas(ask, reply, call)

    def _call_deltas(self, ask, reply, call):
        if self.whole_calls:
            yield self.delta(ask, reply, {"tool_calls": [call]})
            return
        arguments = call["function"]["arguments"]
        first = {**call, "function": {**call["function"], "arguments": ""}}
        yield self.delta(ask, reply, {"role": "assistant", "content": None, "tool_calls": [first]})
        for start in range(0, len(arguments), 5):
            later = {"index": call["index"], "function": {"arguments": arguments[start:start + 5]}}
            if self.id_on_later_deltas == "":
                later |= {"id": "", "type": "function", "function": {**later["function"], "name": ""}}
            elif self.id_on_later_deltas == "same":
                later |= {"id": call["id"], "type": "function"}
            yield self.delta(ask, reply, {"tool_calls": [later]})

    def end(self, ask, reply):
        yield self.delta(ask, reply, {}, self.finish_of(reply))
        if self.usage_when == "asked" and ask.usage_in_stream:
            envelope = self._envelope(ask, "chat.completion.chunk")
            yield self.event(envelope | {"choices": [], "usage": self.usage_of(reply.usage)})
        yield b"data: [DONE]\n\n"

    def stream_error(self):
        error = {"message": "The server is overloaded.", "type": "server_error", "param": None, "code": None}
        return self.event({"error": error})

    def vectors(self, ask):
        """Base64 where it is asked for: little-endian 32 bit floats."""
        def written(text):
            numbers = vector(text, ask.dimensions)
            if ask.raw.get("encoding_format") != "base64":
                return numbers
            return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()

        data = [{"object": "embedding", "index": i, "embedding": written(t)} for i, t in enumerate(ask.texts)]
        tokens = sum(len(text) for text in ask.texts)
        return {"object": "list", "data": data, "model": ask.model, "usage": {"prompt_tokens": tokens, "total_tokens": tokens}}
