"""A batch of OpenAI's own form, to the models of each platform, with the unmodified SDK."""

import json

from platforms.bench import bench, wire  # noqa: F401  fixtures
from platforms.scenarios import CHAT, Usage, marker
from support.processes import eventually


def test_three_lines_are_answered(bench, wire):
    ids = [bench.fresh_id() for _ in range(3)]
    lines = [
        {"custom_id": id, "method": "POST", "url": "/v1/chat/completions",
         "body": {"model": wire.id, "messages": [{"role": "user", "content": f"Hello. {marker('chat', id)}"}]}}
        for id in ids]
    client = bench.service.openai(default_headers={"X-Tenant": ids[0]})
    file = client.files.create(file=("in.jsonl", "\n".join(map(json.dumps, lines)).encode()), purpose="batch")
    batch = client.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")

    def look():
        now = client.batches.retrieve(batch.id)
        return now if now.status in ("completed", "failed", "expired", "cancelled") else None

    done = eventually(look, 60, "the batch ends")
    assert done.status == "completed" and done.error_file_id is None
    assert done.request_counts.model_dump() == {"total": 3, "completed": 3, "failed": 0}
    found = [json.loads(line) for line in client.files.content(done.output_file_id).text.splitlines()]
    assert sorted(line["custom_id"] for line in found) == sorted(ids)
    for line in found:
        assert line["response"]["body"]["choices"][0]["message"]["content"] == CHAT
        assert len(wire.asks(line["custom_id"])) == 1
    assert done.usage.total_tokens == 3 * Usage().total
