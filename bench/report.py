"""The report of bench/compare.py: medians of the rounds as a Markdown table, with ratios.

Usage: bench/report.py FILE      prints the report of a run that was kept with `--json FILE`
"""

import json
import statistics
import sys
from pathlib import Path

TITLES = {"direct": "direct", "ours": "ours", "litellm": "LiteLLM"}


DISTURBED = 0.15  # share of the machine that processes outside of the run may take


def number(value):
    if value is None:
        return ""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}"


class Column:
    """Medians of one load on one system; None where it was not measured."""

    def __init__(self, rounds):
        self.rounds = rounds or []

    def median(self, figure):
        values = [figure(one) for one in self.rounds]
        return statistics.median(values) if values and None not in values else None

    def parts(self, figure):
        names = [name for name in self.rounds[0]["parts"] if not name.startswith("(")] if self.rounds else []
        return {name: self.median(lambda one: figure(one["parts"][name], one)) for name in names}

    def total(self, figure):
        return self.median(lambda one: sum(figure(part, one) for name, part in one["parts"].items() if name[0] != "(")) \
            if self.parts(figure) else None

    def time(self, what, quantile):
        return self.median(lambda one: one[what] and one[what][quantile])


def cpu(part, one):
    return part["cpu_seconds"] * 1e6 / max(1, one["ok"])


def wakes(part, one):
    return part["waits"] / max(1, one["ok"])


def preemptions(part, one):
    return part["preempted"] / max(1, one["ok"])


def idle_cpu(part, one):
    return part["cpu_seconds"] / one["seconds"] * 100


def idle_wakes(part, one):
    return part["waits"] / one["seconds"]


class Table:
    def __init__(self, result):
        self.figures = result["figures"]
        self.names = list(result["about"]["systems"])
        self.has_ratio = {"ours", "litellm"} <= set(self.names)
        head = ["load", "figure", *(TITLES[name] for name in self.names), *(["LiteLLM ÷ ours"] if self.has_ratio else [])]
        self.lines = [self.line(head), self.line(["---", "---", *["---:"] * (len(head) - 2)])]

    @staticmethod
    def line(cells):
        return f"| {' | '.join(cells)} |"

    def columns(self, load):
        return {name: Column(self.figures.get(load, {}).get(name)) for name in self.names}

    def row(self, load, figure, values, is_ratio_told=True):
        """Values by system; those that are texts are told as they are."""
        cells = [value if isinstance(value, str) else number(value) for value in (values.get(name) for name in self.names)]
        if self.has_ratio:
            ours, theirs = values.get("ours"), values.get("litellm")
            is_told = is_ratio_told and not isinstance(ours, str) and ours and theirs and ours > 0
            cells.append(f"{number(theirs / ours)}×" if is_told else "")
        self.lines.append(self.line([load, figure, *cells]))

    def by_part(self, load, what, figure):
        texts = {}
        for name, column in self.columns(load).items():
            parts = column.parts(figure)
            texts[name] = ", ".join(f"{part} {number(value)}" for part, value in parts.items()) if len(parts) > 1 else ""
        if any(texts.values()):
            self.row("", what, texts)

    def usage(self, load):
        columns = self.columns(load)
        self.row("", "processor time per request, µs", {name: column.total(cpu) for name, column in columns.items()})
        self.by_part(load, "– by process", cpu)
        self.row("", "wakes per request", {name: column.total(wakes) for name, column in columns.items()})
        self.by_part(load, "– by process", wakes)
        self.row("", "preemptions per request", {name: column.total(preemptions) for name, column in columns.items()})

    def times(self, load, what, title, quantiles):
        for quantile in quantiles:
            values = {name: column.time(what, quantile) for name, column in self.columns(load).items()}
            self.row("", f"{title} {quantile}, ms", values)

    def added(self, load, quantiles=("p50", "p99")):
        for quantile in quantiles:
            values = {name: column.time("latency", quantile) for name, column in self.columns(load).items()}
            direct = values.pop("direct")
            values = {name: value and value - direct for name, value in values.items()}
            self.row("", f"latency {quantile} added to direct, ms", {"direct": f"({number(direct)})", **values})

    def load(self, load, title):
        self.row(f"**{title}**", "replies per second",
                 {name: column.median(lambda one: one["per_second"]) for name, column in self.columns(load).items()}, False)
        self.usage(load)
        self.added(load)

    def idle(self):
        if "idle" not in self.figures:
            return
        columns = self.columns("idle")
        self.row("**idle**", "processor time, % of a core", {name: column.total(idle_cpu) for name, column in columns.items()})
        self.by_part("idle", "– by process", idle_cpu)
        self.row("", "wakes per second", {name: column.total(idle_wakes) for name, column in columns.items()})
        self.by_part("idle", "– by process", idle_wakes)

    def memory(self):
        peaks = {}
        for systems in self.figures.values():
            for name, rounds in systems.items():
                for one in rounds:
                    for part, used in one["parts"].items():
                        if not part.startswith("("):
                            parts = peaks.setdefault(name, {})
                            parts[part] = max(parts.get(part, 0), used["peak_mib"])
        self.row("**memory**", "resident, peak of the run, MiB", {name: sum(parts.values()) for name, parts in peaks.items()})
        texts = {name: ", ".join(f"{part} {number(size)}" for part, size in parts.items()) for name, parts in peaks.items()
                 if len(parts) > 1}
        if texts:
            self.row("", "– by process", texts)


