"""Everything that was recorded about one request, in the order of time."""


def history(book, violation, lease=2.0):
    request = book.requests.get(violation.tag)
    ids = [id for id in {violation.id, request.id if request else None} if id]
    lines = []
    if request:
        lines.append((request.began, f"caller    {request.path}, {'streamed' if request.stream else 'whole'}, plan"
                                     f" {','.join(request.plan)}"))
        lines += [(at, f"caller    {what}") for at, what in request.notes]
        for call in book.calls_of(request.tag):
            lines.append((call.at, f"platform  call {call.id} on account {call.account}: {call.behaviour}"))
            if call.ended:
                lines.append((call.ended, f"platform  call {call.id} {call.how}, {len(call.pieces)} pieces, usage {call.usage}"))
    for id in ids:
        if id in book.logs:
            log = book.logs[id]
            lines += [(0, f"log       {at} {brief(fields)}") for at, fields in log.entries]
            lines.append((log.seen, f"log       last change seen; end seen: {log.ended is not None}"))
            lines += [(at, f"log       {text}") for at, text in log.oddities]
        for bill in book.bills_of(id):
            row = (f"attempt {bill.attempt} {bill.status} {'final' if bill.final else 'not final'}"
                   f"{' estimated' if bill.estimated else ''} {bill.kind or ''} {bill.account or 'no account'}"
                   f" {bill.tokens_in}+{bill.tokens_out} {bill.worker} {bill.upstream or ''}")
            lines.append((bill.started, f"ledger    {row}"))
    times = [at for at, _ in lines if at] or [violation.at or 0]
    for fault in book.faults:
        if fault.touches(min(times) - 2 * lease - 2, max(times) + 1):
            lines.append((fault.began, f"fault     {fault.name} {fault.detail} {list(fault.pids) or ''}"
                          f" for {(fault.ended or fault.began) - fault.began:.1f} s"))
    start = min(times)
    untimed = [f"            {text}" for at, text in lines if not at]
    timed = [f"{at - start:+9.3f} s  {text}" for at, text in sorted((line for line in lines if line[0]),
        key=lambda line: line[0])]
    return "\n".join([str(violation), *timed, "  the log as it was last seen:", *untimed])


def brief(fields):
    """Without what is long."""
    return " ".join(f"{name}={value if len(value) <= 60 else value[:57] + '…'}" for name,
        value in fields.items() if name != "_tag")
