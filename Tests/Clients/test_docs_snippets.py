"""Every snippet of README and docs runs as it stands, in the environment of `scripts/run`.

What cannot run here has a comment above its fence that says why: `<!-- not run: needs docker -->`. Blocks of other languages
(YAML, Swift, and those without a language) show forms and are not commands. A YAML block that begins with a comment
`# my.yaml` is that file for the snippets of its page.
"""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.run_script import RunScript
from support.service import ROOT

PAGES = [ROOT / "README.md", ROOT / "README.zh-CN.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^(?:<!-- not run: (?P<why>[^\n]+) -->\n)?```(?P<language>[a-z]*)\n(?P<text>.*?)^```$", re.M | re.S)
RUNS, SHOWS = {"sh", "console", "python"}, {"", "yaml", "swift"}


@dataclass(frozen=True)
class Snippet:
    page: str
    line: int
    language: str
    text: str
    why_not: str | None

    def __str__(self):
        return f"{self.page}:{self.line}"


def snippets():
    for page in PAGES:
        text = page.read_text()
        for found in FENCE.finditer(text):
            yield Snippet(
                str(page.relative_to(ROOT)), text.count("\n", 0, found.start()) + 1, found["language"], found["text"],
                found["why"])


ALL = list(snippets())


@pytest.fixture(scope="module")
def run(workspace):
    script = RunScript(workspace / "docs")
    script.up()
    yield script
    script.stop()


@pytest.fixture(scope="module")
def environment(run):
    """The variables of a shell after `eval "$(scripts/run --env)"`."""
    done = run.shell("env -0")
    return dict(line.split("=", 1) for line in done.stdout.split("\0") if "=" in line)


@pytest.fixture
def folder(snippet, tmp_path):
    """The folder of a snippet: the root of the repository, or the place of the files that its page names."""
    files = {one.text.split("\n")[0].removeprefix("# "): one.text for one in ALL if one.page == snippet.page
        and one.language == "yaml"}
    used = {name: text for name, text in files.items() if name.endswith(".yaml") and name in snippet.text}
    for name, text in used.items():
        (tmp_path / name).write_text(text)
    return tmp_path if used else ROOT


def shell(text, environment, folder):
    return subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", text], capture_output=True, text=True, timeout=60,
        stdin=subprocess.DEVNULL, cwd=folder, env=environment)


def commands(text):
    """(command, promised output) of a console block: a command begins with `$ ` and goes on after a backslash."""
    for block in re.split(r"^\$ ", text, flags=re.M)[1:]:
        lines = block.splitlines()
        end = next(number for number, line in enumerate(lines) if not line.endswith("\\")) + 1
        yield "\n".join(lines[:end]), "".join(lines[end:])


def has_shape(said, promised):
    """`…` stands for anything, a number for any number, and the page may break lines where it likes."""
    pattern = re.escape("".join(promised.split())).replace("…", ".*?")
    return re.fullmatch(re.sub(r"\d+", r"\\d+", pattern), "".join(said.split()), re.S)


@pytest.mark.parametrize("snippet", [one for one in ALL if one.language in RUNS and not one.why_not], ids=str)
def test_a_snippet_runs_as_it_stands(environment, snippet, folder):
    if snippet.language == "console":
        for command, promised in commands(snippet.text):
            done = shell(command, environment, folder)
            assert done.returncode == 0, done.stderr
            assert has_shape(done.stdout, promised), f"promised: {promised}\nsaid: {done.stdout}"
        return
    if snippet.language == "python":
        done = subprocess.run(
            [sys.executable, "-c", snippet.text], capture_output=True, text=True, timeout=60, cwd=ROOT, env=environment)
    else:
        done = shell(snippet.text, environment, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    if snippet.language == "python":
        assert "You said: Hello" in done.stdout


def test_what_is_not_run_says_why():
    """A reader's eyes are what checks these: let there be few."""
    reasons = [f"{one}: {one.why_not}" for one in ALL if one.why_not]
    assert len(reasons) == 6, "\n".join(reasons)


def test_every_language_of_a_block_is_known():
    assert [str(one) for one in ALL if one.language not in RUNS | SHOWS] == []
    assert len([one for one in ALL if one.language in RUNS]) >= 15


def test_no_comment_is_far_from_its_block():
    pages = "".join(Path(page).read_text() for page in PAGES)
    assert pages.count("<!-- not run:") == len([one for one in ALL if one.why_not])
