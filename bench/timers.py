"""An event loop whose timers are exact to tens of microseconds: epoll alone waits whole milliseconds."""

import asyncio
import gc
import select
import selectors


class ExactSelector(selectors.EpollSelector):
    def select(self, timeout=None):
        if timeout is not None and timeout > 0:
            select.select([self.fileno()], [], [], timeout)
            timeout = 0
        return super().select(timeout)


def run(main):
    """Runs a coroutine to its end. Without garbage collection, which would stop all for milliseconds: runs are short."""
    gc.disable()
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(ExactSelector())) as runner:
        return runner.run(main)
