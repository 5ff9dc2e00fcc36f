"""Requests at the ends of what OpenAI allows, where platforms differ: each is fitted to the platform, or refused by name.

`model` is the suffix of the wire's model that is asked, where it has one.
"""

from .features import TOOLS
from .more_features import SCHEMA

NAMED = {"type": "function", "function": {"name": "time"}}
USER, ASSISTANT = {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes"}
THINKING = {"model": "-reasoning", "reasoning_effort": "high"}

EXTREMES = {
    "temperature 0": {"temperature": 0},
    "temperature 1": {"temperature": 1},
    "temperature 2": {"temperature": 2},
    "top_p 0": {"top_p": 0},
    "top_p 1": {"top_p": 1},
    "seed 0": {"seed": 0},
    "seed 2^40": {"seed": 1 << 40},
    "one token": {"max_tokens": 1},
    "many tokens": {"max_tokens": 30_000},
    "short user": {"user": "a"},
    "long user": {"user": "u" * 200},
    "long stop": {"stop": ["x" * 30]},
    "four stops": {"stop": ["a1", "b2", "c3", "d4"]},
    "blank stop": {"stop": ["\n\n"]},
    "penalties": {"presence_penalty": 2, "frequency_penalty": -2},
    "metadata": {"metadata": {"a": "b"}},
    "n 1": {"n": 1},
    "no tools": {"tools": []},
    "nulls": {"temperature": None, "stop": None},
    "logprobs off": {"logprobs": False},
    "service tier": {"service_tier": "auto"},
    "late system": {"messages": [USER, ASSISTANT, {"role": "system", "content": "Be brief."}, USER]},
    "empty turn": {"messages": [USER, {"role": "assistant", "content": ""}, USER]},
    "assistant first": {"messages": [ASSISTANT, USER]},
    "assistant last": {"messages": [USER, ASSISTANT]},
    "named user": {"messages": [{"role": "user", "name": "Ann", "content": "Hi"}]},
    "thinking, max_tokens": {**THINKING, "max_tokens": 5000},
    "thinking, few tokens": {**THINKING, "max_completion_tokens": 100},
    "thinking, temperature": {**THINKING, "temperature": 0.3},
    "thinking, stop": {**THINKING, "stop": "END"},
    "thinking, required call": {**THINKING, "tools": TOOLS, "tool_choice": "required"},
    "thinking, named call": {**THINKING, "tools": TOOLS, "tool_choice": NAMED},
    "thinking, JSON": {**THINKING, "response_format": {"type": "json_object"}, "say": "JSON"},
    "effort minimal": {"model": "-reasoning", "reasoning_effort": "minimal"},
    "effort max": {"model": "-reasoning", "reasoning_effort": "max"},
    "budget": {"model": "-reasoning", "extra_body": {"thinking": {"type": "enabled", "budget_tokens": 2000}}},
    "loose schema": {"response_format": {"type": "json_schema", "json_schema": {"name": "t", "schema": SCHEMA}}, "say": "JSON"},
}
