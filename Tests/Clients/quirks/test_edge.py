"""The HTTP edge takes callers as they are: old versions, odd framings, half-closed connections (K8)."""

import gzip
import json
import socket
import time
import zlib

import httpx
import pytest
from support.processes import eventually
from support.service import prompt

from .known import known
from .shapes import Said
from .wire import complete, exchange, never, read, request


@pytest.fixture(autouse=True)
def spoken(place):
    place.says(Said())


# MARK: Expect (RFC 9110, 10.1.1)

@known("HTTP clients and proxies", does="`Expect: 100-continue`, and the body after the interim answer",
       gives="`100 Continue` at once",
       report="yhirose/cpp-httplib#349")
@pytest.mark.parametrize("version, value", [("1.1", "100-continue"), ("1.1", "100-Continue")])
def test_expect_is_answered_at_once(place, version, value):
    head, body = request(place, version=version, expect=value)
    with socket.create_connection(("127.0.0.1", place.stack.port), timeout=5) as wire:
        wire.sendall(head)
        start = time.monotonic()
        interim, _ = read(wire, lambda got: got.endswith(b"\r\n\r\n"), 3)
        waited = time.monotonic() - start
        wire.sendall(body)
        final, _ = read(wire, complete, 8)

    assert interim == b"HTTP/1.1 100 Continue\r\n\r\n" and waited < 0.8
    assert final.startswith(b"HTTP/1.1 200") and b"Hello, world" in final


def test_expect_with_a_body_that_is_too_long_is_refused_at_once(place):
    head, _ = request(place, body=b"", framing=False, expect="100-continue", content_length=str(1 << 30))
    heard = exchange(place, head)

    assert heard.status == 413 and heard.seconds < 2


def test_expect_beside_a_body_that_did_not_wait(place):
    heard = exchange(place, *request(place, expect="100-continue"), until=lambda got: b"Hello, world" in got)

    assert b" 200 " in (heard.head + b"\r\n\r\n" + heard.body)


# MARK: HTTP/1.0 (RFC 9112, 9.3)

@known("HTTP clients and proxies", does="HTTP/1.0, which knows no chunks",
       gives="plain bytes; the end is the closed connection",
       report="antiwork/gumroad#7468")
@pytest.mark.parametrize("headers", [{}, {"connection": "close"}, {"host": "x"}], ids=["bare", "close", "host"])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_http_1_0_is_answered_without_chunks_and_closed(place, stream, headers):
    heard = exchange(place, *request(place, stream=stream, version="1.0", **headers), until=never, seconds=5)

    assert heard.status == 200 and heard.is_closed and heard.seconds < 4, heard
    assert b"chunked" not in heard.head.lower()
    if stream:
        lines = [line for line in heard.body.split(b"\n") if line.strip()]
        assert lines[-1].strip() == b"data: [DONE]" and all(line.startswith((b"data:", b"id:", b":")) for line in lines)
    else:
        assert json.loads(heard.body)["choices"][0]["message"]["content"] == "Hello, world"


def test_http_1_0_that_asks_to_stay_is_answered_with_a_length_or_closed(place):
    heard = exchange(place, *request(place, version="1.0", connection="keep-alive"), seconds=5)

    assert heard.status == 200 and (b"content-length" in heard.head.lower() or heard.is_closed)


def test_an_error_to_http_1_0_ends_too(place):
    heard = exchange(place, *request(place, version="1.0", body=b"{"), until=never, seconds=5)

    assert heard.status == 400 and heard.is_closed


def test_close_is_heeded_with_http_1_1(place):
    heard = exchange(place, *request(place, connection="close"), until=never, seconds=5)

    assert heard.status == 200 and heard.is_closed and b"connection: close" in heard.head.lower()


# MARK: HEAD and OPTIONS

@pytest.mark.parametrize("path", ["/v1/models", "/live", "/ready", "/v1/models/{model}", "/api/v1/models/"])
def test_head_is_get_without_a_body(place, path):
    url = place.stack.service.url + path.format(model=place.model)
    head, get = httpx.head(url), httpx.get(url)

    assert head.status_code == get.status_code == 200 and head.content == b""
    assert head.headers.get("content-length") in (None, str(len(get.content)))


def test_head_leaves_the_connection_usable(place):
    head, _ = request(place, method="HEAD", path="/v1/models", body=b"", framing=False)
    get, _ = request(place, method="GET", path="/live", body=b"", framing=False)
    heard = exchange(place, head, get, until=lambda got: got.count(b"HTTP/1.1 200") == 2 and got.endswith(b"}"))

    assert heard.head.startswith(b"HTTP/1.1 200") and heard.body.startswith(b"HTTP/1.1 200"), heard


@known("HTTP clients and proxies", does="ask with `OPTIONS` first", gives="the methods that are allowed")
@pytest.mark.parametrize("path, methods", [
    ("/v1/chat/completions", {"POST"}), ("/v1/embeddings", {"POST"}), ("/v1/models", {"GET", "HEAD"}),
    ("/v1/models/a/b", {"GET", "HEAD"})])
