"""Checks which folder of Sources uses which, by the names of their types, against edges.txt.

rooms.py           names each edge that the list does not have, and each line of the list that no file needs
rooms.py --write   writes the list anew; the reasons of its two-way pairs are kept
rooms.py --count   prints the number of edges, of pairs and of two-way pairs
"""

import re
import sys
from collections import defaultdict
from pathlib import Path

LIST = Path(__file__).parent / "edges.txt"
HEAD = "".join(line for line in LIST.read_text().splitlines(True) if line.startswith("#"))
KIND = r"^( *)((?:@\w+(?:\([^)]*\))? |package |internal |private |fileprivate |final |indirect |nonisolated )*)"
DECLARED = re.compile(KIND + r"(?:struct|enum|class|actor|protocol|typealias) (\w+)", re.M)
TEXTS = re.compile(r'"""[\s\S]*?"""|"(?:[^"\\\n]|\\.)*"|//.*')

sources = {path: TEXTS.sub("", path.read_text()) for path in sorted(Path("Sources").rglob("*.swift"))}
folder = {path: "/".join(path.parts[1:3] if len(path.parts) > 3 else path.parts[1:2]) for path in sources}
homes, nested = defaultdict(set), defaultdict(set)  # type -> folders; folder -> names inside of types
for path, text in sources.items():
    for indent, words, name in DECLARED.findall(text):
        if indent:
            nested[folder[path]].add(name)
        elif "private" not in words:
            homes[name].add(folder[path])


def home(name, here):
    """The one folder that `name` can mean in `here`: its own module's before Shared's; `None` where it is here or unclear."""
    for module in (here.split("/")[0], "Shared"):
        found = [one for one in homes.get(name, ()) if one.split("/")[0] == module]
        if found:
            return found[0] if len(found) == 1 and here not in found and name not in nested[here] else None
    return None


edges = defaultdict(set)  # (from, to) -> "Type in File.swift"
for path, text in sources.items():
    for name in set(re.findall(r"(?<![.\w])[A-Z]\w+", text)):
        if there := home(name, folder[path]):
            edges[folder[path], there].add(f"{name} in {path}")
lines = [line for line in LIST.read_text().splitlines() if line and line[0] != "#"]
reasons = {tuple(key.split(" <> ")): why for key, _, why in (line.partition(": ") for line in lines) if " <> " in key}
allowed = {(key, to) for key, _, rest in (line.partition(":") for line in lines) if " <> " not in key for to in rest.split()}
both = sorted({tuple(sorted(edge)) for edge in edges if edge[::-1] in edges})
if "--count" in sys.argv:
    sys.exit(print(f"{len(edges)} edges, {len({tuple(sorted(one)) for one in edges})} pairs, {len(both)} two-way"))
if "--write" in sys.argv:
    rows = [f"{one}: " + " ".join(sorted(to for here, to in edges if here == one)) for one in sorted({e[0] for e in edges})]
    LIST.write_text(HEAD + "\n".join(rows + [f"{a} <> {b}: {reasons.get((a, b), '')}" for a, b in both]) + "\n")
    sys.exit()
wrong = [f"{a} may not use {b}: {', '.join(sorted(edges[a, b])[:3])}" for a, b in sorted(set(edges) - allowed)]
wrong += [f"{a} no longer uses {b}: take it out of the list" for a, b in sorted(allowed - set(edges))]
wrong += [f"{a} and {b} use each other: say why in the list, or part them" for a, b in both if not reasons.get((a, b))]
sys.exit("\n".join(wrong) or None)
