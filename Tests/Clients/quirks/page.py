"""Writes docs/compatibility.md from the facts that the cases name."""

import importlib
from pathlib import Path

from .known import KNOWN
from .servers import CALLERS, SERVERS

PAGE = Path(__file__).resolve().parents[3] / "docs/compatibility.md"
HEAD = """# Compatibility: servers that people run, and callers that they have

An account of `provider: openai` and `mode: compatible` with a `base_url` calls any server that speaks OpenAI's chat completions
([platforms](platforms.md) has the modes of the six platforms). Few of them speak it to the letter. This page says what is known
of each, what the service makes of it, and which test holds it. It is written by the suite and fails it where the two differ:

    AMS_WRITE_COMPATIBILITY=1 pytest Tests/Clients/quirks/test_page.py

The rule behind the table: what a platform says is read leniently, for it is paid; what a caller sends is read strictly in its shape
and leniently in what means nothing (null, empty); what callers get is OpenAI's shape to the letter. Tests are in
`Tests/Clients/quirks/`; most run over all modes of all platforms. A report in public is named where one told of it first.
Something is missing? `worker --record` [keeps what your server sent](platforms.md), and a test of it is a minute's work.

"""


def facts():
    """Of all cases, whichever were chosen to run."""
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        importlib.import_module(f"{__package__}.{path.stem}")
    return KNOWN


def written():
    found = facts()
    rows = [f"| {name} | {place or 'has a [mode](platforms.md) of its own'} |" for name, place in SERVERS.items()]
    parts = [HEAD, "## Where an account points to\n\n| server | `base_url` |\n|---|---|\n", "\n".join(rows), "\n"]
    for title, names in (("What servers do", SERVERS), ("What callers do", CALLERS)):
        parts.append(f"\n## {title}\n")
        parts += [section(name, [fact for fact in found if name in fact.about]) for name in names]
    return "".join(parts)


def section(name, facts):
    if not facts:
        return ""
    rows = [f"| {fact.does} | {fact.gives} | {fact.report or '—'} | `{fact.test}` |" for fact in facts]
    return f"\n### {name}\n\n| what is seen | what the service does | report | test |\n|---|---|---|---|\n" + "\n".join(
        rows) + "\n"
