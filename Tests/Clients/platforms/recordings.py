"""One call that `worker --record` kept, and the answer that a caller must get of it.

In: a file of the folder. Out: the bytes with their cuts, and text, thought, usage and number of choices as this module reads
them, by rules of its own: a second opinion beside the worker's adapters.
"""

import base64
import json
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "recordings"


class Recording:
    def __init__(self, path):
        self.path, self.name = path, path.stem
        file = json.loads(path.read_text())
        assert file["version"] == 1, f"{path}: a version that this suite does not know"
        self.provider, self.mode, self.model = file["provider"], file["mode"], file["model"]
        self.stream, self.choices = file["stream"], file["choices"]
        self.request, response = file["request"], file["response"]
        self.status, self.headers, self.end = response["status"], response["headers"], response["end"]
        self.pieces = [(milliseconds, as_bytes(piece)) for milliseconds, piece in response["body"]]

    @property
    def body(self):
        return b"".join(piece for _, piece in self.pieces)

    @property
    def has_tools(self):
        asked = as_bytes(self.request["body"])
        return any(member in asked for member in (b'"tools"', b'"Tools"', b'"functions"'))

    @property
    def is_whole(self):
        """The platform's answer has its end. `cancelled`: we had heard the end."""
        return self.end in ("complete", "cancelled")

    @property
    def fails(self):
        return self.status is None or self.status >= 400 or not self.is_whole or any(map(is_error, self.values))

    @property
    def values(self):
        """The documents or events, as lenient as Python's reader is."""
        text = self.body.decode("utf-8", "replace").removeprefix("\ufeff")
        if text.lstrip()[:1] in ("{", "["):
            texts = [text]
        else:
            blocks = text.replace("\r\n", "\n").replace("\r", "\n").split("\n\n")
            texts = ["\n".join(line[5:] for line in block.split("\n") if line.startswith("data:")) for block in blocks]
        return [value for value in map(read, texts) if isinstance(value, dict)]

    @property
    def text(self):
        return "".join(part for value in self.values for part in self.said(value)[0])

    @property
    def thought(self):
        return "".join(part for value in self.values for part in self.said(value)[1])

    @property
    def calls(self):
        """Names of the called functions, in their order."""
        return list(dict.fromkeys(name for value in self.values for name in self.said(value)[2] if name))

    def said(self, value):
        """(texts, thoughts, names of calls) of the first choice."""
        if self.provider == "anthropic":
            return said_by_claude(value)
        if (self.provider, self.mode) == ("baidu", "legacy"):
            return [value.get("result") or ""], [], [(value.get("function_call") or {}).get("name")]
        answer = value.get("output") or value.get("Response") or value
        choice = next(iter(answer.get("choices") or answer.get("Choices") or []), {})
        message = choice.get("delta") or choice.get("message") or choice.get("Delta") or choice.get("Message") or {}
        content = message.get("content", message.get("Content")) or ""
        if isinstance(content, list):
            content = "".join(part.get("text", "") for part in content)
        calls = message.get("tool_calls") or message.get("ToolCalls") or []
        names = [(call.get("function") or call.get("Function") or {}) for call in calls]
        thought = message.get("reasoning_content", message.get("ReasoningContent")) or ""
        return [content], [thought], [name.get("name", name.get("Name")) for name in names]

    @property
    def usage(self):
        """(input, output) as last told, None where nothing was."""
        found = {}
        for value in self.values:
            usage = value.get("usage") or value.get("Usage") or (value.get("Response") or {}).get("Usage") \
                or (value.get("message") or {}).get("usage") or {}
            found |= {name: count for name, count in usage.items() if isinstance(count, int)}
        read = [found.get(name) for name in (("input_tokens", "output_tokens") if "output_tokens" in found else
                ("PromptTokens", "CompletionTokens") if "CompletionTokens" in found else ("prompt_tokens", "completion_tokens"))]
        if None in read:
            return None
        cached = sum(found.get(name, 0) for name in ("cache_read_input_tokens", "cache_creation_input_tokens"))
        return read[0] + cached, read[1]


def said_by_claude(value):
    delta, start = value.get("delta") or {}, value.get("content_block") or {}
    blocks = [block for block in [delta, start, *(value.get("content") or [])] if isinstance(block, dict)]
    texts = [block["text"] for block in blocks if block.get("type") in ("text", "text_delta")]
    thoughts = [block["thinking"] for block in blocks if block.get("type") in ("thinking", "thinking_delta")]
    return texts, thoughts, [block["name"] for block in blocks if block.get("type") == "tool_use"]


def is_error(value):
    inner = value.get("Response") or {}
    return bool(
        value.get("error") or value.get("error_code") or value.get("code") or value.get("Error") or inner.get("Error")
        or value.get("ErrorMsg") or value.get("type") == "error")


def as_bytes(piece):
    return piece.encode() if isinstance(piece, str) else base64.b64decode(piece["base64"])


def read(text):
    try:
        return json.loads(text, strict=False)
    except ValueError:
        return None


def recordings(folder=FOLDER):
    return [Recording(path) for path in sorted(Path(folder).glob("*.json"))]
