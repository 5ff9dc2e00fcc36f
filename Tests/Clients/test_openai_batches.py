"""Files and batches with the unmodified `openai` SDK: only its base URL is ours.

The sandbox answers. `[[ttft_ms=…]]` in a prompt makes it slow (docs/platforms.md).
"""

import io
import json
import os
import socket
import subprocess
import time
import uuid

import httpx
import openai
import pytest

from support.processes import eventually
from support.service import prompt

ENDED = ("completed", "failed", "expired", "cancelled")
CHAT, EMBEDDINGS = "/v1/chat/completions", "/v1/embeddings"


@pytest.fixture
def client(service):
    """With a tenant of the test's own, so that listings have nothing of other tests."""
    return of_tenant(service, f"t-{uuid.uuid4()}")


def of_tenant(service, tenant):
    return service.openai(default_headers={"X-Tenant": tenant})


def chat(id, text="hello", **more):
    body = {"model": "sandbox", "messages": prompt(text), **more}
    return {"custom_id": id, "method": "POST", "url": CHAT, "body": body}


def embedding(id, text):
    return {"custom_id": id, "method": "POST", "url": EMBEDDINGS, "body": {"model": "sandbox-embedding", "input": text}}


def written(lines):
    return "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines).encode()


def upload(client, lines, **options):
    return client.files.create(file=("in.jsonl", written(lines)), purpose="batch", **options)


def start(client, lines, endpoint=CHAT, window="24h", **options):
    file = upload(client, lines)
    return client.batches.create(input_file_id=file.id, endpoint=endpoint, completion_window=window, **options)


def ended(client, batch, seconds=60):
    def look():
        now = client.batches.retrieve(batch.id)
        return now if now.status in ENDED else None

    return eventually(look, seconds, f"{batch.id} ends")


def results(client, file_id):
    """The lines of a result file by their `custom_id`, each of which is there once."""
    if file_id is None:
        return {}
    lines = [json.loads(line) for line in client.files.content(file_id).text.splitlines()]
    found = {line["custom_id"]: line for line in lines}
    assert len(found) == len(lines)
    return found


def same(one, other):
    """Without the request's id, which the SDK keeps beside each object."""
    return one.model_dump() == other.model_dump()


# MARK: files


def test_a_file_is_uploaded_listed_read_and_deleted(client):
    content = written([chat(str(number), "三 🙂") for number in range(3)])[:-1]  # its last line has no line feed
    began = int(time.time())
    file = client.files.create(file=("名 \"a\";b.jsonl", content), purpose="batch")
    assert (file.object, file.purpose, file.status, file.bytes) == ("file", "batch", "processed", len(content))
    assert file.filename == "名 \"a\";b.jsonl" and file.id.startswith("file-")
    assert began - 1 <= file.created_at <= time.time() + 1 and file.expires_at == file.created_at + 30 * 86400
    assert same(client.files.retrieve(file.id), file) and [one.id for one in client.files.list()] == [file.id]
    assert client.files.content(file.id).read() == content
    gone = client.files.delete(file.id)
    assert gone.deleted and gone.id == file.id and gone.object == "file"
    for look in (client.files.retrieve, client.files.content, client.files.delete):
        with pytest.raises(openai.NotFoundError):
            look(file.id)
    assert list(client.files.list()) == []


def test_files_come_as_bytes_paths_and_streams(client, tmp_path):
    content = written([chat("1")])
    (tmp_path / "in.jsonl").write_bytes(content)
    with (tmp_path / "in.jsonl").open("rb") as opened:
        for given in (content, tmp_path / "in.jsonl", opened, io.BytesIO(content), ("x.jsonl", content, "application/jsonl")):
            file = client.files.create(file=given, purpose="batch")
            assert client.files.content(file.id).read() == content


def test_a_large_file_comes_back_byte_for_byte(client):
    content = b"".join(b"%d %s\r\n" % (number, os.urandom(500).hex().encode()) for number in range(20_000))
    content += ("ü" * 3_000_000 + "\n").encode()
    file = client.files.create(file=("large.jsonl", content), purpose="batch")
    assert file.bytes == len(content) > 20 << 20
    assert client.files.content(file.id).read() == content


