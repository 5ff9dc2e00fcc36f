"""Reads messages, system text and tools in Anthropic's form. Raises `Refused` with the first rule that is broken."""

import re

from .checks import anything, boolean, fields, obj, one_of, text
from .openai_messages import require
from .scenarios import Turn

SOURCE = {
    "base64": obj({"type": anything, "media_type": one_of("image/png", "image/jpeg", "image/gif", "image/webp"),
        "data": text(4)}),
    "url": obj({"type": anything, "url": text(8)})}
MARK = obj({"type": one_of("ephemeral")}, {"ttl": one_of("5m", "1h")})


def _sound(problems):
    require(not problems, "; ".join(problems))


def read_system(system):
    if system is None or isinstance(system, str):
        require(system != "", "system: text must not be empty")
        return system
    for index, block in enumerate(system):
        _sound(fields(f"system.{index}", block, {"type": one_of("text"), "text": text(1)}, {"cache_control": MARK}))
    return "\n".join(block["text"] for block in system)


def read_tools(tools):
    for index, tool in enumerate(tools):
        _sound(fields(f"tools.{index}", tool, {"name": text(1, 128), "input_schema": anything}, {
            "description": text(), "strict": boolean, "type": one_of("custom"), "cache_control": MARK}))
        require(tool["input_schema"].get("type") == "object", f"tools.{index}.input_schema.type must be 'object'")
        require(re.fullmatch(r"[a-zA-Z0-9_-]{1,128}", tool["name"]), f"tools.{index}.name {tool['name']!r}")
    return [(tool["name"], tool.get("description"), tool["input_schema"]) for tool in tools]


def read_messages(messages):
    require(isinstance(messages, list) and messages, "messages: at least one message is required")
    require(messages[0].get("role") == "user", "messages: first message must use the user role")
    turns, open_calls = [], []
    for index, message in enumerate(messages):
        _sound(fields(f"messages.{index}", message, {"role": one_of("user", "assistant"), "content": anything}, {}))
        blocks = message["content"]
        if isinstance(blocks, str):
            blocks = [{"type": "text", "text": blocks}]
        require(blocks, f"messages.{index}: all messages must have non-empty content")
        if message["role"] == "assistant":
            require(not open_calls, f"messages.{index}: `tool_use` ids were found without `tool_result` blocks: {open_calls}")
            turn = _assistant(blocks, f"messages.{index}")
            open_calls = [call[0] for call in turn.calls]
            turns.append(turn)
        else:
            turns += _user(blocks, f"messages.{index}", open_calls)
            open_calls = []
    require(not open_calls, f"`tool_use` ids were found without `tool_result` blocks: {open_calls}")
    return turns


def _assistant(blocks, where):
    turn = Turn("assistant")
    for block in blocks:
        kind = block.get("type")
        require(kind in ("text", "tool_use", "thinking", "redacted_thinking"), f"{where}: {kind!r} in an assistant message")
        if kind == "thinking":
            _sound(fields(where, block, {"type": anything, "thinking": text(), "signature": text(1)}, {}))
        if kind == "text":
            _sound(fields(where, block, {"type": anything, "text": text(1)}, {"cache_control": MARK}))
            require(block["text"].strip(), f"{where}: text content blocks must contain non-whitespace text")
            turn.text += block["text"]
        if kind == "tool_use":
            known = {"type": anything, "id": text(1), "name": text(1), "input": anything}
            _sound(fields(where, block, known, {"cache_control": MARK}))
            require(isinstance(block["input"], dict), f"{where}: input should be an object")
            require(re.fullmatch(r"[a-zA-Z0-9_-]+", block["id"]), f"{where}: id {block['id']!r}")
            turn.calls.append((block["id"], block["name"], block["input"]))
    return turn


def _user(blocks, where, open_calls):
    turns, turn, missing = [], Turn("user"), list(open_calls)
    for block in blocks:
        kind = block.get("type")
        require(kind in ("text", "image", "tool_result"), f"{where}: {kind!r} in a user message")
        if kind == "tool_result":
            _sound(fields(where, block, {"type": anything, "tool_use_id": text(1)}, {
                "content": anything, "is_error": boolean, "cache_control": MARK}))
            require(block["tool_use_id"] in missing, f"{where}: unexpected `tool_use_id` {block['tool_use_id']}")
            require(not turn.text, f"{where}: tool_result blocks must come before text")
            missing.remove(block["tool_use_id"])
            said, images = _result(block.get("content", ""), where)
            turns.append(Turn("tool", said, images, answers=block["tool_use_id"]))
        if kind == "text":
            _sound(fields(where, block, {"type": anything, "text": text(1)}, {"cache_control": MARK}))
            require(block["text"].strip(), f"{where}: text content blocks must contain non-whitespace text")
            turn.text += block["text"]
        if kind == "image":
            _sound(fields(where, block, {"type": anything, "source": anything}, {"cache_control": MARK}))
            turn.images.append(_image(block["source"], where))
    require(not missing, f"{where}: `tool_use` ids were found without `tool_result` blocks: {missing}")
    return turns + ([turn] if turn.text or turn.images else [])


def _result(content, where):
    """The text and the images of a tool's result."""
    if isinstance(content, str):
        return content, []
    known = {"text": {"type": anything, "text": text(1)}, "image": {"type": anything, "source": anything}}
    for block in content:
        require(block.get("type") in known, f"{where}: {block.get('type')!r} in a tool result")
        _sound(fields(where, block, known[block["type"]], {"cache_control": MARK}))
    images = [_image(block["source"], where) for block in content if block["type"] == "image"]
    return "".join(block["text"] for block in content if block["type"] == "text"), images


def _image(source, where):
    rule = SOURCE.get(source.get("type"))
    require(rule, f"{where}: source.type {source.get('type')!r}")
    require(not rule(source), f"{where}: {rule(source)}")
    if source["type"] == "url":
        require(source["url"].startswith(("https://", "http://")), f"{where}: url {source['url'][:30]!r}")
        return source["url"]
    return f"data:{source['media_type']};base64,{source['data']}"
