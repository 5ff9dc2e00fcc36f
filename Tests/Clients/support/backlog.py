"""Requests that a backend puts into the queue by plain XADD, many at once, and how each ended."""

import json
import time
import uuid
from collections import Counter

from .processes import eventually
from .service import prompt

END = b"18446744073709551615-0"


class Backlog:
    def __init__(self, service):
        self.service, self.ids = service, []
        self._redis = service.redis.client()

    def add(self, count, model, text="", lane="normal", tenant="default", seconds=900, fields=None, **body):
        """Returns the ids of the new ones."""
        request = json.dumps({"model": model, "messages": prompt(text), **body})
        deadline = int((time.time() + seconds) * 1000)
        new, pipeline = [f"0-{uuid.uuid4().hex}" for _ in range(count)], self._redis.pipeline(transaction=False)
        for id in new:
            pipeline.xadd(self.service.key(f"q:{lane}"), {
                "v": 1, "id": id, "t": tenant, "dl": deadline, "req": request, "tr": 1, **(fields or {})})
        pipeline.execute()
        self.ids += new
        return new

    def ends(self, ids=None):
        """id → `done`, `error`, `cancelled`, of those that have ended."""
        ids = self.ids if ids is None else ids
        pipeline = self._redis.pipeline(transaction=False)
        for id in ids:
            pipeline.xrevrange(self.service.key(f"log:{id}"), count=1)
        last = [entries[0] if entries else (None, {}) for entries in pipeline.execute()]
        return {id: fields[b"st"].decode() for id, (at, fields) in zip(ids, last) if at == END}

    def ended(self, ids=None, seconds=30):
        """The number that ended in each way, once all have."""
        ids = self.ids if ids is None else ids
        eventually(lambda: len(self.ends(ids)) == len(ids), seconds, f"{len(ids)} requests have ended")
        return Counter(self.ends(ids).values())

    def done(self, ids):
        return sum(status == "done" for status in self.ends(ids).values())


def starts(service, ids):
    """id → seconds from the XADD to the start of its first attempt, by the ledger."""
    return {id: milliseconds / 1000 for id, milliseconds in service.postgres.query(
        "SELECT request_id, queue_ms FROM usage_attempts WHERE attempt = 1 AND request_id = ANY(%s)", list(ids))}
