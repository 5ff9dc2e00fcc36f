"""One service for all cases. Its catalogue is made of the tests that were collected."""

import pytest
from support.raw_platform import RawPlatform
from support.service import Service

from .bench import Place, Stack
from .modes import ALL

# The model of each mode whose answers go into the round trips.
SPEAKERS = {mode: f"speaker-{number}" for number, mode in enumerate(ALL)}

# Their cases look at one answer and leave their account as it was: cases with the same options share a model.
SHARING = ("test_answers", "test_calls", "test_claude", "test_completions", "test_heuristics", "test_history", "test_shape")


def pytest_configure(config):
    config.addinivalue_line(
        "markers",
        "place(mode, accounts, vectors, alone, **model): the model that a case gets; `mode` and `model_id` may be parameters")


def pytest_collection_finish(session):
    """Runs once the collected tests are known, before any fixture."""
    shared = {}
    for number, item in enumerate(item for item in session.items if "place" in getattr(item, "fixturenames", ())):
        chosen, module = options(item), item.path.stem
        is_alone = chosen.pop("alone", False) or module not in SHARING
        key = number if is_alone else (module, *sorted(chosen.items()))
        item.place = shared.setdefault(key, Place(f"quirk-{number}", **chosen))


def options(item):
    found = {}
    for mark in reversed(list(item.iter_markers("place"))):
        found |= mark.kwargs
    params = item.callspec.params if hasattr(item, "callspec") else {}
    return found | {name: params[name] for name in ("mode", "model_id") if name in params}


@pytest.fixture(scope="session")
def stack(request, workspace, template):
    platform = RawPlatform()
    speakers = [Place(name, mode) for mode, name in SPEAKERS.items()]
    slashed = Place("vendor/model-9")
    places = [*speakers, slashed, *{id(item.place): item.place for item in request.session.items
        if hasattr(item, "place")}.values()]
    entries = [place.catalogue(platform) for place in places]
    catalogue = {"models": [model for model, _ in entries], "accounts": [a for _, accounts in entries for a in accounts]}
    service = Service(
        workspace / "quirks", template, None, catalogue=catalogue, RETRY_BACKOFF="0.05", RETRY_BACKOFF_MAX="0.2",
        FLUSH_INTERVAL="0.01", UPSTREAM_FIRST_BYTE_TIMEOUT="10")
    stack = Stack(platform, service)
    stack.slashed = slashed
    stack.speakers = {place.mode.name: place for place in speakers}
    for place in places:
        place.stack = stack
    yield stack
    service.stop()
    platform.stop()


@pytest.fixture
def place(request, stack):
    """Fails where the fake platform itself did."""
    stack.platform.faults.clear()
    request.node.place.forget_calls()
    yield request.node.place
    assert stack.platform.faults == []
