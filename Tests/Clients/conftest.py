"""Fixtures: one service for all tests that harm nothing, and one of its own for each test that does.

`AMS_BIN` names the folder of the built binaries. Logs of all services of a session stand in one folder, for the last test.
"""

import os
import shutil
import signal
import tempfile
import time
from pathlib import Path

import certifi
import pytest

from support.processes import eventually
from support.servers import PostgresServer
from support.service import BIN, Service
from support.upstream import Upstream


# Parts of the suite by the service that their files ask, so that no list has to be kept. The first two wait for no clock:
# they may run side by side, each in a process of its own. `services` are all others, and should have most of the machine.
SHARES = {"platforms": "bench", "quirks": "stack"}
# Files with services of their own that wait more than they compute, and for no clock, run beside those. Files that watch limits
# for minutes take next to no time of the machine, and run beside `services`.
FILES = {
    "batches": {"test_batch_cli.py", "test_openai_batches.py", "test_operator_commands.py"},
    "minutes": {"test_limits.py", "test_pool.py"},
}


def pytest_addoption(parser):
    parser.addoption("--share", choices=[*SHARES, *FILES, "services"], help="only this part of the tests")


def pytest_collection_modifyitems(config, items):
    """The tests that read all logs come last, in each part."""
    items.sort(key=lambda item: item.get_closest_marker("last") is not None)
    if share := config.getoption("share"):
        shares = shares_by_file(items)
        chosen = [item for item in items if share == shares.get(item.path, "services") or reads_logs(item)]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(chosen)])
        items[:] = chosen


def shares_by_file(items):
    chosen = {item.path: share for share, names in FILES.items() for item in items if item.path.name in names}
    return chosen | {item.path: share for share, fixture in SHARES.items() for item in items if fixture in item.fixturenames}


def reads_logs(item):
    return item.get_closest_marker("last") is not None and "service" in item.fixturenames


def pytest_sessionfinish(session, exitstatus):
    # A run of chosen tests may leave some out. A run of all leaves out nothing.
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    is_chosen = session.config.option.keyword or any(Path(arg.split("::")[0]).is_file() for arg in session.config.args)
    if reporter and reporter.stats.get("skipped") and not is_chosen and exitstatus == 0:
        reporter.write_line("a skipped test fails")
        session.exitstatus = 1


def pytest_configure(config):
    config.addinivalue_line("markers", "last: runs after all others")
    # So that services are stopped also where scripts/test is.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def few_authorities(tmp_path_factory):
    """Each HTTP client reads all certificate authorities, which takes 48 ms, and nothing here speaks TLS: one must do."""
    file = tmp_path_factory.mktemp("tls") / "one.pem"
    first, end, _ = Path(certifi.where()).read_text().partition("-----END CERTIFICATE-----")
    file.write_text(f"{first}{end}\n")
    os.environ["SSL_CERT_FILE"] = str(file)


def quick_folder():
    """In memory where there is room: each service has files of its own, and a busy disk stops its databases for seconds."""
    memory = Path("/dev/shm")
    return memory if memory.is_dir() and shutil.disk_usage(memory).free > 2 << 30 else None


@pytest.fixture(scope="session")
def workspace(request):
    """Readable by PostgreSQL's user, which pytest's own temporary folders are not. Stays where a test failed."""
    for name in ("worker", "submitter"):
        assert (BIN / name).exists(), f"{BIN / name} is missing: build first, or set AMS_BIN"
    folder = Path(tempfile.mkdtemp(prefix="ams-acceptance-", dir=quick_folder()))
    folder.chmod(0o755)
    yield folder
    if not request.session.testsfailed:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def template(workspace):
    PostgresServer.make_template(workspace / "template")
    return workspace / "template"


@pytest.fixture(scope="session")
def upstream():
    upstream = Upstream()
    yield upstream
    upstream.stop()


@pytest.fixture(scope="session")
def service(workspace, template, upstream):
    # With the settings at `/debug/config`. Its log has all detail anyway.
    service = Service(workspace / "shared", template, upstream, DEBUG="true")
    yield service
    service.stop()


@pytest.fixture
def own_service(request, workspace, template, upstream):
    """`own_service(workers=2, LEASE="1")`: a service that the test may damage."""
    made = []

    def make(**options):
        # Short, because PostgreSQL puts a socket there, whose path may have 107 characters.
        made.append(Service(Path(tempfile.mkdtemp(prefix="own-", dir=workspace)) / "s", template, upstream, **options))
        return made[-1]

    yield make
    for service in made:
        service.stop()
        if not request.session.testsfailed:
            # The logs stay for the last test.
            shutil.rmtree(service.folder / "postgres")


@pytest.fixture(scope="module")
def failover_service(workspace, template, upstream):
    # One for each module that asks.
    service = Service(Path(tempfile.mkdtemp(prefix="fail-", dir=workspace)) / "s", template, upstream)
    yield service
    service.stop()


@pytest.fixture
def failover(failover_service, upstream):
    """No account rests from the test before: COOLDOWN_UNUSABLE, the longest rest, is a second."""
    eventually(lambda: time.monotonic() > upstream.last_refusal + 1.1, what="accounts have rested")
    return failover_service
