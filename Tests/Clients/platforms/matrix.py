"""The features of each wire, as this session measured them: the table in docs/platforms.md.

In: results of tests. Out: the page, and a summary at the end of pytest's output.
"""

import contextlib
from pathlib import Path

from .features import FEATURES
from .registry import NAMES

PAGE = Path(__file__).resolve().parents[3] / "docs/platforms.md"
MORE = {
    "usage": "Exact usage, whole and streamed", "embeddings": "Embeddings", "embeddings_dimensions": "Embeddings: `dimensions`",
    "failures": "Failures told apart, by the platform's own table", "broken": "A stream that breaks is a failure",
    "cancel": "A caller that leaves ends the platform's work"}
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"
HEAD = """## What each platform can do

Measured by `Tests/Clients/test_conformance.py`, which fails if this section says anything else: the real service, the unmodified
`openai` SDK, and servers that check each request as strictly as the platforms' documents do. Written by

    AMS_WRITE_MATRIX=1 pytest Tests/Clients/test_conformance.py

The columns are platforms with the mode of the account. ✓: works, whole and streamed. —: the platform has no words for it: such a
request is refused before anybody is paid, 400 `unsupported_parameter`, with the field and the platform. Where nothing is
refused, since the answer is still right, the note says so.

"""


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

    @property
    def titles(self):
        return {**{name: title for name, (title, _) in FEATURES.items()}, **MORE}

    @property
    def is_complete(self):
        return all((feature, wire) in self.results for feature in self.titles for wire in NAMES)

    def table(self):
        notes, lines = [], []
        for feature, title in self.titles.items():
            cells = [self._cell(self.results.get((feature, wire)), notes) for wire in NAMES]
            lines.append("| " + " | ".join([title, *cells]) + " |")
        head = "| | " + " | ".join(f"`{name}`" for name in NAMES) + " |\n|---|" + "---|" * len(NAMES)
        return "\n".join([head, *lines, "", *(f"{number}. {note}" for number, note in enumerate(notes, 1))]) + "\n"

    @staticmethod
    def _cell(result, notes):
        if result in (True, False, None):
            return {True: "✓", False: "✗", None: "?"}[result]
        if result not in notes:
            notes.append(result)
        return f"— ({notes.index(result) + 1})"

    @property
    def section(self):
        return f"{BEGIN}{HEAD}{self.table()}{END}"

    def page(self, old):
        """`old` with this session's section in the place of its own, or at its end."""
        before, _, rest = old.partition(BEGIN)
        return before.rstrip() + "\n\n" + self.section + rest.partition(END)[2]

    def pytest_terminal_summary(self, terminalreporter):
        if self.results:
            terminalreporter.section("platforms")
            terminalreporter.write(self.table())


class Result:
    reason = None

    def lacks(self, reason):
        self.reason = reason


MATRIX = Matrix()
