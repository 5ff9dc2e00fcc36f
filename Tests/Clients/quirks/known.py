"""Ties a case to the servers it is about; docs/compatibility.md is made of that.

In: `@known("vLLM", does="…", gives="…", report="owner/repo#1")` on a test. Out: `KNOWN`, in the order of the suite.
"""

from dataclasses import dataclass

KNOWN = []


@dataclass(frozen=True)
class Fact:
    servers: tuple
    does: str
    gives: str
    report: str
    test: str


def known(*servers, does, gives, report=""):
    """`does`: what is seen of the server. `gives`: what the service makes of it. `report`: where it was told in public."""

    def keep(test):
        module = test.__module__.rpartition(".")[2]
        KNOWN.append(Fact(servers, does, gives, report, f"{module}.{test.__name__}"))
        return test

    return keep
