"""A platform that replays recordings: the same bytes, cut at the same places, ended in the same way.

In: recordings. Out: a server. The first part of a path names the recording (`base_url` of its account).
"""

import asyncio
import itertools

from support.http_server import ThreadedServer


# Headers that frame a message between two servers. It was unpacked before it was recorded.
FRAMING = {"connection", "content-encoding", "content-length", "content-type", "date", "keep-alive", "server",
    "transfer-encoding"}
PROMPT = b"Replay"  # what the caller of a replayed call says
LONGEST_PAUSE = 0.02  # seconds: order and cuts matter, not patience


class Replayer:
    def __init__(self, recordings):
        self._recordings = {recording.name: recording for recording in recordings}
        self.problems, self.calls = [], {name: 0 for name in self._recordings}
        self.server = ThreadedServer(self._answer, self.problems.append)

    def url(self, recording):
        return f"{self.server.url}/{recording.name}"

    def stop(self):
        self.server.stop()

    async def _answer(self, call):
        if call.path.endswith("/oauth/2.0/token"):
            return await call.send({"access_token": "24.replayed", "expires_in": 2592000})
        if PROMPT not in call.raw:
            # The probe of the account.
            return await call.send({"object": "list", "data": []})
        name = call.path.split("/")[1]
        self.calls[name] += 1
        await self._replay(call, self._recordings[name])

    async def _replay(self, call, recording):
        if recording.status is None:
            return call.drop()
        headers = [(name, value) for name, value in recording.headers if name not in FRAMING]
        kind = next((value for name, value in recording.headers if name == "content-type"), "application/json")
        await call.head(recording.status, kind, headers=headers)
        times = [milliseconds / 1000 for milliseconds, _ in recording.pieces]
        for pause, (_, piece) in zip([0, *(later - sooner for sooner, later in itertools.pairwise(times))], recording.pieces):
            await asyncio.sleep(max(0.001, min(pause, LONGEST_PAUSE)))
            await call.chunk(piece)
        if recording.is_whole:
            return await call.finish()
        # The sent bytes must have arrived: an abort throws away what the kernel still holds.
        await asyncio.sleep(0.05)
        call.drop()
