"""Reads `messages` and `tools` in OpenAI's form by the rules of one platform.

In: the JSON, a `Rules`. Out: system text and `Turn`s. Raises `Refused` with the first rule that is broken.
"""

import json
import re
from dataclasses import dataclass

from .checks import anything, array_of, boolean, fields, obj, one_of, text
from .scenarios import Turn
from .wire import Refused

TOOL = obj(
    {"type": one_of("function"), "function": obj(
        {"name": text(1, 64)}, {"description": text(), "parameters": anything, "strict": boolean})})
CALL = obj(
    {"id": text(1), "type": one_of("function"), "function": obj({"name": text(1), "arguments": text()})},
    {"index": anything})


@dataclass(frozen=True)
class Rules:
    roles: tuple = ("system", "user", "assistant", "tool")
    system_first: bool = False  # one at most, before all others
    alternates: bool = False  # user (tool) and assistant in turn, user first
    last: tuple | None = None  # roles that may end the conversation
    empty_content: bool = True
    bare_base64: bool = False  # images as base64 without `data:`
    needs_user: bool = False
    hears_refusals: bool = False  # `audio` of an assistant, and parts of refusals


def require(condition, problem):
    if not condition:
        raise Refused(problem)


def read_messages(messages, rules, sees_images):
    require(isinstance(messages, list) and messages, "messages must not be empty")
    system, turns, open_calls = [], [], {}
    for index, message in enumerate(messages):
        where = f"messages[{index}]"
        require(isinstance(message, dict), f"{where} must be an object")
        role = message.get("role")
        require(role in rules.roles, f"{where}.role {role!r} is not one of {rules.roles}")
        require(not open_calls or role == "tool", f"{where}: tool calls {sorted(open_calls)} are not answered")
        known = {"role": anything, "content": anything, "name": text(1)}
        if role == "assistant":
            known |= {"tool_calls": array_of(CALL), "refusal": anything}
            if rules.hears_refusals:
                known |= {"audio": obj({"id": text(1)})}
        if role == "tool":
            known |= {"tool_call_id": text(1)}
        for problem in fields(where, message, {"role": anything}, known):
            raise Refused(problem)
        if role in ("system", "developer"):
            require(not rules.system_first or index == 0, f"{where}: system must be first")
            system.append(_content(message.get("content"), where, rules, False)[0])
            continue
        turn = Turn(role)
        stands_in = ("tool_calls", "refusal", "audio") if rules.hears_refusals else ("tool_calls",)
        if message.get("content") is not None or not any(message.get(name) for name in stands_in):
            turn.text, turn.images = _content(message.get("content"), where, rules, sees_images and role == "user")
        for call in message.get("tool_calls", []):
            turn.calls.append((call["id"], call["function"]["name"], _arguments(call["function"]["arguments"], where)))
            open_calls[call["id"]] = call
        if role == "tool":
            turn.answers = message.get("tool_call_id")
            require(open_calls.pop(turn.answers, None), f"{where}.tool_call_id {turn.answers!r} answers no call")
        turns.append(turn)
    require(not open_calls, f"tool calls {sorted(open_calls)} are not answered")
    _check_order(turns, rules)
    return "\n".join(system) if system else None, turns


def _check_order(turns, rules):
    roles = [turn.role for turn in turns]
    require(roles, "messages hold no turn")
    require(not rules.needs_user or "user" in roles, "messages need one from the user")
    require(rules.last is None or roles[-1] in rules.last, f"the last message must be one of {rules.last}")
    if rules.alternates:
        require(roles[0] == "user", "the first message must be the user's")
        for before, after in zip(roles, roles[1:]):
            in_turn = (before == "assistant") != (after == "assistant") or before == after == "tool"
            require(in_turn, "messages 中 user（tool） 和 assistant 角色需交替出现")


def _arguments(arguments, where):
    try:
        return json.loads(arguments or "{}")
    except ValueError:
        raise Refused(f"{where}: arguments are no JSON") from None


def _content(content, where, rules, sees_images):
    if isinstance(content, str):
        require(content or rules.empty_content, f"{where}.content must not be empty")
        return content, []
    require(isinstance(content, list) and content, f"{where}.content must be text or parts")
    said, images = [], []
    for part in content:
        kind = part.get("type") if isinstance(part, dict) else None
        kinds = ("text", "image_url", "refusal") if rules.hears_refusals else ("text", "image_url")
        require(kind in kinds, f"{where}.content has a part of type {kind!r}")
        if kind == "refusal":
            problems = fields(where, part, {"type": anything, "refusal": text(1)}, {})
            said.append(part.get("refusal"))
        elif kind == "text":
            problems = fields(where, part, {"type": anything, "text": text(1)}, {})
            said.append(part.get("text"))
        else:
            require(sees_images, f"{where}.content: this model or role takes no images")
            problems = fields(where, part, {"type": anything, "image_url": obj(
                {"url": text(1)}, {"detail": one_of("auto", "low", "high")})}, {})
            if not problems:
                images.append(_image(part["image_url"]["url"], where, rules))
        require(not problems, "; ".join(problems))
    return "".join(said), images


def _image(url, where, rules):
    if rules.bare_base64 and re.fullmatch(r"[A-Za-z0-9+/]+={0,2}", url):
        return f"data:image/png;base64,{url}"
    require(re.match(r"https?://|data:image/(png|jpeg|gif|webp);base64,", url), f"{where}: not an image URL: {url[:40]}")
    return url


def read_tools(tools):
    problem = array_of(TOOL)(tools)
    require(not problem, f"tools {problem}")
    functions = [tool["function"] for tool in tools]
    for function in functions:
        require(re.fullmatch(r"[A-Za-z0-9_-]{1,64}", function["name"]), f"tools: the name {function['name']!r} is not allowed")
    return [(function["name"], function.get("description"), function.get("parameters")) for function in functions]
