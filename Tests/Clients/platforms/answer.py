"""The SDK's reading of an answer, the same for whole and streamed ones.

In: a client and the options of `chat.completions.create`. Out: text, thought, calls, finish reason, usage, and the error
that a stream ended with. Holds every stream to the rules of OpenAI's own.
"""

import json

import openai


class Answer:
    def __init__(self, client, id, stream, options):
        self.id, self.text, self.thought, self.calls = id, "", "", []
        self.finish = self.usage = self.error = None
        self.chunks = []
        raw = client.chat.completions.with_raw_response.create(stream=stream, **options)
        self.job = raw.headers["x-job-id"]
        if stream:
            self._wants_usage = (options.get("stream_options") or {}).get("include_usage", False)
            self._read_stream(raw.parse())
        else:
            self._read_whole(raw.parse())

    @property
    def arguments(self):
        """(name, arguments) of each call. The arguments must be JSON."""
        return [(name, json.loads(text)) for _, name, text in self.calls]

    def _read_whole(self, completion):
        self.whole = completion
        assert completion.object == "chat.completion" and len(completion.choices) == 1, completion
        choice = completion.choices[0]
        assert choice.message.role == "assistant" and choice.index == 0
        self.text, self.finish, self.usage = choice.message.content or "", choice.finish_reason, completion.usage
        self.thought = getattr(choice.message, "reasoning_content", None) or ""
        for call in choice.message.tool_calls or []:
            assert call.type == "function" and call.id
            self.calls.append((call.id, call.function.name, call.function.arguments))

    def _read_stream(self, stream):
        calls = {}
        try:
            for chunk in stream:
                self.chunks.append(chunk)
                self._read_chunk(chunk, calls)
        except openai.APIError as error:
            self.error = error
        assert sorted(calls) == list(range(len(calls))), f"indexes of calls: {sorted(calls)}"
        self.calls = [tuple(calls[index]) for index in sorted(calls)]
        if self.error is None:
            assert len({chunk.id for chunk in self.chunks}) == 1, "the id changes"
            assert self.chunks[0].choices[0].delta.role == "assistant"
            assert self._wants_usage == (self.usage is not None), "usage comes exactly when it is asked for"

    def _read_chunk(self, chunk, calls):
        assert chunk.object == "chat.completion.chunk"
        if chunk.usage:
            assert self.usage is None, "usage comes twice"
            self.usage = chunk.usage
        for choice in chunk.choices:
            assert self.finish is None or not (choice.delta.content or choice.delta.tool_calls), "a delta after the end"
            self.text += choice.delta.content or ""
            self.thought += getattr(choice.delta, "reasoning_content", None) or ""
            for part in choice.delta.tool_calls or []:
                if part.index not in calls:
                    assert part.id and part.function.name, f"a call begins without id or name: {part}"
                    calls[part.index] = [part.id, part.function.name, ""]
                calls[part.index][2] += (part.function and part.function.arguments) or ""
            if choice.finish_reason:
                assert self.finish is None, "the finish reason comes twice"
                self.finish = choice.finish_reason
