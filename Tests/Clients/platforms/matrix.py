"""What each wire can do, as this session measured it: the table in docs/platforms.md."""

import contextlib
from pathlib import Path

PAGE = Path(__file__).resolve().parents[3] / "docs/platforms.md"


class Matrix:
    def __init__(self):
        self.results = {}  # (feature, wire) -> True, a reason (text), or False

    @contextlib.contextmanager
    def measures(self, feature, wire):
        """A feature counts as there when all its tests said so."""
        result = Result()
        try:
            yield result
        except BaseException:
            self.results[feature, wire] = False
            raise
        if self.results.get((feature, wire)) is not False:
            self.results[feature, wire] = result.reason or True


class Result:
    reason = None

    def lacks(self, reason):
        self.reason = reason


MATRIX = Matrix()
