"""What processes use, read from /proc: processor time, context switches, memory. Linux only.

A system is a dict of parts, each with the pid of its first process; the children of that count with it.
"""

import os
import threading
import time
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
SETTLE = 1.2  # seconds after a load, so that work put off until after the reply counts, too
PERIOD = 0.5  # seconds between two looks at memory, and at threads that may end


def parents():
    """The parent of every process."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                found[int(name)] = int(Path(f"/proc/{name}/stat").read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                pass
    return found


def families(roots):
    """The pids of each part: its first process and all that descend from it."""
    members = {part: {root} for part, root in roots.items()}
    parent_of = parents()
    for pids in members.values():
        while new := {pid for pid, parent in parent_of.items() if parent in pids and pid not in pids}:
            pids |= new
    return members


def cpu(pid):
    """Seconds: its own by its processor clock, ended threads included, and those of children that it reaped, by ticks."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return time.clock_gettime((~pid << 3) | 2) + sum(map(int, fields[13:15])) / TICK


def switches(pid):
    """Of each thread: how often it waited (and so was woken), and how often another took its core."""
    found = {}
    for thread in os.listdir(f"/proc/{pid}/task"):
        lines = Path(f"/proc/{pid}/task/{thread}/status").read_text().splitlines()
        found[thread] = tuple(int(line.split()[1]) for line in lines if "ctxt_switches" in line)
    return found


def memory(pids):
    """Resident bytes. Memory that processes of a part share counts once."""
    sizes = []
    for pid in pids:
        try:
            sizes.append([int(size) * PAGE for size in Path(f"/proc/{pid}/statm").read_text().split()[1:3]])
        except OSError:
            pass
    return sum(size - shared for size, shared in sizes) + max((shared for _, shared in sizes), default=0)


def machine():
    """Seconds that all cores together have worked, and those that another virtual machine took from this one."""
    user, nice, system, _, _, hard, soft, steal = map(int, Path("/proc/stat").read_text().split("\n")[0].split()[1:9])
    return (user + nice + system + hard + soft) / TICK, steal / TICK


class Meter:
    """`with Meter(roots) as meter: load()`; then `meter.parts` says what each part used, its family's ended members included."""

    def __init__(self, roots, settle=SETTLE):
        self.roots, self.settle = roots, settle
        self.counters, self.peaks = {part: {} for part in roots}, dict.fromkeys(roots, 0)
        self.is_over = threading.Event()

    def __enter__(self):
        self.look()
        self.before = {part: dict(counters) for part, counters in self.counters.items()}
        self.began, self.machine, self.own = time.monotonic(), machine(), time.process_time()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return self

    def __exit__(self, *_):
        time.sleep(self.settle)
        self.is_over.set()
        self.thread.join()
        self.look()
        self.seconds = time.monotonic() - self.began
        self.worked, self.stolen = (after - before for before, after in zip(self.machine, machine()))
        self.worked -= time.process_time() - self.own
        self.parts = {part: self.used(part) for part in self.roots}

    def watch(self):
        while not self.is_over.wait(PERIOD):
            self.look()

    def look(self):
        """The newest counters of every process and thread replace those before; who is gone keeps its last."""
        for part, pids in families(self.roots).items():
            for pid in pids:
                try:
                    self.counters[part].update({(pid, thread): both for thread, both in switches(pid).items()})
                    self.counters[part][pid] = (cpu(pid),)
                except OSError:
                    pass
            self.peaks[part] = max(self.peaks[part], memory(pids))

    def used(self, part):
        seconds = waits = preempted = 0
        for key, after in self.counters[part].items():
            gained = [value - earlier for value, earlier in zip(after, self.before[part].get(key, (0, 0)))]
            if len(gained) == 1:
                seconds += gained[0]
            else:
                waits, preempted = waits + gained[0], preempted + gained[1]
        return {"cpu_seconds": seconds, "waits": waits, "preempted": preempted, "peak_mib": self.peaks[part] / 2**20}
