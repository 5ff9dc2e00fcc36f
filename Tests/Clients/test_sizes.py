"""Megabytes in and out, refusals beyond the limit, and memory that does not grow with either."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from support.service import prompt
from support.upstream import answer

MEGABYTE = 1 << 20


def ask(service, **options):
    return service.openai().chat.completions.create(**{"model": "sandbox", **options})


def text_of(service, stream, messages):
    if not stream:
        return ask(service, messages=messages).choices[0].message.content
    return "".join(c.choices[0].delta.content or "" for c in ask(service, messages=messages, stream=True) if c.choices)


@pytest.mark.parametrize("stream", [False, True])
def test_a_prompt_of_two_megabytes_comes_back_whole(service, stream):
    text = "[[echo]]" + "内容 content 😀 " * (2 * MEGABYTE // 19)
    assert len(text.encode()) > 1.9 * MEGABYTE
    assert text_of(service, stream, [{"role": "user", "content": text}]) == text


def test_a_prompt_of_two_megabytes_reaches_the_platform(service, upstream):
    script = upstream.script(answer("ok"))
    messages = prompt("长" * (2 * MEGABYTE // 3))
    ask(service, model="stub", messages=messages, extra_body={"x_script": script.name})
    assert script.calls[0].body["messages"] == messages


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_of_five_megabytes_comes_whole(service, upstream, stream):
    pieces = [f"{number:07d}" + "x" * 1017 for number in range(5 * 1024)]
    script = upstream.script(answer("".join(pieces), pieces))
    got = ask(service, model="stub", messages=prompt(), stream=stream, extra_body={"x_script": script.name})
    text = "".join(c.choices[0].delta.content or "" for c in got if c.choices) if stream else got.choices[0].message.content
    assert text == "".join(pieces)


def test_a_body_over_the_limit_is_refused_before_it_is_sent(service):
    """The refusal comes while the caller still sends. A client that insists may find the connection closed instead."""
    body = b'{"model":"sandbox","messages":[{"role":"user","content":"' + b"x" * (17 * MEGABYTE) + b'"}]}'
    with httpx.Client(base_url=service.url, timeout=30) as client:
        answer = client.post("/v1/chat/completions", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 413 and answer.json()["error"]["code"] == "request_too_large"


def test_a_chunked_body_over_the_limit_is_refused_too(service):
    def endless():
        yield b'{"model":"sandbox","messages":[{"role":"user","content":"'
        for _ in range(17):
            yield b"x" * MEGABYTE
        yield b'"}]}'

    with httpx.Client(base_url=service.url, timeout=30) as client:
        answer = client.post("/v1/chat/completions", content=endless(), headers={"content-type": "application/json"})
    assert answer.status_code == 413


def test_four_answers_of_40_megabytes_cut_nobody_off(own_service):
    """Redis drops a subscriber with 32 MB unsent: all other streams of the shim would pause, until it is back."""
    service = own_service(workers=1, LEASE="15")
    size, over, gaps = 40 * MEGABYTE, threading.Event(), []

    def subscription():
        [own] = [client["id"] for client in service.redis.client().client_list(_type="pubsub")
            if client["name"].startswith("shim-")]
        return own

    before = subscription()

    def watch():
        while not over.is_set():
            last = time.monotonic()
            for _ in ask(service, messages=prompt("[[tokens=100 delay_ms=20]]"), stream=True):
                gaps.append(time.monotonic() - last)
                last = time.monotonic()

    with ThreadPoolExecutor(5) as pool:
        watcher = pool.submit(watch)
        answers = list(pool.map(lambda _: len(text_of(service, False, prompt(f"[[size={size}]]"))), range(4)))
        over.set()
        watcher.result(60)
    assert answers == [size] * 4
    print(f"longest pause of the other stream {max(gaps):.2f} s")
    assert subscription() == before


def test_memory_stays_bounded_while_large_answers_pass(service):
    """100 MB pass through. A process that kept them, or leaked them, would show it."""
    def round_of(count):
        for stream in (False, True) * count:
            assert len(text_of(service, stream, prompt("[[size=5242880]]"))) == 5 * MEGABYTE

    round_of(2)
    before = [process.rss for process in service.processes]
    round_of(8)
    after = [process.rss for process in service.processes]
    for process, was, now in zip(service.processes, before, after, strict=True):
        assert now < was + 60 * MEGABYTE, f"{process.name}: {was >> 20} MB, then {now >> 20} MB"
        assert now < 400 * MEGABYTE, f"{process.name}: {now >> 20} MB"
