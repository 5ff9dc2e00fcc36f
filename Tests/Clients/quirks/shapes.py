"""The answers of each mode, in as few members as its platform writes.

In: what is `Said`. Out: a whole answer, or the events of a stream, as values that a test may bend before they are sent.
"""

import json
from dataclasses import dataclass

TEXT, THOUGHT = ("Hello, ", "world"), ("let me ", "think")
IN, OUT = 7, 3


@dataclass(frozen=True)
class Said:
    text: tuple = TEXT
    thought: tuple = ()
    calls: tuple = ()  # (id, name, arguments as text)
    finish: str = "stop"

    @property
    def whole_text(self):
        return "".join(self.text)


def calling(*calls, text=(), **more):
    return Said(text=text, calls=calls, finish="tool_calls", **more)


class OpenAIShape:
    done = True

    @staticmethod
    def call(index, id, name, arguments):
        return {"index": index, "id": id, "type": "function", "function": {"name": name, "arguments": arguments}}

    @staticmethod
    def usage():
        return {"prompt_tokens": IN, "completion_tokens": OUT, "total_tokens": IN + OUT}

    def whole(self, said):
        message = {"role": "assistant", "content": said.whole_text or None}
        if said.thought:
            message["reasoning_content"] = "".join(said.thought)
        if said.calls:
            message["tool_calls"] = [self.call(index, *call) for index, call in enumerate(said.calls)]
        return {"id": "x1", "object": "chat.completion", "created": 1, "model": "up", "usage": self.usage(),
                "choices": [{"index": 0, "message": message, "finish_reason": said.finish}]}

    def stream(self, said):
        deltas = [{"role": "assistant", "content": ""}]
        deltas += [{"reasoning_content": piece} for piece in said.thought] + [{"content": piece} for piece in said.text]
        deltas += [{"tool_calls": [self.call(index, *call)]} for index, call in enumerate(said.calls)]
        return [*map(chunk, deltas), chunk({}, said.finish), usage_chunk(**self.usage())]

    def vectors(self, *vectors):
        data = [{"object": "embedding", "index": index, "embedding": vector} for index, vector in enumerate(vectors)]
        return {"object": "list", "model": "up", "data": data, "usage": {"prompt_tokens": 4, "total_tokens": 4}}

    def error(self, code, message):
        return {"error": {"code": code, "message": message}}


def chunk(delta=None, finish=None, **more):
    return {"id": "x1", "object": "chat.completion.chunk", "created": 1, "model": "up",
            "choices": [{"index": 0, "delta": {} if delta is None else delta, "finish_reason": finish}], **more}


def usage_chunk(**usage):
    return {"id": "x1", "object": "chat.completion.chunk", "created": 1, "model": "up", "choices": [], "usage": usage}


