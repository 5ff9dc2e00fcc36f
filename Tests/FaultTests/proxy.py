"""A TCP proxy in front of Redis that can lose replies, freeze (half-open connections) and cut."""

import asyncio
import time


class Proxy:
    def __init__(self, target):
        self.target, self.mode, self.lost = target, "pass", 0
        self._pairs = set()

    async def start(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=256)
        self.port = self._server.sockets[0].getsockname()[1]

    def stop(self):
        self._server.close()
        self.cut()

    def cut(self):
        """Every connection breaks at once."""
        for pair in list(self._pairs):
            for writer in pair:
                writer.transport.abort()

    async def lose_replies(self, seconds):
        """Requests arrive, their replies do not, and the connection breaks after the first one lost."""
        await self._during("lose", seconds)

    async def freeze(self, seconds):
        """Nothing passes and nothing breaks, as behind a router that has forgotten the connection. Then all is cut."""
        await self._during("freeze", seconds)
        self.cut()

    async def _during(self, mode, seconds):
        self.mode = mode
        try:
            await asyncio.sleep(seconds)
        finally:
            self.mode = "pass"

    async def _serve(self, reader, writer):
        if self.mode == "freeze":
            await self._thawed()
        try:
            upstream_reader, upstream = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            return writer.transport.abort()
        pair = (writer, upstream)
        self._pairs.add(pair)
        try:
            await asyncio.gather(
                self._pump(reader, upstream, pair, is_reply=False), self._pump(upstream_reader, writer, pair, is_reply=True))
        finally:
            self._pairs.discard(pair)

    async def _pump(self, reader, writer, pair, is_reply):
        try:
            while data := await reader.read(1 << 16):
                if self.mode == "freeze":
                    await self._thawed()
                if is_reply and self.mode == "lose":
                    self.lost += 1
                    break
                writer.write(data)
                await writer.drain()
        except (ConnectionError, OSError):
            pass
        for end in pair:
            end.transport.abort()

    async def _thawed(self):
        give_up = time.monotonic() + 120
        while self.mode == "freeze" and time.monotonic() < give_up:
            await asyncio.sleep(0.05)
