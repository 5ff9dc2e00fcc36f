"""Checks README and docs: links and their anchors, the files and types that they name, the table of folders, line widths.

In: the Markdown of the repository. Out: one line a mistake, and exit code 1 if there is one.
"""

import re
import sys
from pathlib import Path

WIDTH = 130
CODE = ("Sources", "Tests", "scripts", "bench", "docs")
PAGES = [Path("README.md"), Path("README.zh-CN.md"), *sorted(Path("docs").rglob("*.md")), Path("bench/README.md")]
files = [path for top in CODE for path in sorted(Path(top).rglob("*.*"))]
names = {path.name for path in files}
words = {word for path in files if path.suffix in (".swift", ".py") for word in re.findall(r"\w+", path.read_text())}
ROOTS = [Path(), *map(Path, ("Sources", "Sources/Worker", "Sources/Submitter", "Tests/Clients", "Tests/FaultTests"))]


def anchors(page):
    """Anchors as GitHub makes them of headings."""
    return [re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in re.findall(r"^#+ (.+)$", page.read_text(), re.M)]


def is_there(name):
    """A path from the root, or from where pages begin theirs; `*` and `<Name>` stand for anything."""
    pattern = re.sub(r"<\w+>", "*", name).rstrip("/")
    return any(next(iter(root.glob(pattern)), None) for root in ROOTS)


def mistakes(page):
    fenced = False
    for number, line in enumerate(page.read_text().splitlines(), 1):
        fenced ^= line.startswith("```")
        if len(line) > WIDTH and not line.startswith("|") and not fenced:
            yield number, f"a line ends at column {WIDTH}, not at {len(line)}"
        for link in re.findall(r"\]\(([^)\s:]+)\)", line):
            path, _, anchor = link.partition("#")
            to = page.parent / path if path else page
            if not to.exists() or (anchor and anchor not in anchors(to)):
                yield number, f"there is no {link}"
        for name in re.findall(r"`([\w./<>*+-]+)`", line):
            if re.match(rf"({'|'.join(CODE)})/|.*/.*\.swift$", name) and not is_there(name):
                yield number, f"there is no {name}"
            elif re.fullmatch(r"[\w/+]+\.swift|test_\w+\.py", name) and Path(name).name not in names:
                yield number, f"there is no file {name}"
            if re.fullmatch(r"[A-Z]\w*[a-z]\w*[A-Z]\w*", name) and name not in words:
                yield number, f"no source has the name {name}"


def unnamed():
    """Folders of Sources that the architecture's table does not have."""
    for folder in sorted([*Path("Sources").glob("*/[A-Z]*/"), *Path("Sources").glob("*/Serve/*/")]):
        name = str(folder.relative_to("Sources"))
        if any(folder.rglob("*.swift")) and f"| `{name}` |" not in Path("docs/architecture.md").read_text():
            yield f"docs/architecture.md: its table has no row for {name}"


found = [*unnamed(), *(f"{page}:{number}: {what}" for page in PAGES for number, what in mistakes(page))]
sys.exit("\n".join(found) or None)
