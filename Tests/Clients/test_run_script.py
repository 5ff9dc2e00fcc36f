"""`scripts/run`: ports, restarts, what it tells of processes that die, and the environment that it hands out."""

import contextlib
import socket
import threading

import httpx
import pytest

from support.http_server import ThreadedServer
from support.processes import eventually
from support.run_script import RunScript
from support.service import BIN


@pytest.fixture(scope="module")
def run(workspace):
    script = RunScript(workspace / "run")
    yield script
    script.stop()


@contextlib.contextmanager
def taken(*ports):
    """Somebody listens on all of these: the test, where nobody else does already."""
    with contextlib.ExitStack() as open_sockets:
        for port in ports:
            one = open_sockets.enter_context(socket.socket())
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                one.bind(("127.0.0.1", port))
                one.listen()
        yield


async def always_well(call):
    """Some other program that answers 200 to everything."""
    await call.send(b"")


def test_all_get_ports_of_their_own_where_the_usual_ones_are_taken(run):
    with taken(8007, 8008, 8009):
        run.up()

    ports = [run.port(name) for name in ("redis", "postgres", "worker", "shim")]
    assert len(set(ports)) == 4 and not {8007, 8008, 8009} & set(ports)
    for name in ("worker", "shim"):
        assert httpx.get(f"http://127.0.0.1:{run.port(name)}/ready").status_code == 200


def test_two_services_that_an_earlier_run_gave_one_port_get_two(run):
    run.up()
    run.stop()
    (run.state / "worker.port").write_text(f"{run.port('shim')}\n")

    run.up()

    assert run.port("worker") != run.port("shim")


def test_a_port_that_the_caller_names_and_somebody_else_has_is_refused(run):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = run(SERVICE_PORT=str(port))

    assert done.returncode != 0
    assert f"SERVICE_PORT={port}: another program listens on this port" in done.stderr


def test_what_runs_with_this_binary_and_these_settings_is_left_alone(run):
    run.up()
    before = run.pids()

    run.up()

    assert run.pids() == before


def test_other_settings_restart_what_has_them(run):
    run.up()
    before = run.pids()

    run.up(LOG_LEVEL="warning")

    changed = {name for name, pid in run.pids().items() if pid != before[name]}
    assert changed == {"worker", "shim"}


def test_a_newer_binary_restarts_what_runs_the_older_one(run, tmp_path):
    for name in ("worker", "submitter"):
        (tmp_path / name).symlink_to((BIN / name).resolve())
    run.up(AMS_BIN=str(tmp_path))
    before = run.pids()

    # The same path, another file: what a build leaves.
    (tmp_path / "worker").unlink()
    (tmp_path / "worker").write_bytes((BIN / "worker").read_bytes())
    (tmp_path / "worker").chmod(0o755)
    run.up(AMS_BIN=str(tmp_path))

    changed = {name for name, pid in run.pids().items() if pid != before[name]}
    assert changed == {"worker"}


def test_the_environment_that_it_prints_is_all_that_later_commands_need(run):
    run.up()

    done = run.shell("submitter models list && worker --ping && redis-cli -u $REDIS_URL ping && curl -fsS $SERVICE_URL/ready")

    assert done.returncode == 0, done.stderr
    assert "sandbox" in done.stdout and "PONG" in done.stdout and '"ok"' in done.stdout


def test_settings_of_the_caller_are_part_of_that_environment(run):
    run.up(CACHE_PREFIX="it's:")

    assert run.shell('printf %s "$CACHE_PREFIX"').stdout == "it's:"


def test_without_a_service_it_prints_no_environment(workspace):
    done = RunScript(workspace / "run-nothing")("--env")

    assert (done.returncode, done.stdout) == (1, "")
    assert "scripts/run first" in done.stderr


def test_a_process_that_dies_is_an_error_with_its_last_words_whoever_answers_on_its_port(run, tmp_path):
    (tmp_path / "submitter").symlink_to((BIN / "submitter").resolve())
    (tmp_path / "worker").write_text(
        f"""#!/bin/sh
[ "$1" = --list-settings ] && exec {BIN.resolve()}/worker "$1"
echo "$WORKER_PORT" >"{tmp_path}/port.tmp" && mv "{tmp_path}/port.tmp" "{tmp_path}/port"
for i in $(seq 500); do [ -e "{tmp_path}/go" ] && break; sleep 0.02; done
echo "worker: the disk is on fire" >&2
exit 3
""")
    (tmp_path / "worker").chmod(0o755)
    call = {}
    caller = threading.Thread(target=lambda: call.update(done=run(AMS_BIN=str(tmp_path))))
    caller.start()

    port = int(eventually(lambda: (tmp_path / "port").read_text(), what="the worker has a port"))
    failures = []
    other = ThreadedServer(always_well, failures.append, port=port)
    (tmp_path / "go").touch()
    caller.join(100)
    other.stop()

    assert failures == []
    assert call["done"].returncode != 0
    assert "worker ended" in call["done"].stderr and "the disk is on fire" in call["done"].stderr
