"""The invariants, judged over what was recorded. Pure: in goes a `Book`, out come violations.

A *reason* is a fault that was at work at the time (with a margin of one lease and a little), or something that the platform or
the caller did. Whatever happens without a reason is a violation, and some things have no reason at all.
"""

import json
from dataclasses import dataclass

from collector import number
from records import END

# Within such a time after a fault its consequences may still show.
AFTERMATH = 10.0
# The time beyond a lease in which a worker sees that a job is no longer its own.
GIVING_UP = 3.0

# Faults whose processes do not come back: only these leave an attempt without a final row.
DEADLY = ("kill_worker", "fault_point", "poisoned", "crash")
# Faults for which nobody's job may be taken away, if they were the only ones: all workers lose Redis, and all wait for a lease.
OUTAGES = ("redis_away", "kill_redis_briefly", "kill_redis_long")
# A worker pauses for up to 2 s before it tries to connect again, so leases must be longer for that to hold at random moments.
LONG_LEASE = 5
# Codes of our own making, which no valid request may end with, whatever happened.
NEVER = ("undecodable_request", "undecodable", "internal_error", "internal", "error:None")


@dataclass
class Violation:
    rule: str
    what: str
    tag: str | None = None
    id: str | None = None
    at: float | None = None

    def __str__(self):
        return f"{self.rule}: {self.what}" + (f" [{self.tag or '?'} {self.id or '?'}]" if self.tag or self.id else "")


class Checker:
    def __init__(self, book, lease, max_deliveries=4, recovery_limit=None):
        self.book, self.lease, self.aftermath = book, lease, AFTERMATH + 2 * lease
        self.max_deliveries, self.recovery_limit = max_deliveries, recovery_limit
        self._dead = {pid: fault.began for fault in book.faults if fault.name in DEADLY for pid in fault.pids}
        self.violations, self.outages = [], OUTAGES if lease > LONG_LEASE else OUTAGES[:1]
        self._flushes = [fault for fault in book.faults if fault.name in ("flushall",)]
        self._ids = self._tags_to_ids()
        self._owned = set().union(*self._ids.values()) if self._ids else set()

    def judge(self):
        for request in self.book.requests.values():
            own = self._ids.get(request.tag, set())
            ids = ({request.id} | own) - {None}
            # A key that was used before: what the log has, and what was billed, is the other body's.
            foreign = {id for id in ids - own if id in self._owned}
            _Case(self, request, sorted(ids - foreign), is_others=bool(foreign) and ids == foreign).judge()
        self._strangers()
        self.violations.sort(key=lambda violation: violation.at or 0)
        return self.violations

    def add(self, rule, what, tag=None, id=None, at=None):
        self.violations.append(Violation(rule, what, tag, id, at))

    def _tags_to_ids(self):
        ids = {}
        for log in self.book.logs.values():
            if log.tag:
                ids.setdefault(log.tag, set()).add(log.id)
        for bill in self.book.bills:
            if bill.tag:
                ids.setdefault(bill.tag, set()).add(bill.id)
        return ids

    def _strangers(self):
        for call in self.book.calls:
            if call.tag not in self.book.requests:
                self.add("stranger", f"the platform was asked for {call.tag}, which nobody asked", call.tag, at=call.at)

    # MARK: reasons

    def disturbed(self, since, until, pids=(), scopes=("redis", "worker", "shim", "postgres", "all"), without=()):
        """True when a fault was at work. With `pids`, one that hit these workers or everybody."""
        for fault in self.book.faults:
            if fault.scope in scopes and fault.name not in without and fault.touches(since - self.aftermath, until + 1):
                if not pids or not fault.pids or set(fault.pids) & set(pids):
                    return True
        return False

    def died(self, pid):
        """When the worker was killed, None if it was not."""
        return self._dead.get(pid)

    def awake(self, pid, since):
        """From when on, at `since` or later, nothing keeps this worker from its work. Infinity: never again."""
        if self.died(pid):
            return float("inf")
        return max([since] + [fault.ended or float("inf") for fault in self.book.faults if pid in fault.pids])

    def groups_destroyed(self, since, until):
        lanes = [fault for fault in self.book.faults if fault.name == "group_destroy" and fault.detail.startswith("q:")]
        return sum(fault.touches(since, until) for fault in lanes)

    def flushed(self, since, until):
        return any(fault.touches(since - 1, until + 5) for fault in self._flushes)


# Requests that are wrong on purpose.
HOSTILE_PATHS = ("hostile-numbers", "huge-texts", "newer-version", "poison")


