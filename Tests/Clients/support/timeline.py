"""Limits as a list of calls shows them (pure): sums in sliding minutes, requests at once, the share that was used.

Calls are (time, amount) pairs, in the order of time. Spans are (begin, end) pairs. Times are seconds.
"""

MINUTE = 60.0


def most_in_a_minute(calls):
    """The largest sum of any window [t, t + 60 s)."""
    most = total = first = 0
    for at, amount in calls:
        total += amount
        while calls[first][0] <= at - MINUTE:
            total -= calls[first][1]
            first += 1
        most = max(most, total)
    return most


def most_at_once(spans):
    """A span that ends where another begins does not overlap it."""
    running = most = 0
    for _, change in sorted([(begin, 1) for begin, _ in spans] + [(end, -1) for _, end in spans]):
        running += change
        most = max(most, running)
    return most


def share_of_rate(calls, limit):
    """The share of `limit` per minute that was used in the long run. The burst that an idle account allows does not count.

    After each call the next ones may add up to `limit` before the one that must wait until a minute has passed: the mean
    of what was used until that one came, per minute. `None` if no call had to wait.
    """
    rates, total, last = [], 0, 0
    for first, (began, amount) in enumerate(calls):
        while last < len(calls) and total + calls[last][1] <= limit:
            total += calls[last][1]
            last += 1
        if last == len(calls):
            break
        rates.append(total / (calls[last][0] - began) * MINUTE / limit)
        total -= amount
    return sum(rates) / len(rates) if rates else None


def share_of_slots(spans, slots, since, until):
    """The share of so many slots that was in use between two times."""
    used = sum(max(0.0, min(end, until) - max(begin, since)) for begin, end in spans)
    return used / (slots * (until - since))


def full_again(spans, slots, after):
    """The first time from `after` on when `slots` spans run, `None` if that never comes."""
    for moment in [after, *sorted(begin for begin, _ in spans if begin > after)]:
        if sum(begin <= moment < end for begin, end in spans) >= slots:
            return moment
    return None
