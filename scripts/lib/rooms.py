"""Checks which folder of Sources uses which, by the names of their types, against edges.txt.

Names edges that the list lacks, and those that no file needs. `--write` writes the list, `--count` prints numbers.
"""

import re
import sys
from collections import defaultdict
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

LIST = Path(__file__).parent / "edges.txt"
HEAD = LIST.read_text().splitlines()[:2]
DECLARED = re.compile(r"^( *)((?:@?[a-z]\w*(?:\([^)]*\))? )*)(?:struct|enum|class|actor|protocol|typealias) ([A-Z]\w*)", re.M)
TEXTS = re.compile(r'"""[\s\S]*?"""|"(?:[^"\\\n]|\\.)*"|//.*')


def folder(path):
    """`Worker/Routing`, `Submitter/Serve/OpenAI`, or `Worker` for the files that put all together."""
    return "/".join(path.parts[1:-1][:3 if "Serve" in path.parts else 2])


sources = {path: TEXTS.sub("", path.read_text()) for path in sorted(Path("Sources").rglob("*.swift"))}
homes, nested = defaultdict(set), defaultdict(set)  # type -> folders; folder -> names inside of types
for path, text in sources.items():
    for indent, words, name in DECLARED.findall(text):
        if indent:
            nested[folder(path)].add(name)
        elif "private" not in words:
            homes[name].add(folder(path))


def home(name, here):
    """The one folder that `name` can mean in `here`: its own module's before Shared's; `None` where it is here or unclear."""
    for module in (here.split("/")[0], "Shared"):
        if found := [one for one in homes.get(name, ()) if one.split("/")[0] == module]:
            return found[0] if len(found) == 1 and here not in found and name not in nested[here] else None


edges = defaultdict(list)  # (from, to) -> "Type in File.swift"
for path, text in sources.items():
    for name in sorted(set(re.findall(r"(?<![.\w])[A-Z]\w+", text))):
        if there := home(name, folder(path)):
            edges[folder(path), there].append(f"{name} in {path}")
used = {one: sorted(to for here, to in edges if here == one) for one in sorted({folder(path) for path in sources})}
if "--count" in sys.argv:
    sys.exit(print(f"{len(edges)} edges, {len([1 for a, b in edges if a < b and (b, a) in edges])} two-way"))
if "--write" in sys.argv:
    try:  # Shared stands first. A stable sort keeps a folder above those that use it.
        order = sorted(TopologicalSorter(used).static_order(), key=lambda one: "Shared Worker Submitter".index(one.split("/")[0]))
    except CycleError as error:
        sys.exit("a circle: " + " is used by ".join(error.args[1]))
    LIST.write_text("\n".join(HEAD + [f"{one}: {' '.join(used[one])}".rstrip() for one in order]) + "\n")
lines = [line.partition(":") for line in LIST.read_text().splitlines()[len(HEAD):]]
place = {key: number for number, (key, _, _) in enumerate(lines)}
allowed = {(key, to) for key, _, rest in lines for to in rest.split()}
wrong = [f"{a} may not use {b}: {', '.join(edges[a, b][:3])}" for a, b in sorted(set(edges) - allowed)]
wrong += [f"{a} no longer uses {b}: take it out of {LIST.name}" for a, b in sorted(allowed - set(edges))]
wrong += [f"{b} must stand above {a} in {LIST.name}" for a, b in sorted(allowed) if place.get(b, len(place)) >= place[a]]
sys.exit("\n".join(wrong) or None)
