"""Writes docs/compatibility.md from the facts that the cases name."""

import importlib
from pathlib import Path

from .known import KNOWN
from .servers import CALLERS, SERVERS

PAGE = Path(__file__).resolve().parents[3] / "docs/compatibility.md"
HEAD = """# Compatibility: servers that people run, and callers that they have

An account of `provider: openai` and `mode: compatible` with a `base_url` calls any server that speaks OpenAI's chat completions
([platforms](platforms.md) has the modes of the six platforms). Few servers speak it to the letter. This page says what is known
of each, how the service reads it, and which test holds it. The suite writes the page, and fails where page and cases differ:

    AMS_WRITE_COMPATIBILITY=1 pytest Tests/Clients/quirks/test_page.py

Three rules are behind the tables:

- Answers of platforms are read leniently, since they are paid for.
- Requests of callers are read strictly in their shape, and leniently where a member means nothing (null, empty).
- Callers get OpenAI's shape to the letter.

Tests are in `Tests/Clients/quirks/`. Most run over all modes of all platforms. A public report is named where one told of the
quirk first. Something is missing? `worker --record`
[keeps what your server sent](platforms.md#when-a-platform-says-something-odd), and a test of it is a minute's work.

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