class _Case:
    """One request."""

    def __init__(self, checker, request, ids, is_others=False):
        self.checker, self.request, self.ids, self.is_others = checker, request, ids, is_others
        self.book = checker.book
        self.calls = self.book.calls_of(request.tag)
        self.log = next((self.book.logs[id] for id in ids if id in self.book.logs), None)
        self.bills = [bill for id in ids for bill in self.book.bills_of(id)]
        last = [call.ended or call.at for call in self.calls] + [bill.started for bill in self.bills]
        self.since = request.began
        self.until = max([request.ended or request.began, *(last or [0]), self.log.ended or self.log.seen if self.log else 0])

    def fail(self, rule, what):
        self.checker.add(rule, what, self.request.tag, self.ids[0] if self.ids else None, self.until)

    def judge(self):
        if self.checker.flushed(self.since, self.until if self.log and self.log.ended else float("inf")):
            # Requests that FLUSHALL took are gone by the documented rule. Only hanging is judged, by the queues at the end.
            return
        if self.request.accepted is False or self.is_others:
            return self._refused()
        if len(self.ids) > 1:
            self.fail("one-id", f"one request, several ids: {self.ids}")
        self._log_shape()
        self._one_end()
        self._bills()
        self._tokens()
        self._calls()
        self._content()
        self._given_up()
        self._too_late()
        self._reason()

    # MARK: refused

    def _refused(self):
        if self.calls:
            self.fail("refused-ran", f"refused ({self.request.status}), but the platform was called {len(self.calls)} times")
        elif any(bill.account for bill in self.bills):
            self.fail("refused-billed", f"refused ({self.request.status}), but there are {len(self.bills)} bills")

    # MARK: the log

    def _log_shape(self):
        if not self.log:
            return
        last, attempts = (0, 0), {}
        for at, fields in self.log.entries:
            here = number(at)
            if here <= last:
                self.fail("order", f"{at} after {last[0]}-{last[1]}")
            if at != END and here[0] > 0:
                seqs = attempts.setdefault(here[0], [])
                if here[1] != len(seqs):
                    self.fail("hole", f"attempt {here[0]}: {here[1]} follows {len(seqs) - 1}")
                seqs.append(here[1])
                if (here[1] == 0) != (fields.get("k") == "s"):
                    self.fail("record", f"{at} is a {fields.get('k')}")
            last = here
        for _, text in self.log.oddities:
            self.fail("after-the-end", text)

    def _one_end(self):
        if self.log and not self.log.is_whole and not (self.log.is_gone and self._heard):
            return self.fail("no-end", f"the log stops at {self.log.entries[-1][0] if self.log.entries else 'nothing'}")
        if self.request.accepted and not self.log and self.request.outcome is None:
            self.fail("no-end", "accepted, and neither a log nor an answer was ever seen")
        if self.request.accepted and self.request.outcome is None:
            self.fail("hangs", "its caller never heard the end")
        if not self.log and self.calls and not self.bills:
            self.fail("no-trace", "the platform was called, and neither log nor bill knows")

    @property
    def _heard(self):
        """Its caller has had the end, after which the log may go at once."""
        return self.request.outcome == "done" or (self.request.outcome or "").startswith("error:")

    @property
    def starts(self):
        return {number(at)[0]: fields for at, fields in (self.log.entries if self.log else [])
                if at != END and number(at)[1] == 0 and number(at)[0] > 0}

    # MARK: bills

    def _bills(self):
        seen = {}
        for bill in self.bills:
            key = (bill.id, bill.attempt)
            if key in seen:
                self.fail("two-bills", f"attempt {bill.attempt} is in the ledger twice")
            seen[key] = bill
        if self.log and self.log.entries:
            started, billed = set(self.starts), {bill.attempt for bill in self.bills if bill.id == self.log.id}
            if started - billed:
                self.fail("no-bill", f"attempts {sorted(started)} started, {sorted(billed)} are in the ledger")
            if billed - started and self.log.is_whole:
                self.fail("bill-without-start", f"attempts {sorted(started)} started, {sorted(billed)} are in the ledger")
        elif self.request.outcome == "done" and not self.bills:
            self.fail("no-bill", "answered, and there is no bill")
        for bill in self.bills:
            self._estimate(bill)
        self._deaths()
        done = [bill for bill in self.bills if bill.status == "done"]
        if len(done) > 1 and not self._lost_workers(done[:-1]):
            self.fail("two-answers", f"attempts {[bill.attempt for bill in done]} are all done, and no worker was lost")

    def _deaths(self):
        lost = [bill for bill in self.bills if not bill.final]
        starts = [bill.started for bill in lost]
        # The consumer group counts deliveries: a new group counts from the beginning.
        groups = 1 + self.checker.groups_destroyed(min(starts), max(starts)) if starts else 1
        allowed = groups * self.checker.max_deliveries
        if len(lost) > allowed:
            self.fail("poison", f"{len(lost)} workers died of it, and {allowed} are allowed")
        rows = sorted(self.bills, key=lambda bill: bill.attempt)
        for before, after in zip(rows, rows[1:]):
            death = self.checker.died(before.pid)
            late = death and not before.final and before.started <= death and after.started - death
            if late and self.checker.recovery_limit and late > self.checker.recovery_limit:
                self.fail("late-recovery", f"attempt {after.attempt} began {late:.1f} s after the worker of"
                                           f" {before.attempt} died")

    def _lost_workers(self, bills):
        return all(self.checker.disturbed(bill.started, self.until, [bill.pid]) for bill in bills)

    def _estimate(self, bill):
        if not bill.final and not self.checker.died(bill.pid):
            self.fail("estimate", f"attempt {bill.attempt} of {bill.worker} has no final row, and its worker did not die")

    def _tokens(self):
        by_id = {call.id: call for call in self.calls}
        used = set()
        for bill in self.bills:
            if max(bill.tokens_in, bill.tokens_out) > 1 << 30 or min(bill.tokens_in, bill.tokens_out) < 0:
                self.fail("tokens", f"attempt {bill.attempt}: {bill.tokens_in} + {bill.tokens_out} tokens")
            if bill.status != "done" or bill.estimated or not bill.account:
                continue
            call = by_id.get(bill.upstream)
            if call is None:
                self.fail("tokens", f"attempt {bill.attempt} is done by a call {bill.upstream} that the platform does not know")
                continue
            if call.id in used:
                self.fail("two-bills", f"call {call.id} was billed twice")
            used.add(call.id)
            if not call.is_hostile and (bill.tokens_in, bill.tokens_out) != call.usage:
                self.fail("tokens", f"billed {bill.tokens_in, bill.tokens_out}, sent {call.usage} (call {call.id})")
        for call in self.calls:
            if call.how == "whole" and call.id not in used and not call.is_hostile and not self.request.may_be_cancelled:
                if not self.checker.disturbed(call.at, (call.ended or call.at) + 2):
                    self.fail("unbilled", f"call {call.id} was answered whole, and no row says so")

    # MARK: calls

    def _calls(self):
        attempts = {bill.attempt for bill in self.bills if bill.account} | set(self.starts)
        if len(self.calls) > len(attempts) and (self.bills or self.log):
            self.fail("too-many-calls", f"{len(self.calls)} calls in {len(attempts)} attempts")
        workers = [bill.pid for bill in self.bills if bill.pid]
        for call in self.calls:
            # A worker that slept between its start record and its call finds out only at its next write.
            excuses = ("redis", "worker", "all")
            if self.log and self.log.ended and call.at > self.log.ended + 1 and not self.checker.disturbed(
                    self.since, call.at, workers, excuses):
                self.fail("called-after-end", f"call {call.id} came {call.at - self.log.ended:.1f} s after the end was seen")
        for before, after in zip(self.calls, self.calls[1:]):
            fine = before.how in ("whole", "left", None)
            if fine and not self.checker.disturbed(before.at, after.at, workers, ("redis", "worker", "all")):
                self.fail("called-again", f"call {after.id} follows {before.id}, which was {before.how or 'open'},"
                                          f" without a reason")

    def _given_up(self):
        """A worker gives an attempt up as lost only after it was silent itself, and gives it up soon after the next one began."""
        starts = {bill.attempt: bill.started for bill in self.bills}
        for bill in self.bills:
            if bill.kind == "worker_lost" and bill.final and not self.checker.disturbed(
                    bill.started, self.until, [bill.pid], ("redis", "worker", "entry", "all"), without=self.checker.outages):
                self.fail("lost-for-nothing", f"attempt {bill.attempt} was given up by {bill.worker}, which had always been well")
            later = [at for attempt, at in starts.items() if attempt > bill.attempt]
            call = self._call_of(bill)
            if later and call:
                self._goes_on(bill, call, min(later))

    def _call_of(self, bill):
        """The call that it names. A row without an answer names none, but its call came at once."""
        named = {other.upstream for other in self.bills}
        at_once = [call for call in self.calls if call.id not in named and 0 <= call.at - bill.started < 1]
        return next((call for call in self.calls if bill.upstream == call.id), at_once[0] if len(at_once) == 1 else None)

    def _goes_on(self, bill, call, since):
        """Nobody runs the same request beside another for longer than it takes to ask once whose it is."""
        awake = self.checker.awake(bill.pid, since)
        late = awake + self.checker.lease + GIVING_UP
        if (call.ended or float("inf")) > late and not self.checker.disturbed(since, late, [bill.pid], ("redis", "all")):
            self.fail("goes-on", f"call {call.id} of attempt {bill.attempt} went on for more than {late - since:.1f} s"
                                 f" after the next attempt began")

    def _too_late(self):
        """A request that ends at its deadline was worked on until then, or a fault kept everybody from it."""
        request = self.request
        if request.outcome != "error:deadline_exceeded" or not self.bills:
            return
        last = max([call.ended or float("inf") for call in self.calls] + [bill.started for bill in self.bills])
        if request.ended - last > self.checker.aftermath and not self.checker.disturbed(last, request.ended,
            scopes=("redis", "all")):
            self.fail("left-alone", f"ended at its deadline, {request.ended - last:.1f} s after the last thing that was"
                                    f" done for it")

    # MARK: what the caller saw

    def _content(self):
        request = self.request
        whole = {call.text for call in self.calls if call.how == "whole"}
        everything = [call.text for call in self.calls]
        if request.outcome == "done" and request.text not in whole:
            self.fail("content", f"'done' with {self._look(request.text)}; the platform sent"
                                 f" {[self._look(t) for t in everything]}")
        elif request.text and not any(text.startswith(request.text) for text in everything):
            self.fail("content", f"saw {self._look(request.text)}; the platform sent {[self._look(t) for t in everything]}")
        if self.log:
            self._log_content(whole, everything)

    def _log_content(self, whole, everything):
        texts = {}
        for at, fields in self.log.entries:
            if fields.get("k") == "d":
                texts.setdefault(number(at)[0], []).append(self._delta_text(fields["d"]))
        for attempt, pieces in texts.items():
            text = "".join(pieces)
            if not any(sent.startswith(text) for sent in everything):
                self.fail("log-content", f"attempt {attempt} has {self._look(text)} in its log, which no call sent")
        end = self.log.end
        self._healthy_attempts(end)
        if not end or end.get("st") != "done":
            if not self.log.is_whole:
                return
            if end and self.request.outcome == "done":
                self.fail("content", f"the caller heard 'done', the log ends with {end.get('st')}")
            return
        last = max(self.starts, default=0)
        text = self._result_text(end["r"]) if end.get("r") else "".join(texts.get(last, []))
        if text not in whole:
            self.fail("log-content", f"ended with 'done' and {self._look(text)}, which no call sent whole")
        if str(last) != end.get("a"):
            self.fail("end-of-other-attempt", f"the end says attempt {end.get('a')}, the last one started is {last}")

    def _healthy_attempts(self, end):
        """An answer is the end of its request, unless its worker was thought dead, or somebody cancelled."""
        if not end or end.get("st") == "cancelled":
            return
        for bill in self.bills:
            if bill.id != self.log.id or bill.status != "done" or (end.get("st") == "done" and end.get("a") == str(bill.attempt)):
                continue
            if not self.checker.disturbed(bill.started, self.until, [bill.pid], ("redis", "worker", "all"),
                without=self.checker.outages):
                self.fail("answered-in-vain", f"attempt {bill.attempt} was answered, its worker was well, and the"
                                              f" request ended with"
                          f" {end.get('st')} of attempt {end.get('a')}: {end.get('r', '')[:200]}")

    @staticmethod
    def _delta_text(payload):
        return "".join(choice["delta"].get("content") or "" for line in payload.splitlines()
                       for choice in json.loads(line).get("choices", []))

    @staticmethod
    def _result_text(result):
        return json.loads(result)["choices"][0]["message"]["content"]

    @staticmethod
    def _look(text):
        return f"{len(text)} characters …{text[-40:]!r}"

    def _reason(self):
        """A failure must have a reason: what the platform did, what the caller did, or a fault."""
        request = self.request
        if request.restarts and not request.restarts_allowed:
            self.fail("restart", "the answer began again after text was shown, which nobody had asked for")
        if request.path not in HOSTILE_PATHS and (request.outcome or "").removeprefix("error:") in NEVER:
            self.fail("our-own-error", f"{request.outcome} ({request.status})")
        if request.outcome in (None, "done", "left") or request.may_fail or request.may_be_cancelled:
            return
        if not self.checker.disturbed(self.since, request.ended or self.until):
            self.fail("failed-without-reason", f"{request.outcome} ({request.status}), and nothing had happened")
