"""Callers at a steady pace, whatever their answers take."""

import asyncio
import threading
import time
from dataclasses import dataclass

import httpx

from .service import prompt


@dataclass
class Answered:
    at: float
    seconds: float
    status: int
    job: str
    text: str


class Pace:
    """`with Pace(service, "model", per_second=10) as pace:` … then `pace.answers`, one per request, all ended."""

    def __init__(self, service, model, per_second, **body):
        self._url, self._pause, self.answers = service.url, 1 / per_second, []
        self._body = {"model": model, "messages": prompt("pace"), **body}
        self._over = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._ask_on()))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join(120)

    async def _ask_on(self):
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(base_url=self._url, timeout=90, limits=limits) as client:
            async with asyncio.TaskGroup() as group:
                due = time.monotonic()
                while not self._over.is_set():
                    group.create_task(self._ask(client))
                    due += self._pause
                    await asyncio.sleep(max(0, due - time.monotonic()))

    async def _ask(self, client):
        began = time.monotonic()
        try:
            response = await client.post("/v1/chat/completions", json=self._body)
            status, job, text = response.status_code, response.headers.get("x-job-id", ""), response.text
        except httpx.HTTPError as error:
            status, job, text = 0, "", repr(error)
        self.answers.append(Answered(began, time.monotonic() - began, status, job, text))
