"""Callers at work while something breaks: threads that ask one request after the other and note how each ended."""

import threading
from concurrent.futures import ThreadPoolExecutor

from .service import job_id, prompt


class Load:
    """`with Load(service, callers=8) as load:` … then `load.ids` and `load.failures`."""

    def __init__(self, service, callers=8, streams=True, text="[[ttft_ms=50]] load"):
        self._service, self._callers, self._streams, self._text = service, callers, streams, text
        self._over = threading.Event()
        self._lock = threading.Lock()
        self.ids, self.failures = [], []

    def __enter__(self):
        self._pool = ThreadPoolExecutor(self._callers)
        self._work = [self._pool.submit(self._ask_on, self._streams and number % 2 == 1) for number in range(self._callers)]
        return self

    def __exit__(self, *_):
        self._over.set()
        for work in self._work:
            work.result(120)
        self._pool.shutdown()

    @property
    def answered(self):
        return len(self.ids)

    def _ask_on(self, stream):
        with self._service.openai() as client:
            while not self._over.is_set():
                self._ask(client, stream)

    def _ask(self, client, stream):
        try:
            got = client.chat.completions.create(model="sandbox", messages=prompt(self._text), stream=stream)
            id = got.id if not stream else self._read(got)
            with self._lock:
                self.ids.append(job_id(id))
        except Exception as error:  # noqa: BLE001  every failure is told by the test
            with self._lock:
                self.failures.append(error)
            self._over.wait(0.1)  # a refused caller comes back, but not in a busy loop

    @staticmethod
    def _read(stream):
        chunks = list(stream)
        assert any(chunk.choices and chunk.choices[0].finish_reason for chunk in chunks), "a stream without an end"
        return chunks[0].id


def is_refusal(error):
    """Nothing was accepted, and the caller was told so at once: the only failure an outage may show."""
    return getattr(error, "status_code", None) == 503 and (error.body or {}).get("code") in ("queue_unavailable", "queue_full")
