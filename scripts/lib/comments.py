"""Checks comments: their width, how they begin, and that the pages they name exist.

In: Swift, Python and shell files of the repository. Out: one line a mistake, and exit code 1 if there is one.
"""

import re
import subprocess
import sys
from pathlib import Path

WIDTH = 120
OPENER = re.compile(r"(What|Who|How|Whether)\b")
LISTED = ["git", "ls-files", "-co", "--exclude-standard"]
tracked = set(subprocess.run(LISTED, capture_output=True, text=True, check=True).stdout.split("\n"))
pages = {name.removeprefix(folder) for name in tracked if name.endswith(".md") for folder in ("", "docs/")}


def mistakes(path, text):
    before = ""
    for number, line in enumerate(text.splitlines(), 1):
        comment = re.match(r" *(///?) ?(.*)", line) if path.endswith(".swift") else None
        if len(line) > WIDTH and (comment or (path.endswith(".swift") and re.search(r'(?<![:"\w/])// ', line))):
            yield number, f"a comment ends at column {WIDTH}, not at {len(line)}"
        if comment and comment[1] == "///" and before != "///" and OPENER.match(comment[2]):
            yield number, f"a comment begins with its subject, not with '{comment[2].split()[0]}'"
        before = comment[1] if comment else ""
        for page in re.findall(r"(?<![\w/.:-])[\w./-]*\w\.md\b", re.sub(r"https?://\S+", "", line)):
            if page.lstrip("./") not in pages:
                yield number, f"there is no page {page}"


found = [
    f"{path}:{number}: {what}" for path in sorted(tracked)
    if re.search(r"\.(swift|py|sh)$", path) or path.startswith("scripts/")
    if Path(path).is_file() for number, what in mistakes(path, Path(path).read_text())]
sys.exit("\n".join(found) or None)