def test_options_names_the_methods(place, path, methods):
    answer = httpx.options(place.stack.service.url + path)

    assert answer.status_code in (200, 204), answer.text
    assert methods <= {method.strip() for method in answer.headers["allow"].split(",")}


def test_options_of_everything_is_answered(place):
    head, _ = request(place, method="OPTIONS", path="*", body=b"", framing=False)

    assert exchange(place, head, until=lambda got: b"\r\n\r\n" in got).status in (200, 204)


# MARK: ids with slashes

@known("SDKs and their loops", does="models called `vendor/model`",
       gives="found by their name, plain and percent-encoded",
       report="BerriAI/litellm#37271")
@pytest.mark.parametrize("written", ["vendor/model-9", "vendor%2Fmodel-9", "vendor%2fmodel-9"])
def test_a_model_with_a_slash_is_found(place, stack, written):
    answer = stack.http.get(f"/v1/models/{written}")

    assert answer.status_code == 200 and answer.json()["id"] == "vendor/model-9"


@pytest.mark.parametrize("written, id", [
    ("a/b/c", "a/b/c"), ("a:free", "a:free"), ("a%3Afree", "a:free"), ("ft%3Agpt%3A%3Ax", "ft:gpt::x"), ("a@b", "a@b"),
    ("%E6%A8%A1%E5%9E%8B", "模型"), ("a%20b", "a b")])
def test_a_name_that_does_not_exist_is_named_as_it_was_asked_for(stack, written, id):
    answer = stack.http.get(f"/v1/models/{written}")

    assert answer.status_code == 404 and answer.json()["error"]["code"] == "model_not_found", answer.text
    assert id in answer.json()["error"]["message"]


def test_a_model_with_a_slash_answers(stack):
    stack.slashed.says(Said())

    assert stack.slashed.ask()["content"] == "Hello, world"
    assert stack.openai.models.retrieve("vendor/model-9").id == "vendor/model-9"


@pytest.mark.parametrize("path", ["//v1//models", "/v1/models/", "/v1/chat/completions/"])
def test_slashes_too_many_are_answered_or_refused_clearly(stack, path):
    answer = stack.http.get(path)

    assert answer.status_code in (200, 404, 405) and (answer.status_code == 200 or "message" in answer.json()["error"])


# MARK: half-closed connections (RFC 9112, 9.6)

@known("HTTP clients and proxies", does="close their sending side after the request", gives="the answer",
       report="agentgateway/agentgateway#2427")
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_caller_that_closed_its_side_gets_the_answer(place, stream):
    place.answers(place.mode.stream().slowly(0.1) if stream else lambda call: place.mode.whole())
    heard = exchange(place, *request(place, stream=stream), half_close=True, until=never)

    assert heard.status == 200 and heard.is_closed
    assert heard.data.rstrip().endswith(b"data: [DONE]") if stream else b"Hello, world" in heard.body


def test_a_caller_that_is_really_gone_ends_the_platforms_work(place):
    """The connection of the fake tells what it costs: it is closed."""
    raw = place.mode.stream()
    place.answers(lambda call: type(raw)(raw.pieces[:2] + (0.05, raw.pieces[1]) * 400, headers=raw.headers, is_chunked=True))
    with socket.create_connection(("127.0.0.1", place.stack.port), timeout=5) as wire:
        wire.sendall(b"".join(request(place, stream=True)))
        read(wire, lambda got: b"Hello" in got, 5)

    eventually(lambda: place.calls()[0].closed_at, 8, "the platform's connection is closed")


def test_a_caller_that_closed_half_of_a_request_is_gone(place):
    head, body = request(place)
    heard = exchange(place, head, body[:10], half_close=True, until=never, seconds=5)

    assert heard.is_closed and heard.status in (None, 400) and not place.calls()


# MARK: bodies

def chunks_of(body, size):
    return b"".join(b"%x\r\n%s\r\n" % (len(body[at:at + size]), body[at:at + size])
        for at in range(0, len(body), size)) + b"0\r\n\r\n"


@known("HTTP clients and proxies", does="request bodies in chunks", gives="read")
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_a_body_in_chunks_is_read(place, size):
    head, body = request(place, framing=False, transfer_encoding="chunked")

    assert exchange(place, head, chunks_of(body, size)).status == 200


def test_chunks_with_extensions_and_trailers_are_read(place):
    head, body = request(place, framing=False, transfer_encoding="chunked")
    sent = b"%x;name=value\r\n%s\r\n0\r\nx-trailer: 1\r\n\r\n" % (len(body), body)

    assert exchange(place, head, sent).status == 200


@known("HTTP clients and proxies", does="bodies that arrive byte by byte", gives="read")
def test_a_request_byte_by_byte_is_read(place):
    whole = b"".join(request(place))

    assert exchange(place, *(whole[at:at + 1] for at in range(len(whole)))).status == 200


PACKED = {"gzip": gzip.compress, "x-gzip": gzip.compress, "deflate": zlib.compress}


