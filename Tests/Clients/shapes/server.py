"""The ways in which servers with OpenAI's wire write a content, with the oddities of public reports.

In: a content and a random generator. Out: the bytes of a stream, and of the whole answer. Each oddity is a coin. Coins that
would take what tells two calls apart (no id, no number, and a name in pieces) do not fall together.
"""

import json

from .content import cut

REASONS = {
    "stop": ["stop", "stop", "eos", "end_turn", "STOP", "", None],
    "length": ["length", "max_tokens", "MAX_TOKENS"],
    "tool_calls": ["tool_calls", "stop", "tool_use", "function_call", "", None],
}
THINKING = ["reasoning_content", "reasoning"]


class Server:
    def __init__(self, content, random):
        self.content, self.random = content, random
        coin = lambda share=0.3: random.random() < share
        self.thinking = random.choice(THINKING)
        self.role = random.choice(["first", "first", "every", "never"])
        self.parts, self.empty_calls, self.null_calls = coin(0.15), coin(0.2), coin(0.2)
        self.indexed_choice, self.enveloped = not coin(), not coin()
        self.reason = random.choice(REASONS[content.reason])
        # A server that gives no reason says at least that it is done.
        self.done = self.reason in ("", None) or not coin(0.2)
        self.ids = random.choice(["once", "once", "every", "late", "none", "empty"])
        self.numbers = random.choice(["right", "right", "none", "zero", "counting"])
        # One call after the other, unless its number says whose a piece is.
        self.interleaved = self.numbers == "right" and coin()
        self.name = "once"
        if not self.interleaved:
            self.name = random.choice(["once", "every", "pieces"] if self.ids == "once" or self.numbers == "right"
                else ["once", "every"])
        if self.numbers == "counting" and self.ids not in ("once", "every"):
            self.name = "once"
        self.objects, self.typed = coin(0.15), not coin()

    # MARK: streams

    def stream(self):
        events = [self.chunk(choice) for choice in self.choices()]
        return self.shuffled(events)

    def choices(self):
        deltas = [{"content": ""}] if self.random.random() < 0.7 else []
        deltas += [{self.thinking: piece} for piece in cut(self.random, self.content.reasoning)]
        deltas += [{"content": self.text(piece)} for piece in cut(self.random, self.content.text)]
        deltas += [{"tool_calls": calls} for calls in self.call_deltas()]
        choices = [self.choice(delta, position) for position, delta in enumerate(deltas)]
        last = self.choice(self.random.choice([None, {}, {"content": ""}]), len(deltas))
        last["finish_reason"] = self.reason
        # The end is told early, on time, twice.
        place = len(choices) if self.random.random() < 0.8 else self.random.randint(0, len(choices))
        choices.insert(place, last)
        if self.random.random() < 0.2:
            choices.append(last)
        return choices

    def choice(self, delta, position):
        if delta is not None:
            delta = dict(delta)
            if self.role == "every" or (self.role == "first" and position == 0):
                delta["role"] = "assistant"
            if self.empty_calls or self.null_calls:
                delta.setdefault("tool_calls", [] if self.empty_calls else None)
        choice = {"index": 0} if self.indexed_choice else {}
        reason = self.random.choice([{}, {"finish_reason": None}, {"finish_reason": ""}])
        return {**choice, "delta": delta, **reason}

    def text(self, piece):
        return [{"type": "text", "text": piece}] if self.parts else piece

    def chunk(self, choice):
        head = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "up"} if self.enveloped else {}
        return {**head, "choices": [choice]}

    def shuffled(self, events):
        """Usage where servers put it, twice at times, and chunks that say nothing anywhere."""
        usage = self.content.usage
        if self.random.random() < 0.3:
            events[-1] = {**events[-1], "usage": usage}
        else:
            events += [{"choices": [], "usage": usage}] * self.random.choice([1, 1, 2])
        if self.random.random() < 0.2:
            events = [{**event, "usage": event.get("usage", {"prompt_tokens": usage["prompt_tokens"], "completion_tokens": 0})}
                      if event["choices"] else event for event in events]
        for nothing in ({"choices": []}, {"choices": [{"index": 0, "delta": {}}]}, b": ping\n\n"):
            if self.random.random() < 0.2:
                events.insert(self.random.randint(0, len(events)), nothing)
        lines = [event if isinstance(event, bytes) else b"data: " + json.dumps(event).encode() + b"\n\n" for event in events]
        return b"".join(lines + ([b"data: [DONE]\n\n"] if self.done else []))

    # MARK: calls

    def call_deltas(self):
        calls = [self.call_pieces(number, *call) for number, call in enumerate(self.content.calls)]
        if self.random.random() < 0.15 and not self.interleaved and all(len(pieces) == 1 for pieces in calls):
            together = [piece for pieces in calls for piece in pieces]
            return [self.numbered(together)] if together else []
        if not self.interleaved:
            return [self.numbered([piece]) for pieces in calls for piece in pieces]
        queues, order = [list(pieces) for pieces in calls], []
        while any(queues):
            # They begin in order.
            begun = [queue for queue, pieces in zip(queues, calls) if queue and len(queue) < len(pieces)]
            fresh = [queue for queue, pieces in zip(queues, calls) if len(queue) == len(pieces)][:1]
            order.append(self.random.choice(begun + fresh).pop(0))
        return [self.numbered([piece]) for piece in order]

    def call_pieces(self, number, name, arguments):
        id = f"c{number}"
        texts = [json.loads(arguments)] if self.objects else cut(self.random, arguments)
        if arguments == "{}":
            texts = [self.random.choice(["", "{}", None, {}])]
        names = cut(self.random, name, 3) if self.name == "pieces" else [name]
        # Without an id a call begins with its arguments, or two without parameters would look like one.
        if not self.objects and arguments != "{}" and self.random.random() < 0.5:
            texts.insert(0, "")
        pieces = [{"function": {"name": piece, "arguments": ""}} for piece in names[:-1]]
        pieces += [{"function": {"arguments": text}} for text in texts]
        pieces[len(names) - 1]["function"]["name"] = names[-1]
        for position, piece in enumerate(pieces):
            if self.name == "every":
                piece["function"]["name"] = name
            if self.ids == "every" or (self.ids == "once" and position == 0) or (self.ids == "late" and position == 1):
                piece["id"] = id
            if self.ids == "empty":
                piece["id"] = ""
            if self.typed and position == 0:
                piece["type"] = "function"
            piece["number"] = number
        return pieces

    def numbered(self, pieces):
        result = []
        for piece in pieces:
            number = piece.pop("number")
            self.counter = getattr(self, "counter", -1) + 1
            index = {"right": number, "zero": 0, "counting": self.counter}.get(self.numbers)
            result.append(piece if index is None else {"index": index, **piece})
        return result

    # MARK: whole answers

    def whole(self):
        content, coin = self.content, lambda: self.random.random() < 0.3
        message = {} if coin() else {"role": "assistant"}
        if content.text or coin():
            message["content"] = self.text(content.text) if content.text else None
        if content.reasoning:
            message[self.thinking] = content.reasoning
        if content.calls:
            message["tool_calls"] = [self.whole_call(number, *call) for number, call in enumerate(content.calls)]
        elif coin():
            message["tool_calls"] = self.random.choice([[], None])
        choice = {"message": message, "finish_reason": self.reason}
        head = {"id": "x", "object": "chat.completion", "created": 1, "model": "up"} if self.enveloped else {}
        return {**head, "choices": [{"index": 0, **choice} if self.indexed_choice else choice], "usage": content.usage}

    def whole_call(self, number, name, arguments):
        if arguments == "{}":
            arguments = self.random.choice(["{}", "", None, {}])
        elif self.objects:
            arguments = json.loads(arguments)
        id = {"none": {}, "empty": {"id": ""}}.get(self.ids, {"id": f"c{number}"})
        return {**id, **({"type": "function"} if self.typed else {}), "function": {"name": name, "arguments": arguments}}