def test_curl_uploads_and_downloads(service, tmp_path):
    (tmp_path / "in.jsonl").write_bytes(written([chat(str(number)) for number in range(30_000)]))
    url = f"{service.url}/v1/files"
    done = subprocess.run(
        ["curl", "-fsS", url, "-H", "X-Tenant: curl", "-F", f"file=@{tmp_path}/in.jsonl", "-F", "purpose=batch"],
        capture_output=True, check=True)
    id = json.loads(done.stdout)["id"]
    subprocess.run(
        ["curl", "-fsS", f"{url}/{id}/content", "-H", "X-Tenant: curl", "-o", tmp_path / "out.jsonl"], check=True)
    assert (tmp_path / "out.jsonl").read_bytes() == (tmp_path / "in.jsonl").read_bytes()


def test_files_are_paged_in_both_orders(client):
    files = [upload(client, [chat("1")]) for _ in range(5)]
    assert [one.id for one in client.files.list(limit=2)] == [one.id for one in reversed(files)]
    assert [one.id for one in client.files.list(limit=2, order="asc", purpose="batch")] == [one.id for one in files]
    assert list(client.files.list(purpose="batch_output")) == []
    for wrong in ({"limit": 0}, {"limit": 10_001}, {"order": "up"}):
        with pytest.raises(openai.BadRequestError) as caught:
            client.files.list(**wrong)
        assert caught.value.param == next(iter(wrong))


def test_a_file_may_have_a_life_of_its_own(client):
    file = upload(client, [chat("1")], expires_after={"anchor": "created_at", "seconds": 3600})
    assert file.expires_at == file.created_at + 3600
    with pytest.raises(openai.BadRequestError) as caught:
        upload(client, [chat("1")], expires_after={"anchor": "created_at", "seconds": 60})
    assert caught.value.param == "expires_after"


@pytest.mark.parametrize("content, purpose, param, said", [
    (b"{}\n", "fine-tune", "purpose", "batch"), (b"", "batch", "file", "empty"), (b"{}\n\xff\n", "batch", "file", "line 2"),
    (b"{}\n{}\n\0", "batch", "file", "line 3")])
def test_a_file_that_cannot_be_kept_is_refused_by_name(client, content, purpose, param, said):
    with pytest.raises(openai.BadRequestError) as caught:
        client.files.create(file=("in.jsonl", content), purpose=purpose)
    assert caught.value.param == param and said in caught.value.message
    assert list(client.files.list()) == []


def test_a_file_above_the_limit_is_refused(own_service):
    service = own_service(workers=0, BATCH_FILE_BYTES="4096")
    client = service.openai()
    assert client.files.create(file=("in.jsonl", b"x" * 4096), purpose="batch").bytes == 4096
    for size in (4097, 3_000_000):
        with pytest.raises(openai.APIStatusError) as caught:
            client.files.create(file=("in.jsonl", b"x" * size), purpose="batch")
        assert caught.value.status_code == 413 and caught.value.code == "request_too_large"
    assert len(list(client.files.list())) == 1 and len(service.postgres.query("SELECT 1 FROM batch_files")) == 1


