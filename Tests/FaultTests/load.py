"""Callers of every kind at once: through the shims, the jobs API, and plain XADD and XREAD.

Each path is one coroutine that asks one request and writes down what it lived. Which path and which plan comes next is drawn
from the seed. The times of faults are drawn from it too, but not what they meet.
"""

import asyncio
import json
import random
import time
import traceback
import uuid

import redis

import wire
from records import END

BROKEN = (ConnectionError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError)
# The longest wait of a caller for the end of its request: deadline, lease, failovers and all outages fit into it.
PATIENCE = 75

GOOD = [["ok:1:0"], ["ok:5:20"], ["ok:12:60"], ["ok:25:80"], ["ok:8:150"], ["big:6:3000"]]
ROUGH = [
    ["e500", "ok:4:20"], ["e429", "ok:4:20"], ["e503", "e500", "ok:6:40"], ["cut:0", "ok:4:20"], ["cut:3"],
    ["stall:0", "ok:3:20"],
    ["stall:2"], ["early:2"], ["hostile:0"], ["hostile:1"], ["hostile:2"], ["hostile:3"], ["e400"], ["trickle", "ok:3:10"],
]


class Load:
    def __init__(self, book, fleet, seed, callers=48, paths=None, rough=0.25, is_hostile=True):
        self.book, self.fleet, self.callers, self.rough, self.is_hostile = book, fleet, callers, rough, is_hostile
        self.dice, self.is_over, self.surprises = random.Random(seed), False, []
        # The plan and padding of every request to come, in directed scenarios.
        self.fixed, self.padding = None, None
        self.paths = paths or {
            self.stream: 22, self.whole: 16, self.resumed: 10, self.keyed: 10, self.job: 10, self.job_stream: 8, self.xadd: 16,
            self.xadd_twice: 3, self.leaver: 6, self.slow: 3, self.deaf: 1, self.job_cancelled: 4, self.xadd_cancelled: 2,
            self.restarting: 4, self.conflicting: 3}

    async def run(self):
        """Runs until `is_over`, then until every caller has come to its end."""
        await asyncio.gather(*(self._call_on(number) for number in range(self.callers)))

    async def _call_on(self, number):
        await asyncio.sleep(number * 0.05)
        while not self.is_over:
            await self.one(self.dice.choices(list(self.paths), list(self.paths.values()))[0])
            await asyncio.sleep(self.dice.random() * 0.2)

    async def one(self, path, *arguments):
        try:
            return await asyncio.wait_for(path(*arguments), PATIENCE + 15)
        except asyncio.TimeoutError:
            # Its request has no outcome, and the checker says so.
            return None
        except Exception:
            # An answer of a shape that callers do not expect is a violation, and the others go on.
            self.surprises.append((time.time(), traceback.format_exc(limit=4)))
            return None

    # MARK: what is asked

    def plan(self):
        if self.fixed:
            return self.fixed
        plans = [plan for plan in ROUGH if self.is_hostile or not plan[0].startswith("hostile")]
        return self.dice.choice(plans if self.dice.random() < self.rough else GOOD)

    def new(self, path, stream, plan=None, **options):
        request = self.book.request(path, stream, plan or self.plan(), **options)
        if self.padding is None:
            request.padding = 20_000 if self.dice.random() < 0.1 else 0
        else:
            request.padding = self.padding
        request.may_fail = any(step.split(":")[0] in ("e400", "cut", "stall", "early", "e500", "e503", "e429", "trickle",
            "poison")
                               for step in request.plan)
        return request

    @staticmethod
    def body(request, **more):
        prompt = f"fault-suite {request.tag} {','.join(request.plan)} end {'p' * request.padding}"
        return {"model": "stub", "messages": [{"role": "user", "content": prompt}], "user": request.tag,
                "stream": request.stream, **more}

    def shim(self):
        return self.dice.choice(self.fleet.shims).port

    async def post(self, request, path="/v1/chat/completions", headers=None, receive_buffer=None, **more):
        """The response, or None where there was none or the request was refused. The record is told which."""
        try:
            response = await asyncio.wait_for(
                wire.ask(self.shim(), "POST", path, self.body(request, **more), headers, receive_buffer), PATIENCE)
        except asyncio.TimeoutError:
            request.note("no answer in time")
            return None
        except BROKEN as error:
            request.end("cut")
            request.note(f"no answer: {error!r}")
            return None
        request.status, request.id = response.status, response.headers.get("x-job-id") or request.id
        if response.status < 300:
            request.accepted = True
            return response
        await self._refused(request, response)
        return None

    async def _refused(self, request, response):
        """An error: what the service says of a request that ended badly, or that it did not take."""
        try:
            error = (await response.json()).get("error", {})
        except (*BROKEN, AttributeError):
            error = {}
        response.close()
        said_nothing = "nothing was accepted" in error.get("message", "")
        if "x-job-id" in response.headers and not said_nothing:
            request.accepted = True
        elif response.status in (400, 404, 413, 422) or said_nothing or error.get("code") in ("queue_full",
            "too_many_open_requests"):
            request.accepted = False
        request.end(f"error:{error.get('code')}")
        request.note(f"{response.status} {error.get('message', '')[:160]}")

    # MARK: reading

    async def read(self, request, response, until=None, pause=0.0):
        """Puts events into the record. Returns the last id. `until` (of the text) stops early, by the caller's choice."""
        last = None
        try:
            async for id, name, data in response.events():
                if name == "comment":
                    continue
                if name == "restart":
                    request.text, request.restarts = "", request.restarts + 1
                    request.note("announced restart")
                    continue
                if data == "[DONE]":
                    request.end("done")
                    break
                chunk = json.loads(data)
                if "error" in chunk:
                    request.end(f"error:{chunk['error'].get('code')}")
                    request.note(f"in the stream: {chunk['error'].get('message', '')[:160]}")
                    break
                for choice in chunk.get("choices", []):
                    request.text += choice["delta"].get("content") or ""
                if id:
                    last = (id, request.text)
                if pause:
                    await asyncio.sleep(pause)
                if until and id and until(request.text):
                    request.note(f"stops reading at {id}")
                    response.abort()
                    return last
            if request.outcome is None:
                request.end("cut")
                request.note("the stream ended without an end")
        except BROKEN as error:
            request.end("cut")
            request.note(f"the stream broke: {error!r}")
        response.close()
        return last

    async def read_whole(self, request, response):
        try:
            answer = await asyncio.wait_for(response.json(), PATIENCE)
            request.text = answer["choices"][0]["message"]["content"]
            request.end("done")
        except asyncio.TimeoutError:
            request.note("no answer in time")
        except BROKEN as error:
            request.end("cut")
            request.note(f"the answer broke: {error!r}")
        response.close()

    # MARK: callers of completions

    async def stream(self):
        request = self.new("stream", True)
        if response := await self.post(request):
            await self.read(request, response)

    async def followed(self):
        """A stream whose caller comes back wherever it breaks, as a client with `Last-Event-ID` does."""
        request = self.new("followed", True)
        if response := await self.post(request):
            last = await self.read(request, response)
            if request.outcome == "cut":
                await self._come_back(request, last)

    async def restarting(self):
        """Takes a second beginning after a worker died."""
        request = self.new("restarting", True)
        request.restarts_allowed = True
        native = {"model_name": "stub", "messages": self.body(request)["messages"], "user_id": request.tag, "stream": True,
                  "on_worker_loss": "restart"}
        try:
            response = await wire.ask(self.shim(), "POST", "/api/v1/chat/completions", native)
        except BROKEN as error:
            request.end("cut")
            return request.note(f"no answer: {error!r}")
        request.status, request.id = response.status, response.headers.get("x-job-id")
        if response.status != 200:
            return await self._refused(request, response)
        request.accepted = True
        await self.read(request, response)

    async def whole(self):
        request = self.new("whole", False)
        if response := await self.post(request):
            await self.read_whole(request, response)

    async def keyed(self):
        """With an `Idempotency-Key`: asks again, anywhere, until it has an answer."""
        request = self.new("keyed", self.dice.random() < 0.5)
        headers, give_up = {"idempotency-key": f"key-{request.tag}-{uuid.uuid4()}"}, time.time() + PATIENCE
        while time.time() < give_up:
            request.outcome, request.text = None, ""
            if response := await self.post(request, headers=headers):
                await (self.read(request, response) if request.stream else self.read_whole(request, response))
            if request.outcome == "done" or (request.outcome or "").startswith("error:") and request.status not in (503,):
                return
            # A refusal now says nothing of a request that an earlier try may have brought in.
            request.accepted = request.accepted or None
            await asyncio.sleep(0.3)

    async def conflicting(self):
        """Two large bodies under one key: the second is refused and must not take the first one's place."""
        request = self.new("conflicting", False, ["ok:8:100"])
        request.padding = 20_000
        key = {"idempotency-key": f"conflict-{request.tag}-{uuid.uuid4()}"}
        other = self.new("conflicting-2", False, ["ok:1:0"])
        other.padding = 20_000
        first = asyncio.ensure_future(self.post(request, headers=key))
        await asyncio.sleep(self.dice.uniform(0.05, 0.5))
        if response := await self.post(other, headers=key):
            # The first one had not arrived, so that this one has the key, and the first is refused.
            await self.read_whole(other, response)
        if response := await first:
            await self.read_whole(request, response)

    async def slow(self):
        """Reads a large answer slowly, with a small socket buffer: it must come whole, from the log."""
        request = self.new("slow", True, [f"big:{self.dice.randint(30, 60)}:8000"])
        if response := await self.post(request, receive_buffer=8192):
            await self.read(request, response, pause=0.03)

    async def deaf(self):
        """Never reads, so the shim must let go of it."""
        request = self.new("deaf", True, ["big:150:20000"], may_be_cancelled=True)
        request.is_partial = True
        try:
            response = await wire.ask(self.shim(), "POST", "/v1/chat/completions", self.body(request), None, 4096, limit=4096)
            request.id = response.headers.get("x-job-id")
            request.accepted = response.status == 200 or None
            await asyncio.sleep(8)
            response.abort()
        except BROKEN as error:
            request.note(repr(error))
        request.end("left")

    async def leaver(self):
        request = self.new("leaver", True, [self.dice.choice(["ok:40:60", "ok:20:100", "big:20:2000"])], may_be_cancelled=True)
        request.is_partial = True
        if response := await self.post(request):
            want = self.dice.randint(1, 200)
            await self.read(request, response, until=lambda text: len(text) >= want)
        if request.outcome in (None, "cut"):
            request.end("left")

    async def resumed(self):
        """Goes away in the middle, and comes back at any shim with the last id, as often as it takes."""
        request = self.new("resumed", True, [self.dice.choice(["ok:25:80", "ok:40:50", "ok:12:100", "big:20:4000"])])
        if not (response := await self.post(request)):
            return
        want = self.dice.randint(20, 300)
        last = await self.read(request, response, until=lambda text: len(text) >= want)
        await self._come_back(request, last)

    async def _come_back(self, request, last):
        """Resumes until there is an end, or the request is unknown."""
        give_up = time.time() + PATIENCE
        # Whoever saw no id begins at the beginning.
        id, request.text = last or ("0-0", "")
        while request.outcome in (None, "cut") and request.id and time.time() < give_up:
            request.outcome = None
            headers = {"last-event-id": id}
            try:
                response = await asyncio.wait_for(
                    wire.ask(self.shim(), "GET", f"/api/v1/jobs/{request.id}/stream", None, headers), PATIENCE)
            except (asyncio.TimeoutError, *BROKEN):
                request.outcome = "cut"
                await asyncio.sleep(0.2)
                continue
            if response.status == 503:
                response.close()
                request.outcome = "cut"
                await asyncio.sleep(0.3)
                continue
            if response.status != 200:
                await self._refused(request, response)
                if response.status == 404:
                    # Away for longer than the grace and the log's life, since shims or Redis were: that is said, not hidden.
                    request.may_be_cancelled = True
                return
            request.note(f"resumes after {id}")
            before = request.text
            seen = await self.read(request, response)
            if request.outcome == "cut":
                id, request.text = seen or (id, before)

    # MARK: jobs

    async def _submit_job(self, request):
        """With a key, again and again until somebody says that it is in."""
        headers, give_up = {"idempotency-key": f"job-{request.tag}-{uuid.uuid4()}"}, time.time() + PATIENCE
        while time.time() < give_up:
            request.outcome = None
            if response := await self.post(request, "/api/v1/jobs", headers):
                try:
                    request.id = (await response.json())["id"]
                    response.close()
                    return True
                except BROKEN:
                    pass
            if request.accepted is False and request.status not in (503,):
                return False
            request.accepted = None
            await asyncio.sleep(0.3)
        return False

    async def _report(self, request):
        """The job's report, None where nobody could say, `{}` where nobody knows it."""
        try:
            response = await asyncio.wait_for(wire.ask(self.shim(), "GET", f"/api/v1/jobs/{request.id}"), 20)
            if response.status == 404:
                response.close()
                return {}
            return await asyncio.wait_for(response.json(), 20) if response.status == 200 else None
        except (asyncio.TimeoutError, *BROKEN):
            return None

    async def _poll(self, request):
        give_up = time.time() + PATIENCE
        while time.time() < give_up:
            report = await self._report(request)
            if report == {}:
                return request.end("error:not_found")
            if report and report.get("status") in ("done", "error", "cancelled"):
                if report["status"] == "done":
                    request.text = report["result"]["choices"][0]["message"]["content"]
                    return request.end("done")
                return request.end(f"error:{(report.get('error') or {}).get('code')}")
            await asyncio.sleep(0.25)
        request.note("the job did not end in time")

    async def job(self):
        request = self.new("job", self.dice.random() < 0.5)
        if await self._submit_job(request):
            await self._poll(request)

    async def job_stream(self):
        request = self.new("job-stream", True)
        if await self._submit_job(request):
            request.outcome = "cut"
            await self._come_back(request, None)

    async def job_cancelled(self):
        request = self.new("job-cancelled", True, ["ok:40:100"], may_be_cancelled=True)
        if not await self._submit_job(request):
            return
        await asyncio.sleep(self.dice.random() * 2)
        give_up = time.time() + PATIENCE
        while time.time() < give_up:
            try:
                response = await asyncio.wait_for(wire.ask(self.shim(), "DELETE", f"/api/v1/jobs/{request.id}"), 20)
                response.close()
                if response.status == 200:
                    break
            except (asyncio.TimeoutError, *BROKEN):
                pass
            await asyncio.sleep(0.3)
        await self._poll(request)

    # MARK: plain XADD and XREAD

    def _entry(self, request, **fields):
        request.id = f"0-{uuid.uuid4().hex}"
        return {"v": 1, "id": request.id, "t": self.dice.choice(["red", "blue"]), "u": request.tag, "tr": 1,
                "dl": int((time.time() + 40) * 1000), "req": json.dumps(self.body(request)), **fields}

    async def _add(self, request, fields, lane=None):
        """Blindly again until Redis has answered, which the protocol allows. Returns whether it is in."""
        lane, give_up = lane or self.dice.choice(["normal", "normal", "high", "batch"]), time.time() + 60
        while time.time() < give_up:
            try:
                entry = await self.fleet.client.xadd(self.fleet.key(f"q:{lane}"), fields)
                request.accepted = True
                request.note(f"XADD {lane} {entry.decode()}")
                return True
            except (redis.RedisError, OSError) as error:
                request.note(f"XADD: {error!r}")
                await asyncio.sleep(0.3)
        return False

    async def _follow(self, request):
        log, last, give_up = self.fleet.key(f"log:{request.id}"), "0-0", time.time() + PATIENCE
        while time.time() < give_up:
            try:
                entries = await self.fleet.client.xrange(log, f"({last}", "+", count=200)
            except (redis.RedisError, OSError):
                await asyncio.sleep(0.3)
                continue
            for at, fields in entries:
                last = at.decode()
                if fields[b"k"] == b"s" and request.text:
                    request.text, request.restarts = "", request.restarts + 1
                    request.note("a new attempt after text")
                if fields[b"k"] == b"d":
                    for line in fields[b"d"].splitlines():
                        for choice in json.loads(line)["choices"]:
                            request.text += choice["delta"].get("content") or ""
                if last == END:
                    return self._ended(request, fields)
            await asyncio.sleep(0.15)
        request.note("the log has no end")

    @staticmethod
    def _ended(request, fields):
        result = json.loads(fields[b"r"]) if fields[b"r"] else None
        if fields[b"st"] != b"done":
            return request.end(f"error:{(result or {}).get('kind')}")
        if result:
            request.text = result["choices"][0]["message"]["content"]
        request.end("done")

    async def xadd(self):
        request = self.new("xadd", self.dice.random() < 0.6)
        if await self._add(request, self._entry(request)):
            await self._follow(request)

    async def xadd_twice(self):
        """A producer that repeats itself, in one lane or in two."""
        request = self.new("xadd-twice", self.dice.random() < 0.5)
        fields = self._entry(request)
        if await self._add(request, fields):
            await self._add(request, fields)
            await self._follow(request)

    async def xadd_cancelled(self):
        request = self.new("xadd-cancelled", True, ["ok:40:100"], may_be_cancelled=True)
        if not await self._add(request, self._entry(request)):
            return
        await asyncio.sleep(self.dice.random() * 2)
        log, end = self.fleet.key(f"log:{request.id}"), {
            "k": "e", "st": "cancelled", "a": 0, "m": "{}", "r": json.dumps({"kind": "cancelled", "message": "by its owner"})}
        for _ in range(100):
            try:
                await self.fleet.client.xadd(log, end, id=END)
                await self.fleet.client.pexpire(log, 60_000)
                break
            except redis.ResponseError as error:
                if "equal or smaller" in str(error):
                    # Ended before, or by a try of ours whose reply was lost.
                    await self._mortal(log)
                    break
            except (redis.RedisError, OSError):
                pass
            await asyncio.sleep(0.3)
        await self._follow(request)

    async def _mortal(self, log):
        try:
            if await self.fleet.client.pttl(log) == -1:
                await self.fleet.client.pexpire(log, 60_000)
        except (redis.RedisError, OSError):
            pass
