"""A caller that waits for a busy account is told where it stands: by the job's report, and in the stream."""

import re
import threading

import pytest

from support.backlog import Backlog
from support.counting import CountingPlatform, Mode
from support.processes import eventually
from support.service import ALL, Service, prompt


@pytest.fixture(scope="module")
def service(workspace, template):
    platform = CountingPlatform(narrow=Mode(service=1.5))
    service = Service(workspace / "waiting", template, platform, catalogue={
        "models": [{"id": "narrow", "provider": "openai", "capabilities": ALL}],
        "accounts": [platform.catalogue_account("narrow", ["narrow"], concurrency=1)]})
    yield service
    service.stop()
    platform.stop()


@pytest.fixture
def busy(service):
    """One request runs, two wait before whoever comes."""
    backlog = Backlog(service)
    backlog.add(3, "narrow")
    eventually(lambda: service.redis.client().zcard(service.key("rooms")), what="somebody waits")
    yield backlog
    assert backlog.ended() == {"done": 3}


def test_a_jobs_report_says_its_place_until_its_turn_comes(service, busy):
    with service.http as client:
        job = client.post("/api/v1/jobs", json={"model_name": "narrow", "messages": prompt()}).json()
        places = []

        def is_done():
            response = client.get(job["links"]["self"])
            place = response.headers.get("x-queue-position")
            assert (place is None) == ("queue" not in response.json())
            if place:
                assert int(place) == response.json()["queue"]["position"] and response.json()["status"] == "queued"
                places.append(int(place))
            return response.json()["status"] == "done"

        eventually(is_done, what="the job is done")
    print(f"places {sorted(set(places), reverse=True)}")
    # One step less for the moment in which the first one tries whether there is capacity.
    assert places[0] == max(places) >= 2 and places[-1] == 1


def test_a_stream_hears_its_place_before_its_first_token(service, busy):
    body = {"model": "narrow", "messages": prompt(), "stream": True}
    with service.http as client, client.stream("POST", "/v1/chat/completions", json=body) as response:
        lines = list(response.iter_lines())
    said = [line for line in lines if line.startswith(": queue")]
    print(said)
    assert said and all(re.fullmatch(r": queue position=\d+( wait=\d+)?", line) for line in said)
    assert lines.index(said[-1]) < next(at for at, line in enumerate(lines) if line.startswith("data: "))
    assert [line for line in lines if line.startswith("data: ")][-1] == "data: [DONE]"


def test_the_sdk_reads_on_over_such_comments(service, busy):
    texts = []

    def ask():
        stream = service.openai().chat.completions.create(model="narrow", messages=prompt(), stream=True)
        texts.append("".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices))

    caller = threading.Thread(target=ask)
    caller.start()
    caller.join(60)
    assert texts and texts[0]
