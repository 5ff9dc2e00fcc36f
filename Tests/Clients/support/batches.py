"""Batches by HTTP, as a caller makes them: a file, a batch, its end, its two result files."""

import json

from .processes import eventually
from .service import PROMPT_MARK

ENDED = {"completed", "failed", "expired", "cancelled"}


def line(number, text="", model="sandbox", **body):
    """One request in OpenAI's format."""
    return {
        "custom_id": f"line-{number}", "method": "POST", "url": "/v1/chat/completions",
        "body": {"model": model, "messages": [{"role": "user", "content": f"{PROMPT_MARK} {text}"}], **body}}


def jsonl(lines):
    return "".join(json.dumps(each) + "\n" for each in lines).encode()


def upload(service, lines, **headers):
    answer = service.http.post(
        "/v1/files", data={"purpose": "batch"}, files={"file": ("in.jsonl", jsonl(lines))}, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["id"]


def create(service, lines, tenant="default", **options):
    """The id of a new batch of these lines."""
    body = {
        "input_file_id": upload(service, lines, **{"X-Tenant": tenant}), "endpoint": "/v1/chat/completions",
        "completion_window": "24h", **options}
    answer = service.http.post("/v1/batches", json=body, headers={"X-Tenant": tenant})
    assert answer.status_code == 200, answer.text
    return answer.json()["id"]


def show(service, id, tenant="default"):
    answer = service.http.get(f"/v1/batches/{id}", headers={"X-Tenant": tenant})
    assert answer.status_code == 200, answer.text
    return answer.json()


def ended(service, id, tenant="default", seconds=60):
    """The batch once it has ended."""
    eventually(lambda: show(service, id, tenant)["status"] in ENDED, seconds, f"{id} has ended")
    return show(service, id, tenant)


def results(service, batch, tenant="default"):
    """The lines of both result files."""
    found = []
    for file in (batch["output_file_id"], batch["error_file_id"]):
        if file:
            answer = service.http.get(f"/v1/files/{file}/content", headers={"X-Tenant": tenant})
            assert answer.status_code == 200, answer.text
            found += [json.loads(each) for each in answer.text.splitlines()]
    return found
