"""Checks README and docs: links and their anchors, the files, suites and types that they name, and the width of their lines.

In: the Markdown of the repository. Out: one line a mistake, and exit code 1 if there is one.
"""

import re
import sys
from pathlib import Path

WIDTH = 130
CODE = ("Sources", "Tests", "scripts", "bench", "docs")
PAGES = [Path("README.md"), Path("README.zh-CN.md"), *sorted(Path("docs").rglob("*.md")), Path("bench/README.md")]
names = {path.name for top in CODE for path in Path(top).rglob("*.*")}
words = {word for top in CODE[:2] for path in Path(top).rglob("*.*") if path.suffix in (".swift", ".py")
         for word in re.findall(r"\w+", path.read_text())}
folders = [Path(), Path("Sources"), Path("Sources/Worker"), Path("Tests/Clients"), Path("Tests/FaultTests")]


def anchors(page):
    """Anchors as GitHub makes them of headings."""
    for title in re.findall(r"^#+ (.+)$", page.read_text(), re.M):
        yield re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def is_there(name):
    """A path from the root, or from where pages begin theirs; `*` and `<Name>` stand for anything."""
    pattern = re.sub(r"<\w+>", "*", name).rstrip("/")
    return any(next(iter(folder.glob(pattern)), None) for folder in folders)


def mistakes(page):
    fenced = False
    for number, line in enumerate(page.read_text().splitlines(), 1):
        fenced ^= line.startswith("```")
        if len(line) > WIDTH and not line.startswith("|") and not fenced:
            yield number, f"a line ends at column {WIDTH}, not at {len(line)}"
        for link in re.findall(r"\]\(([^)\s]+)\)", line):
            path, _, anchor = link.partition("#")
            to = page.parent / path if path else page
            if "://" in link:
                continue
            if not to.exists():
                yield number, f"there is no {link}"
            elif anchor and anchor not in anchors(to):
                yield number, f"{to} has no heading {anchor}"
        for name in re.findall(r"`([\w./<>*+-]+)`", line):
            if name.startswith(tuple(f"{top}/" for top in CODE)) and not is_there(name):
                yield number, f"there is no {name}"
            if re.fullmatch(r"[\w/+]+\.swift|test_\w+\.py", name) and Path(name).name not in names:
                yield number, f"there is no file {name}"
            if re.fullmatch(r"[A-Z]\w*[a-z]\w*[A-Z]\w*", name) and name not in words:
                yield number, f"no source has the name {name}"


found = [f"{page}:{number}: {what}" for page in PAGES for number, what in mistakes(page)]
sys.exit("\n".join(found) or None)
