"""Fault suite: `scripts/test --faults --minutes N --seed S`, or `python Tests/FaultTests/run.py --help`.

Exit code 0: no violation. 1: the first violation is told with its request's history. 2: the suite itself failed.
"""

import argparse
import asyncio
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import ablations  # noqa: E402
import modes  # noqa: E402
from faults import ALL  # noqa: E402
from history import history  # noqa: E402
from modes import percentile, recoveries  # noqa: E402
from suite import Suite  # noqa: E402
from support.servers import PostgresServer  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]


def options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="how long faults strike")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--shims", type=int, default=2)
    parser.add_argument("--callers", type=int, default=40)
    parser.add_argument("--slots", type=int, default=8, help="WORKER_CONCURRENCY; fewer in all than callers is saturation")
    parser.add_argument("--lease", type=float, default=2.0, help="LEASE in seconds; 15 is production's")
    parser.add_argument("--rough", type=float, default=0.25, help="share of requests for which the platform misbehaves")
    parser.add_argument("--faults", help="names, separated by commas; `none`; default: all of hostile_usage, " + ", ".join(f.name
        for f in ALL))
    parser.add_argument("--without", default="", help="names of faults to leave out, separated by commas")
    parser.add_argument("--bin", type=Path, default=ROOT / ".build/debug")
    parser.add_argument("--ablate", help="`all`, or names of: " + ", ".join(a.name for a in ablations.ALL))
    parser.add_argument("--recovery", action="store_true", help="measure the recovery after SIGKILL, with --kills and --lease 15")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--rolling", action="store_true", help="restart everything under 200 streams and 50 requests/s")
    parser.add_argument("--streams", type=int, default=200, help="open streams of --rolling")
    parser.add_argument("--per-second", type=int, default=50, help="new requests a second of --rolling")
    parser.add_argument("--million", action="store_true", help="memory over --jobs sandbox jobs")
    parser.add_argument("--jobs", type=int, default=1_000_000)
    parser.add_argument("--report", type=Path, help="where to write the whole report, too")
    parser.add_argument("--keep", action="store_true", help="keep the folder with logs and data")
    return parser.parse_args()


def summary(suite, violations):
    book, lines = suite.book, []
    paths = Counter((request.path, (request.outcome or "none").split(":")[0]) for request in book.requests.values())
    lines.append("requests per path:")
    for path in sorted({path for path, _ in paths}):
        counts = {outcome: count for (other, outcome), count in sorted(paths.items()) if other == path}
        lines.append(f"  {path:16} {sum(counts.values()):6}  {counts}")
    lines.append(f"requests {len(book.requests)}, platform calls {len(book.calls)}, ledger rows {len(book.bills)}, logs"
                 f" {len(book.logs)}")
    lines.append(f"faults: {dict(sorted(Counter(fault.name for fault in book.faults).items()))}")
    lines.append(f"points reached: {suite.points}")
    kills = sum(fault.name in ("kill_worker", "poisoned") for fault in book.faults) + sum(suite.points.values())
    times = recoveries(book)
    told = "none" if not times else "p50 {:.1f} s, p99 {:.1f} s, max {:.1f} s of {}".format(
        percentile(times, 0.5), percentile(times, 0.99), max(times), len(times))
    lines.append(f"kills of workers: {kills}; recovery after SIGKILL: {told}")
    lines.append(f"memory of the keys: {suite.facts.get('idle_memory')} before, {suite.facts.get('memory')} after")
    lines.append(f"violations: {len(violations)} {dict(Counter(violation.rule for violation in violations))}")
    return lines


def report(suite, violations):
    lines = summary(suite, violations)
    if violations:
        lines += ["", "the first violation:", history(suite.book, violations[0], suite.lease), ""]
        lines += ["all of them:"] + [f"  {str(violation).splitlines()[0][:300]}" for violation in violations]
    return lines, violations


async def chaos(arguments, folder):
    everything = [fault.name for fault in ALL] + ["hostile_usage"]
    chosen = everything if arguments.faults is None else arguments.faults.split(",")
    names = [name for name in chosen if name not in arguments.without.split(",")]
    suite = Suite(folder, arguments.bin, arguments.seed, arguments.minutes, arguments.workers, arguments.shims, arguments.lease,
                  arguments.slots, arguments.callers, names, rough=arguments.rough)
    violations = await suite.run()
    lines, _ = report(suite, violations)
    if arguments.report:
        whole = lines + [f"\n{history(suite.book, violation, suite.lease)}" for violation in violations[1:40]]
        arguments.report.write_text("\n".join(whole) + "\n")
    print("\n".join(lines[:80]))
    return violations


async def ablate(arguments, folder):
    """Each fence: its scenario must be clean with it, and violated without it. Returns what is not as it should be."""
    names, wrong, template = arguments.ablate.split(","), [], folder / "template"
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    await asyncio.to_thread(PostgresServer.make_template, template)
    for number, ablation in enumerate(a for a in ablations.ALL if arguments.ablate == "all" or a.name in names):
        found = {}
        for is_broken in (False, True):
            began = time.time()
            found[is_broken], suite = await ablations.stage(
                ablation, folder / f"{number}{'b' if is_broken else 'a'}", arguments.bin, is_broken, lambda *_: None, template)
            if not arguments.keep:
                suite.fleet.remove()
            rules = dict(Counter(violation.rule for violation in found[is_broken]))
            print(f"{ablation.name:20} {'broken' if is_broken else 'whole ':6} {time.time() - began:5.0f} s  {rules}", flush=True)
            unexpected = [v for v in found[is_broken] if not is_broken or v.rule in ("scenario", "stale", "suite")]
            for violation in unexpected[:2]:
                print(history(suite.book, violation, suite.lease))
            wrong += unexpected
        if not found[True]:
            print(f"{ablation.name}: NOT FOUND: {ablation.why}")
            wrong.append(ablation.name)
    return wrong


async def measure(arguments, folder):
    def say(text):
        print(text, flush=True)

    if arguments.recovery:
        violations, lines, suite = await modes.recovery(
            folder, arguments.bin, arguments.seed, arguments.kills, arguments.lease, arguments.workers, arguments.callers, say)
    elif arguments.rolling:
        violations, lines, suite = await modes.rolling(
            folder, arguments.bin, arguments.seed, arguments.lease, arguments.workers, arguments.shims, say,
            arguments.streams, arguments.per_second)
    else:
        violations, lines, suite = await modes.million(folder, arguments.bin, arguments.jobs, arguments.workers, say)
    if violations:
        lines += ["", "the first violation:", history(suite.book, violations[0], suite.lease), "", "all of them:"]
        lines += [f"  {str(violation).splitlines()[0][:300]}" for violation in violations[:40]]
    print("\n".join(lines))
    return violations


def main():
    arguments, began = options(), time.time()
    # A run that is told to stop ends what it has started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = Path(tempfile.mkdtemp(prefix="ams-faults-"))
    folder.chmod(0o755)
    code = 2
    try:
        is_measure = arguments.recovery or arguments.rolling or arguments.million
        work = ablate if arguments.ablate else measure if is_measure else chaos
        violations = asyncio.run(work(arguments, folder / "f"))
        code = 1 if violations else 0
    finally:
        if code == 0 and not arguments.keep:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"logs and data are in {folder}")
    print(f"seed {arguments.seed}, {time.time() - began:.0f} s: {'no violation' if code == 0 else 'VIOLATED'}")
    sys.exit(code)


if __name__ == "__main__":
    main()
