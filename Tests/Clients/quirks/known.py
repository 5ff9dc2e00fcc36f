"""Ties a case to the servers or callers it is about. docs/compatibility.md is made of that.

In: `@known("vLLM", does="…", gives="…", report="owner/repo#1")` on a test. Out: `KNOWN`, in the order of the suite.
"""

from dataclasses import dataclass

from .servers import CALLERS, SERVERS

KNOWN = []


@dataclass(frozen=True)
class Fact:
    about: tuple
    does: str
    gives: str
    report: str
    test: str


def known(*about, does, gives, report=""):
    """`does`: what is seen of them. `gives`: what the service makes of it. `report`: where it was told in public."""
    for name in about:
        assert name in SERVERS or name in CALLERS, f"{name} is not in servers.py"

    def keep(test):
        module = test.__module__.rpartition(".")[2]
        KNOWN.append(Fact(about, does, gives, report, f"{module}.py::{test.__name__}"))
        return test

    return keep