@known("HTTP clients and proxies", does="request bodies packed with gzip", gives="unpacked, within `MAX_BODY_BYTES`")
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunks"])
@pytest.mark.parametrize("coding", ["gzip", "GZIP", "x-gzip"])
def test_a_packed_body_is_unpacked(place, coding, chunked):
    _, body = request(place)
    packed = PACKED[coding.lower()](body)
    framing = {"transfer_encoding": "chunked"} if chunked else {}
    head, _ = request(place, body=packed, framing=not chunked, content_encoding=coding, **framing)
    heard = exchange(place, head, chunks_of(packed, 50) if chunked else packed)

    assert heard.status == 200 and b"Hello, world" in heard.body


@pytest.mark.parametrize("coding, body", [
    ("gzip", b"not gzip"), ("gzip", gzip.compress(b"{}" * 100)[:-9]), ("gzip", b""), ("snappy", b"{}"),
    ("gzip, gzip", gzip.compress(gzip.compress(b"{}")))],
    ids=["broken", "cut", "empty", "unknown", "twice"])
def test_a_packed_body_that_cannot_be_read_is_refused(place, coding, body):
    heard = exchange(place, *request(place, body=body, content_encoding=coding))

    assert heard.status in (400, 415) and b'"error"' in heard.body and not place.calls(), heard


def test_a_bomb_is_refused(place, stack):
    before = stack.service.shim.rss
    heard = exchange(place, *request(place, body=gzip.compress(b" " * (1 << 27)), content_encoding="gzip"))

    assert heard.status == 413 and not place.calls()
    assert stack.service.shim.rss - before < 100 << 20


@known("SDKs and their loops", does="goes on after an error on the same connection",
       gives="it is served, whatever was left unread")
@pytest.mark.parametrize("path, body", [
    ("/v1/nothing", b"x" * 100_000), ("/v1/models", b"x" * 100_000), ("/v1/chat/completions", b"{" + b" " * 100_000)],
    ids=["no-such-path", "wrong-method", "no-json"])
def test_a_connection_lives_on_after_an_error_or_says_that_it_ends(place, path, body):
    bad, good = request(place, path=path, body=body), request(place)
    with socket.create_connection(("127.0.0.1", place.stack.port), timeout=5) as wire:
        wire.sendall(b"".join(bad))
        first, is_closed = read(wire, complete, 5)
        assert first.startswith((b"HTTP/1.1 404", b"HTTP/1.1 405", b"HTTP/1.1 400")), first[:100]
        if is_closed or b"connection: close" in first.lower():
            return
        wire.sendall(b"".join(good))
        second, _ = read(wire, complete, 8)
    assert second.startswith(b"HTTP/1.1 200"), second[:200]


def test_requests_one_behind_the_other_are_answered_in_order(place):
    get = request(place, method="GET", path="/live", body=b"", framing=False)[0]
    heard = exchange(place, get * 3, until=lambda got: got.count(b'"ok"') == 3)

    assert (heard.head + heard.body).count(b"HTTP/1.1 200") == 3


@known("HTTP clients and proxies", does="a byte order mark before the JSON, or a line end behind it", gives="read")
@pytest.mark.parametrize("before, behind", [(b"\xef\xbb\xbf", b""), (b"", b"\r\n"), (b"\n ", b"")],
    ids=["mark", "line-end", "space"])
def test_a_body_with_a_mark_or_space_around_is_read_or_refused_clearly(place, before, behind):
    """Callers are read strictly: a mark may be refused, and must be then by a 400."""
    _, body = request(place)
    heard = exchange(place, *request(place, body=before + body + behind))

    assert heard.status == (200 if not before.startswith(b"\xef") else heard.status) and heard.status in (200, 400)


@known("HTTP clients and proxies", does="`echo key > file` leaves a line feed behind the key",
       gives="cut off, or refused by name",
       report="daveshap/LongtermChatExternalSources#2")
@pytest.mark.parametrize("key", ["sk-line-feed\n", "sk-line-feed\r\n", " sk-line-feed ", "sk-line\nfeed"], ids=repr)
def test_a_key_with_a_line_feed_is_cut_or_refused_by_name(place, key):
    answer = place.stack.http.patch(f"/api/v1/accounts/{place.model}-1", json={"api_key": key})

    assert answer.status_code in (200, 400), answer.text
    if answer.status_code == 400:
        assert answer.json()["error"]["param"] == "api_key" and "sk-line" not in answer.text
        return
    assert "\n" not in key.strip()

    def is_sent():
        """The worker reads the catalogue again by and by."""
        place.ask()
        return place.calls()[-1].headers["authorization"] != "Bearer sk-quirk"

    eventually(is_sent, what="the new key is sent")
    assert place.calls()[-1].headers["authorization"] == "Bearer sk-line-feed"


def test_prompts_reach_no_log(stack):
    """Of all cases: what they asked stands in no log of the service."""
    assert not [process.log for process in stack.service.processes
        if prompt()[0]["content"].strip() in process.log.read_text(errors="replace")]
