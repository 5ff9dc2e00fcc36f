"""Everything else of the HTTP interface: catalogue, health, and what a wrong request is told."""

import httpx
import pytest

from support.service import prompt


@pytest.fixture
def http(service):
    with service.http as client:
        yield client


def assert_error(response, status, code=None):
    assert response.status_code == status
    error = response.json()["error"]
    assert {"message", "type", "code", "param", "request_id"} <= set(error)
    assert error["request_id"] == response.headers["x-request-id"]
    if code:
        assert error["code"] == code


@pytest.mark.parametrize("path, ids", [
    ("/api/v1/models/", {"sandbox", "sandbox-embedding", "stub", "deaf"}),
    ("/api/v1/models", {"sandbox", "sandbox-embedding", "stub", "deaf"}),
    ("/api/v1/models/?provider=sandbox", {"sandbox", "sandbox-embedding"}), ("/api/v1/models/openai/models", {"stub", "deaf"}),
    ("/api/v1/models/?provider=zhipu", set()), ("/v1/models", {"sandbox", "sandbox-embedding", "stub", "deaf"})])
def test_the_catalogue_is_listed(http, path, ids):
    answer = http.get(path)
    assert answer.status_code == 200 and {model["id"] for model in answer.json()["data"]} == ids


def test_the_catalogue_shows_no_key(http):
    assert "api_key" not in http.get("/api/v1/models/").text


def test_an_unknown_platform_is_named(http):
    assert_error(http.get("/api/v1/models/?provider=nobody"), 400)


@pytest.mark.parametrize("path", ["/nowhere", "/v2/chat/completions", "/v1/chat", "/api/v1/jobs/0-doesnotexist", "/api/v1/jobs/..%2f"])
def test_what_does_not_exist_is_not_found(http, path):
    assert_error(http.get(path), 404)


@pytest.mark.parametrize("method, path, allow", [
    ("GET", "/v1/chat/completions", "OPTIONS, POST"), ("PUT", "/api/v1/jobs/0-abcdefgh", "DELETE, GET, HEAD, OPTIONS"),
    ("POST", "/v1/models", "GET, HEAD, OPTIONS")])
def test_a_wrong_method_is_told_the_right_ones(http, method, path, allow):
    refused = http.request(method, path)
    assert_error(refused, 405)
    assert refused.headers["allow"] == allow


@pytest.mark.parametrize("content", [
    b"", b"{", b"[]", b"null", b'{"model":"sandbox"}', b"\xff\xfe", b'{"model":"\xc3\x28"}', b"[" * 100_000,
    b'{"model":"sandbox","messages":[{"role":"user","content":"x"}]} trailing'])
def test_a_body_that_is_no_request_is_a_400(http, content):
    assert_error(http.post("/v1/chat/completions", content=content, headers={"content-type": "application/json"}), 400)


def test_another_content_type_is_a_415(http):
    assert_error(http.post("/v1/chat/completions", files={"file": b"x"}), 415)


@pytest.mark.parametrize("header, value", [
    ("X-Tenant", "no spaces allowed"), ("X-Priority", "now"), ("X-Deadline-Ms", "soon"), ("Idempotency-Key", "k" * 300)])
def test_a_wrong_header_is_named(http, header, value):
    refused = http.post("/v1/chat/completions", json={"model": "sandbox", "messages": prompt()}, headers={header: value})
    assert_error(refused, 400)
    assert refused.json()["error"]["param"] == header


def test_a_request_id_that_could_forge_a_log_line_is_replaced(http):
    assert http.get("/live", headers={"X-Request-Id": "x" * 200}).headers["x-request-id"] != "x" * 200


def test_garbage_on_the_wire_ends_its_own_connection_only(service):
    import socket

    with socket.create_connection(("127.0.0.1", service.port), timeout=5) as wire:
        wire.sendall(b"\x16\x03\x01 this is not HTTP\r\n\r\n")
        while wire.recv(4096):
            pass
    assert httpx.get(f"{service.url}/live").status_code == 200


def test_health_tells_life_from_readiness(service, http):
    assert http.get("/live").json() == {"status": "ok"}
    assert http.get("/ready").json() == {"status": "ok", "workers": 1, "problems": []}
    worker = f"http://127.0.0.1:{service.workers[0].port}"
    assert httpx.get(f"{worker}/live").status_code == httpx.get(f"{worker}/ready").status_code == 200
    assert httpx.get(f"{worker}/metrics").text