def completion(message=None, finish="stop", **more):
    return {**OpenAIShape().whole(Said()), "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "ok", **(message or {})}, "finish_reason": finish}], **more}


class ClaudeShape:
    done = False
    stops = {"stop": "end_turn", "tool_calls": "tool_use", "length": "max_tokens"}

    def whole(self, said, usage=None):
        content = [{"type": "thinking", "thinking": "".join(said.thought), "signature": "EqQB"}] if said.thought else []
        content += [{"type": "text", "text": said.whole_text}] if said.text else []
        content += [{"type": "tool_use", "id": id, "name": name, "input": json.loads(text)} for id, name, text in said.calls]
        return {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-4-5", "content": content,
                "stop_reason": self.stops[said.finish], "stop_sequence": None,
                "usage": usage or {"input_tokens": IN, "output_tokens": OUT}}

    def stream(self, said, start=None, end=None):
        """`start` and `end` are the usage of the first and the last event."""
        blocks = [({"type": "thinking", "thinking": ""}, [
            *({"type": "thinking_delta", "thinking": p} for p in said.thought),
            {"type": "signature_delta", "signature": "EqQB"}])] if said.thought else []
        blocks += [({"type": "text", "text": ""}, [{"type": "text_delta", "text": p} for p in said.text])] if said.text else []
        blocks += [({"type": "tool_use", "id": id, "name": name, "input": {}},
            [{"type": "input_json_delta", "partial_json": text}])
                   for id, name, text in said.calls]
        message = {**self.whole(Said(text=()), start or {"input_tokens": IN, "output_tokens": 1}), "stop_reason": None}
        found = [{"type": "message_start", "message": message}]
        for index, (block, deltas) in enumerate(blocks):
            found.append({"type": "content_block_start", "index": index, "content_block": block})
            found += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
            found.append({"type": "content_block_stop", "index": index})
        found.append({"type": "message_delta", "delta": {"stop_reason": self.stops[said.finish], "stop_sequence": None},
                      "usage": end or {"output_tokens": OUT}})
        return [claude_event(event) for event in [*found, {"type": "message_stop"}]]

    def error(self, code, message):
        return {"type": "error", "error": {"type": "invalid_request_error", "code": code, "message": message}}


def claude_event(value):
    return f"event: {value['type']}\ndata: {json.dumps(value, ensure_ascii=False)}\n\n".encode()


class DashScopeShape:
    done = False

    @staticmethod
    def output(message, finish):
        return {"output": {"choices": [{"finish_reason": finish, "message": {"role": "assistant", **message}}]},
            "request_id": "r1",
                "usage": {"input_tokens": IN, "output_tokens": OUT, "total_tokens": IN + OUT}}

    def message(self, said):
        message = {"content": said.whole_text}
        if said.thought:
            message["reasoning_content"] = "".join(said.thought)
        if said.calls:
            message["tool_calls"] = [OpenAIShape.call(index, *call) for index, call in enumerate(said.calls)]
        return message

    def whole(self, said):
        return self.output(self.message(said), said.finish)

    def stream(self, said):
        pieces = [{"content": "", "reasoning_content": piece} for piece in said.thought] + [{"content": p} for p in said.text]
        pieces += [{"content": "", "tool_calls": [OpenAIShape.call(index, *call)]} for index, call in enumerate(said.calls)]
        values = [*(self.output(piece, "null") for piece in pieces), self.output({"content": ""}, said.finish)]
        return [dashscope_event(value) for value in values]

    def vectors(self, *vectors):
        found = [{"text_index": index, "embedding": vector} for index, vector in enumerate(vectors)]
        return {"output": {"embeddings": found}, "usage": {"total_tokens": 4}, "request_id": "r1"}

    def error(self, code, message):
        return {"code": code, "message": message, "request_id": "r1"}


def dashscope_event(value, kind="result", status=200):
    return f"id:1\nevent:{kind}\n:HTTP_STATUS/{status}\ndata:{json.dumps(value, ensure_ascii=False)}\n\n".encode()


class HunyuanShape:
    done = False

    @staticmethod
    def envelope(choice):
        return {"Choices": [{"Index": 0, **choice}], "Created": 1, "Id": "x1",
                "Usage": {"PromptTokens": IN, "CompletionTokens": OUT, "TotalTokens": IN + OUT}}

    @staticmethod
    def call(index, id, name, arguments):
        return {"Id": id, "Type": "function", "Index": index, "Function": {"Name": name, "Arguments": arguments}}

    def whole(self, said):
        message = {"Role": "assistant", "Content": said.whole_text}
        if said.thought:
            message["ReasoningContent"] = "".join(said.thought)
        if said.calls:
            message["ToolCalls"] = [self.call(index, *call) for index, call in enumerate(said.calls)]
        return {"Response": {"RequestId": "r1", **self.envelope({"Message": message, "FinishReason": said.finish})}}

    def stream(self, said):
        deltas = [{"Content": "", "ReasoningContent": piece} for piece in said.thought] + [{"Content": piece}
            for piece in said.text]
        deltas += [{"Content": "", "ToolCalls": [self.call(index, *call)]} for index, call in enumerate(said.calls)]
        found = [self.envelope({"Delta": {"Role": "assistant", **delta}, "FinishReason": ""}) for delta in deltas]
        return [*found, self.envelope({"Delta": {"Role": "assistant", "Content": ""}, "FinishReason": said.finish})]

    def vectors(self, *vectors):
        data = [{"Embedding": vector, "Index": index, "Object": "embedding"} for index, vector in enumerate(vectors)]
        return {"Response": {"RequestId": "r1", "Data": data, "Usage": {"PromptTokens": 4, "TotalTokens": 4}}}

    def error(self, code, message):
        return {"Response": {"Error": {"Code": code, "Message": message}, "RequestId": "r1"}}


class ErnieShape:
    done = False
    stops = {"stop": "normal", "tool_calls": "function_call", "length": "length"}

    def answer(self, **more):
        return {"id": "as-1", "object": "chat.completion", "created": 1, "is_truncated": False, **more,
            "usage": OpenAIShape.usage()}

    def call(self, said):
        if not said.calls:
            return {}
        _, name, arguments = said.calls[0]
        return {"function_call": {"name": name, "arguments": arguments, "thoughts": "…"}}

    def whole(self, said):
        return self.answer(result=said.whole_text, finish_reason=self.stops[said.finish], **self.call(said))

    def stream(self, said):
        found = [self.answer(sentence_id=number, is_end=False, result=piece) for number, piece in enumerate(said.text)]
        return [*found, self.answer(
            sentence_id=9, is_end=True, result="", finish_reason=self.stops[said.finish], **self.call(said))]

    def vectors(self, *vectors):
        return {**OpenAIShape().vectors(*vectors), "id": "as-1", "object": "embedding_list"}

    def error(self, code, message):
        return {"error_code": code, "error_msg": message}
