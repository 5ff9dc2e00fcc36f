"""A model's words before any server has put them into chunks, made from a seed, the same every time."""

import json
from dataclasses import dataclass, field

WORDS = ["rain", "sun", "über", "天气", "🙂", "a b", "{", "\"", "\n", "e\u0301", "data:"]
FUNCTIONS = {"get_weather": ["city", "day"], "get_time": ["zone"], "now": []}
TOOLS = [
    {"type": "function", "function": {"name": name, "parameters": {
        "type": "object", "properties": {parameter: {"type": "string"} for parameter in parameters}}}}
    for name, parameters in FUNCTIONS.items()]


@dataclass
class Content:
    text: str = ""
    reasoning: str = ""
    calls: list = field(default_factory=list)  # (name, arguments as JSON text)
    reason: str = "stop"
    usage: dict = field(default_factory=dict)

    @classmethod
    def random(cls, random):
        content = cls(text=words(random, 8), reasoning=words(random, 4) if random.random() < 0.3 else "")
        if random.random() < 0.6:
            content.calls = [call(random) for _ in range(random.randint(1, 3))]
            # Called twice without id, number and arguments it is what a server looks like that repeats itself.
            nows = [call for call in content.calls if call[0] == "now"]
            content.calls = [call for call in content.calls if call not in nows] + nows[:1]
            content.text = content.text if random.random() < 0.3 else ""
        content.reason = "tool_calls" if content.calls else random.choice(["stop", "stop", "length"])
        counts = random.randint(1, 500), random.randint(1, 500)
        content.usage = {"prompt_tokens": counts[0], "completion_tokens": counts[1], "total_tokens": sum(counts)}
        return content


def words(random, most):
    return " ".join(random.choice(WORDS) for _ in range(random.randint(1, most)))


def call(random):
    name = random.choice(list(FUNCTIONS))
    return name, json.dumps({parameter: words(random, 2) for parameter in FUNCTIONS[name]}, ensure_ascii=random.random() < 0.5)


def cut(random, text, most=5):
    """The text in up to `most` pieces, none of them empty."""
    places = sorted({random.randint(1, len(text) - 1) for _ in range(random.randint(0, most - 1))}) if len(text) > 1 else []
    return [text[start:end] for start, end in zip([0, *places], [*places, len(text)])] if text else []