def test_an_upload_that_is_cut_off_leaves_nothing(own_service):
    service = own_service(workers=0)
    head = (b"POST /v1/files HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n"
            b"Content-Type: multipart/form-data; boundary=b\r\n\r\n"
            b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n")
    with socket.create_connection(("127.0.0.1", service.port)) as caller:
        caller.sendall(head + b"line\n" * 400_000)
        eventually(lambda: service.postgres.query("SELECT 1 FROM batch_chunks"), what="a part is stored")
        assert list(service.openai().files.list()) == []
    eventually(lambda: not service.postgres.query("SELECT 1 FROM batch_files"), what="the file is gone")
    assert service.postgres.query("SELECT 1 FROM batch_chunks") == []


def test_a_download_that_cannot_go_on_does_not_end_as_if_it_were_whole(own_service):
    service = own_service(workers=0)
    client = service.openai()
    file = client.files.create(file=("in.jsonl", (b"x" * 999 + b"\n") * 60_000), purpose="batch")
    with pytest.raises(httpx.HTTPError), service.http as http:
        with http.stream("GET", f"/v1/files/{file.id}/content") as response:
            assert response.status_code == 200
            pieces = response.iter_raw()
            next(pieces)
            service.postgres.stop()
            for _ in pieces:
                pass
    with pytest.raises(openai.InternalServerError) as caught:
        client.files.list()
    assert caught.value.status_code == 503 and caught.value.code == "database_unavailable"
    assert caught.value.response.headers["retry-after"]


# MARK: batches


def test_a_batch_runs_to_its_end(client):
    lines = [chat(f"line-{number}", f"number {number}.") for number in range(20)]
    batch = start(client, lines, metadata={"job": "nightly"})
    assert batch.object == "batch" and batch.status in ("validating", "in_progress")
    assert batch.completion_window == "24h" and batch.expires_at == batch.created_at + 86400
    assert batch.metadata == {"job": "nightly"} and batch.output_file_id is None
    done = ended(client, batch)
    assert done.status == "completed" and done.error_file_id is None and done.errors is None
    assert done.request_counts.model_dump() == {"total": 20, "completed": 20, "failed": 0}
    assert done.created_at <= done.in_progress_at <= done.finalizing_at <= done.completed_at
    found = results(client, done.output_file_id)
    assert found.keys() == {line["custom_id"] for line in lines}
    for number in range(20):
        response = found[f"line-{number}"]["response"]
        assert response["status_code"] == 200 and response["request_id"] and found[f"line-{number}"]["error"] is None
        assert f"number {number}." in response["body"]["choices"][0]["message"]["content"]
    usages = [line["response"]["body"]["usage"] for line in found.values()]
    assert done.usage.total_tokens == sum(usage["total_tokens"] for usage in usages)
    assert done.usage.input_tokens == sum(usage["prompt_tokens"] for usage in usages) > 0
    output = client.files.retrieve(done.output_file_id)
    assert output.purpose == "batch_output" and output.bytes == len(client.files.content(output.id).read())
    assert [one.id for one in client.files.list(purpose="batch_output")] == [output.id]


def test_embeddings_run_as_a_batch(client):
    texts = {f"e-{number}": f"text {number}" for number in range(5)}
    done = ended(client, start(client, [embedding(*pair) for pair in texts.items()], EMBEDDINGS))
    assert done.status == "completed" and done.endpoint == EMBEDDINGS
    for id, line in results(client, done.output_file_id).items():
        alone = client.embeddings.create(model="sandbox-embedding", input=texts[id], encoding_format="float")
        assert line["response"]["body"]["data"][0]["embedding"] == pytest.approx(alone.data[0].embedding)


def test_lines_that_fail_are_in_the_error_file(client):
    lines = [chat("good"), chat("filtered", "[[fail=content_filtered]]"), chat("unknown", model="no-such-model")]
    done = ended(client, start(client, lines))
    assert done.status == "completed"
    assert done.request_counts.model_dump() == {"total": 3, "completed": 1, "failed": 2}
    assert results(client, done.output_file_id).keys() == {"good"}
    failed = results(client, done.error_file_id)
    assert failed.keys() == {"filtered", "unknown"}
    assert failed["filtered"]["response"]["status_code"] == 400
    assert failed["filtered"]["response"]["body"]["error"]["code"] == "content_filter"


def test_a_bad_file_fails_and_every_mistake_has_its_line(client):
    content = written([chat("1")]) + b"no json\n" + written([chat("1"), embedding("4", "x"), chat("5", temperature="hot")])
    file = client.files.create(file=("in.jsonl", content), purpose="batch")
    batch = client.batches.create(input_file_id=file.id, endpoint=CHAT, completion_window="24h")
    done = ended(client, batch)
    assert done.status == "failed" and done.failed_at and done.output_file_id is None and done.error_file_id is None
    assert done.errors.object == "list" and {error.line for error in done.errors.data} == {2, 3, 4, 5}
    assert all(error.code and error.message for error in done.errors.data)


def test_a_batch_is_cancelled(client):
    batch = start(client, [chat(str(number), "[[ttft_ms=1000]]") for number in range(100)], extra_body={"concurrency": 2})
    eventually(lambda: client.batches.retrieve(batch.id).request_counts.completed, what="a line is done")
    assert client.batches.cancel(batch.id).status in ("cancelling", "cancelled")
    done = ended(client, batch)
    assert done.status == "cancelled" and done.cancelling_at <= done.cancelled_at
    output, errors = results(client, done.output_file_id), results(client, done.error_file_id)
    assert 0 < len(output) < 100 and output.keys() | errors.keys() == {str(number) for number in range(100)}
    assert done.request_counts.model_dump() == {"total": 100, "completed": len(output), "failed": len(errors)}
    assert "batch_cancelled" in {line["error"]["code"] for line in errors.values() if line["error"]}
    assert client.batches.cancel(batch.id).status == "cancelled"


def test_a_batch_expires_with_what_it_has(client):
    """One line at a time, each of 4 s, so that a minute is too short for 40 of them."""
    lines = [chat(str(number), "[[ttft_ms=4000]]") for number in range(40)]
    batch = start(client, lines, window="1m", extra_body={"concurrency": 1})
    assert batch.expires_at - batch.created_at in (59, 60, 61)
    done = ended(client, batch, 100)
    assert done.status == "expired" and done.expired_at
    output, errors = results(client, done.output_file_id), results(client, done.error_file_id)
    assert 0 < len(output) < 20 and output.keys() | errors.keys() == {str(number) for number in range(40)}
    assert "batch_expired" in {line["error"]["code"] for line in errors.values() if line["error"]}


def test_a_batch_that_has_ended_cannot_be_cancelled(client):
    done = ended(client, start(client, [chat("1")]))
    with pytest.raises(openai.ConflictError):
        client.batches.cancel(done.id)
    assert same(client.batches.retrieve(done.id), done)


def test_batches_are_paged(client):
    ids = [start(client, [chat("1")]).id for _ in range(5)]
    assert [one.id for one in client.batches.list(limit=2)] == ids[::-1]
    with pytest.raises(openai.BadRequestError):
        client.batches.list(limit=101)


@pytest.mark.parametrize("wrong, param", [
    ({"endpoint": "/v1/responses"}, "endpoint"), ({"completion_window": "31d"}, "completion_window"),
    ({"input_file_id": "file-none"}, "input_file_id"), ({"metadata": {f"k{number}": "v" for number in range(17)}}, "metadata"),
    ({"extra_body": {"rpm": 0}}, "rpm"), ({"extra_body": {"priority": 10}}, "priority"),
    ({"extra_body": {"provider": "nobody"}}, "provider"),
    ({"output_expires_after": {"anchor": "created_at", "seconds": 1}}, "output_expires_after")])
def test_a_wrong_batch_names_the_field(client, wrong, param):
    file = upload(client, [chat("1")])
    with pytest.raises(openai.BadRequestError) as caught:
        client.batches.create(**{"input_file_id": file.id, "endpoint": CHAT, "completion_window": "24h", **wrong})
    assert caught.value.param == param and caught.value.type == "invalid_request_error"


def test_a_tenant_sees_its_own_alone(service):
    red, blue = (of_tenant(service, f"{name}-{uuid.uuid4()}") for name in ("red", "blue"))
    batch = ended(red, start(red, [chat("1")]))
    for look in (blue.batches.retrieve, blue.batches.cancel):
        with pytest.raises(openai.NotFoundError):
            look(batch.id)
    for id in (batch.input_file_id, batch.output_file_id):
        for look in (blue.files.retrieve, blue.files.content, blue.files.delete):
            with pytest.raises(openai.NotFoundError):
                look(id)
    with pytest.raises(openai.BadRequestError) as caught:
        blue.batches.create(input_file_id=batch.input_file_id, endpoint=CHAT, completion_window="24h")
    assert caught.value.param == "input_file_id"
    assert list(blue.files.list()) == [] and list(blue.batches.list()) == []
    assert len(list(red.files.list())) == 2


def test_a_key_twice_is_one_batch(client):
    file = upload(client, [chat("1")])
    asked = {"input_file_id": file.id, "endpoint": CHAT, "completion_window": "24h", "extra_headers": {"Idempotency-Key": "k"}}
    first = ended(client, client.batches.create(**asked))
    assert same(client.batches.create(**asked), first) and len(list(client.batches.list())) == 1
    client.files.delete(file.id)
    assert client.batches.create(**asked).id == first.id
    with pytest.raises(openai.UnprocessableEntityError) as caught:
        client.batches.create(**asked, metadata={"other": "body"})
    assert caught.value.code == "idempotency_conflict"


def test_the_input_of_a_running_batch_stays(client):
    batch = start(client, [chat("1", "[[ttft_ms=1500]]")])
    with pytest.raises(openai.ConflictError) as caught:
        client.files.delete(batch.input_file_id)
    assert caught.value.code == "file_in_use"
    done = ended(client, batch)
    assert client.files.delete(batch.input_file_id).deleted
    with pytest.raises(openai.BadRequestError) as caught:
        client.files.delete(done.output_file_id)
    assert caught.value.code == "result_file"