def faults(result):
    """One line for each load and system that had a wrong reply."""
    for load, systems in result["figures"].items():
        for name, rounds in systems.items():
            for one in rounds:
                if one.get("faults"):
                    yield f"{load}, {TITLES[name]}: {one['requests'] - one['ok']} of {one['requests']} replies: {one['faults']}"


def has_faults(result):
    return any(faults(result))


def head(result):
    about, options = result["about"], result["about"]["options"]
    measured = [one for systems in result["figures"].values() for rounds in systems.values() for one in rounds]
    strangers = [one["strangers"] for one in measured if "strangers" in one]
    repeated = sum(one.get("repeated", 0) for one in measured)
    yield f"- Machine: {about['machine']}. {about['date']}."
    yield (f"- Medians of {options['rounds']} rounds, {options['seconds']} s a load, systems in turn. Processes that do not belong to "
           f"the run took {statistics.median(strangers):.0%} of the machine (at most {max(strangers):.0%})"
           f"{f'; {repeated} measurements that they disturbed were repeated' if repeated else ''}.")
    if statistics.median(strangers) > DISTURBED:
        yield "- **The machine was not quiet: rates and latencies are worse than on a quiet one, and not alike for all.**"
    for name, one in about["systems"].items():
        version = f": {one['version']}" if one["version"] else ""
        yield f"- {TITLES[name]}{version}{', checkout ' + about['commit'] if name == 'ours' else ''}. {one['about']}."
    if "ours" in about["systems"]:
        yield f"- {about['servers']}."


def markdown(result):
    options, table = result["about"]["options"], Table(result)
    table.load("whole", f"whole answers, {options['connections']} connections, closed loop")
    table.load("rate", f"whole answers, {options['rate']} per second, open loop")
    for load, count in (("few_streams", options["few"]), ("streams", options["streams"])):
        table.load(load, f"{count} streams at a time")
        table.times(load, "first_token", "time to first token", ("p50", "p99"))
        table.times(load, "gap", "time between tokens", ("p99",))
    table.idle()
    table.memory()
    wrong = [f"\nWRONG: {line}" for line in faults(result)]
    return "\n".join([*head(result), "", *table.lines, *wrong])


if __name__ == "__main__":
    print(markdown(json.loads(Path(sys.argv[1]).read_text())))
