#!/usr/bin/env python3
"""Measures our service and LiteLLM side by side: the same simulated platform, the same loads, one run, one machine.

Usage: bench/compare.py --bin FOLDER [--only ours] [--quick] [--json FILE] … (`--help` lists all; README.md here explains)

Prints a Markdown report. Exit code 1 if a reply was wrong. Everything listens on loopback, every loop is bounded.
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import litellm_venv
import report
from meter import SETTLE, Meter, machine
from systems import BENCH, Direct, Simulator, System

TOKENS = 50


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=Path, help="folder of the release binaries worker and submitter")
    parser.add_argument("--only", default="ours,litellm", help="systems, separated by commas: ours, litellm, direct")
    parser.add_argument("--rounds", type=int, default=3, help="how often all is measured; figures are medians of them (3)")
    parser.add_argument("--seconds", type=float, default=8, help="length of each load (8)")
    parser.add_argument("--idle", type=float, default=20, help="seconds without a load (20)")
    parser.add_argument("--connections", type=int, default=16, help="connections of the closed loop (16)")
    parser.add_argument("--rate", type=float, default=20, help="requests per second of the open loop (20)")
    parser.add_argument("--few", type=int, default=10, help="streams at a time that every system can carry (10)")
    parser.add_argument("--streams", type=int, default=50, help="streams at a time (50)")
    parser.add_argument("--gap-ms", type=float, default=20, help="milliseconds between the tokens of a stream (20)")
    parser.add_argument("--drop", type=int, metavar="I", help="the platform leaves out token I: every reply must be called wrong")
    parser.add_argument("--quick", action="store_true", help="one round of 3 s loads and 5 s without: a look, no result")
    parser.add_argument("--patience", type=float, default=0, metavar="S",
                        help="measure again what other processes disturbed, for at most so many seconds in all (0)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every figure of every round there")
    parser.add_argument("--venv", type=Path, default=Path("/var/tmp/ams-bench-litellm"), help="where LiteLLM is installed")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds, options.idle = 1, min(options.seconds, 3), min(options.idle, 5)
    options.only = [name for name in options.only.split(",") if name != "direct"]
    if unknown := set(options.only) - {"ours", "litellm"}:
        parser.error(f"no such system: {', '.join(sorted(unknown))}")
    if "ours" in options.only and not (options.bin and all((options.bin / name).exists() for name in ("worker", "submitter"))):
        parser.error("--bin must name a folder with worker and submitter; or leave ours out with --only")
    return options


def loads(options):
    """The arguments of the load generator, by the name of the load."""
    stream = ["--stream", "--connections"]
    return {
        "whole": ["--connections", options.connections],
        "rate": ["--rate", options.rate],
        "few_streams": [*stream, options.few],
        "streams": [*stream, options.streams]}


def generate(system, words, seconds):
    command = [sys.executable, BENCH / "loadgen.py", "--url", system.url, "--key", system.key, "--seconds", seconds,
               "--tokens", TOKENS, *words]
    output = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=seconds + 90)
    if output.returncode:
        raise SystemExit(f"error: the load generator failed on {system.name}:\n{output.stderr[-1500:]}")
    return json.loads(output.stdout)


def measure(system, simulator, words, seconds):
    """One load on one system."""
    before = simulator.requests()
    with Meter({**system.roots, "(simulator)": simulator.child.pid}, SETTLE if system.roots else 0) as meter:
        result = generate(system, words, seconds)
    asked = simulator.requests() - before
    if asked != result["requests"]:
        result["faults"]["asked the platform too often" if asked > result["requests"] else "never reached the platform"] = \
            abs(asked - result["requests"])
    theirs = sum(part["cpu_seconds"] for part in meter.parts.values()) + result["cpu_seconds"]
    return {**result, "parts": meter.parts, "strangers": max(0, meter.worked - theirs) / meter.seconds / os.cpu_count(),
            "stolen": meter.stolen / meter.seconds / os.cpu_count()}


def quiet(deadline):
    """Waits until other processes leave the machine alone for a second, or until the deadline."""
    is_quiet = False
    while not is_quiet and time.monotonic() < deadline:
        before = machine()[0]
        time.sleep(1)
        is_quiet = (machine()[0] - before) / os.cpu_count() < report.DISTURBED


def measure_undisturbed(deadline, *arguments):
    """One load on one system, again while other processes disturb it, until the deadline. Whatever its figures are."""
    repeated = 0
    while (result := measure(*arguments))["strangers"] > report.DISTURBED and time.monotonic() < deadline:
        repeated += 1
        quiet(deadline)
    return {**result, "repeated": repeated}


def measure_idle(systems, seconds):
    """All systems at once: they do nothing. What each used, per second."""
    with contextlib.ExitStack() as stack:
        meters = {system.name: stack.enter_context(Meter(system.roots, 0)) for system in systems}
        time.sleep(seconds)
    return {name: {"seconds": meter.seconds, "parts": meter.parts} for name, meter in meters.items()}


def run(options, systems, simulator):
    """Figures by load and system, one for each round."""
    real = [system for system in systems if system.roots]
    for system in real:
        for words in loads(options).values():
            generate(system, words, min(2, options.seconds))
    figures, deadline = {}, time.monotonic() + options.patience
    for number in range(options.rounds):
        for load, words in loads(options).items():
            # In turn, so that whatever else the machine does touches all alike.
            for system in systems[::-1] if number % 2 else systems:
                result = measure_undisturbed(deadline, system, simulator, words, options.seconds)
                figures.setdefault(load, {}).setdefault(system.name, []).append(result)
                print(f"round {number + 1} {load} {system.name}: {result['per_second']} replies/s, faults {result['faults']}, "
                      f"other processes {result['strangers']:.0%}", file=sys.stderr)
        if real:
            for name, result in measure_idle(real, options.idle).items():
                figures.setdefault("idle", {}).setdefault(name, []).append(result)
    return figures


def command_output(*command):
    with contextlib.suppress(OSError):
        return subprocess.run(command, capture_output=True, text=True, cwd=BENCH).stdout.strip()
    return ""


def about(options, systems):
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    mebibytes = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[1]) // 1024
    commit = command_output("git", "log", "-1", "--format=%h of %cs")
    if command_output("git", "status", "--porcelain", "--", "../Sources", "../Package.swift"):
        commit += " with changes that are not committed"
    if "ours" in options.only:
        built = time.gmtime((options.bin / "worker").stat().st_mtime)
        commit += time.strftime(", binaries of %Y-%m-%d %H:%M UTC", built)
    return {
        "machine": f"{os.cpu_count()} cores of {model[1] if model else 'an unknown model'}, {mebibytes / 1024:.0f} GiB, "
                   f"Linux {os.uname().release}",
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "commit": commit, "servers": f"{command_output('redis-server', '--version')}; {command_output('postgres', '--version')}",
        "systems": {system.name: {"about": system.about, "version": system.version} for system in systems},
        "options": {name: str(value) for name, value in vars(options).items()},
        "tokens": TOKENS, "settle_seconds": SETTLE}


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if "litellm" in options.only:
        litellm_venv.ensure(options.venv)
    folder = Path(tempfile.mkdtemp(prefix="ams-compare-", dir="/var/tmp"))
    folder.chmod(0o755)
    places = {"OURS_BIN": options.bin and options.bin.resolve(), "OURS_REPO": BENCH.parent, "venv": options.venv.resolve()}
    try:
        with contextlib.ExitStack() as stack:
            words = ["--tokens", TOKENS, "--gap-ms", options.gap_ms, *(["--drop", options.drop] if options.drop is not None else [])]
            simulator = Simulator(folder, *words)
            stack.callback(simulator.stop)
            systems = [Direct(simulator)]
            for name in options.only:
                print(f"starting {name}", file=sys.stderr)
                systems.append(System(name, folder, simulator, places))
                stack.callback(systems[-1].stop)
            result = {"about": about(options, systems), "figures": run(options, systems, simulator)}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if options.json:
        options.json.write_text(json.dumps(result, indent=1))
    print(report.markdown(result))
    sys.exit(report.has_faults(result))


if __name__ == "__main__":
    main()
