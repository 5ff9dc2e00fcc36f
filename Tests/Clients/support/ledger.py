"""The attempts in PostgreSQL: one row each, and the hourly sums."""

from .processes import eventually


def rows(service, request_id):
    """(attempt, status, final, estimated, account, error_kind), by attempt."""
    return service.postgres.query(
        "SELECT attempt, status, final, estimated, account, error_kind FROM usage_attempts WHERE request_id = %s"
        " ORDER BY attempt", request_id)


def settled_rows(service, request_id, count=1, seconds=20):
    """The rows once there are `count` and the outbox is empty, so that a second one could not be on its way."""
    eventually(lambda: len(rows(service, request_id)) >= count, seconds, f"{count} usage rows")
    drained(service, seconds)
    found = rows(service, request_id)
    assert len(found) == count, found
    return found


def drained(service, seconds=30):
    """Queues, pending lists, outbox and delayed set return to empty."""
    client = service.redis.client()

    def is_empty():
        streams = [f"q:{lane}" for lane in ("high", "normal", "batch")] + ["usage"]
        sizes = [client.xlen(service.key(name, shard)) for shard in service.shards for name in streams]
        return sum(sizes) + sum(client.zcard(service.key("delayed", shard)) for shard in service.shards) == 0

    eventually(is_empty, seconds, "queues and outbox are empty")


def assert_each_answered_once(service, ids):
    """Every id has exactly one `done` row. Attempts before it may have been lost or refused."""
    done = dict(service.postgres.query(
        "SELECT request_id, count(*) FROM usage_attempts WHERE status = 'done' GROUP BY request_id"))
    assert {id: done.get(id) for id in ids} == dict.fromkeys(ids, 1)


SUMS = ["usage_hourly", "usage_users_hourly", "usage_users_daily", "usage_routes_hourly", "usage_routes_daily"]


def assert_books_balance(service):
    """No attempt stands twice, and all tables of sums are the sums of the rows."""
    twice = service.postgres.query("SELECT request_id, attempt FROM usage_attempts GROUP BY 1, 2 HAVING count(*) > 1")
    assert twice == []
    [raw] = service.postgres.query(
        "SELECT count(*), sum(tokens_in), sum(tokens_out), sum(cost), count(*) FILTER (WHERE estimated) FROM usage_attempts")
    for table in SUMS:
        [sums] = service.postgres.query(
            f"SELECT sum(attempts), sum(tokens_in), sum(tokens_out), sum(cost), sum(estimated_attempts) FROM {table}")
        assert sums == raw and raw[0] > 0, table
