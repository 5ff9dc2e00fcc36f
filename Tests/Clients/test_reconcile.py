"""Platforms' bills beside the ledger: by day and by request, with every kind of difference, in every form of a file."""

import csv
import gzip
import io
import json
import os
import subprocess
import uuid
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from support.service import BIN, Service

CHINA = timedelta(hours=8)
# Of each platform: the columns of its bill, the currency, the offset of its days, how it writes the date and the amounts.
PLATFORMS = {
    "openai": (["start_time_iso", "line_item", "amount_value", "amount_currency"], "USD", timedelta(0),
               lambda day, tokens, cost: [f"{day}T00:00:00Z", "gpt", cost, "usd"]),
    "anthropic": (["usage_date_utc", "model_version", "usage_input_tokens_no_cache", "usage_input_tokens_cache_write_5m",
                   "usage_input_tokens_cache_write_1h", "usage_input_tokens_cache_read", "usage_output_tokens"], "USD",
                  timedelta(0), lambda day, tokens, cost: [day, "claude", tokens[0] - 30, 5, 5, 20, tokens[1]]),
    "alibaba": (["消费时间", "商品名称", "用量", "应付金额", "币种"], "CNY", CHINA,
                lambda day, tokens, cost: [f"{day} 00:00:00", "百炼", 1, cost, "CNY"]),
    "tencent": (["产品名称", "使用开始时间", "优惠后总价"], "CNY", CHINA, lambda day, tokens, cost: ["混元", f"{day} 10:00:00", cost]),
    "baidu": (["startTime", "chargeItem", "financePrice"], "CNY", CHINA, lambda day, tokens, cost: [day, "tokens", cost]),
    "zhipu": (["消费日期", "模型", "实付金额(元)"], "CNY", CHINA, lambda day, tokens, cost: [day.replace("-", "/"), "glm", f"¥{cost}"]),
}
NOON = datetime(2026, 11, 9, 4, tzinfo=UTC)  # 12:00 in China


def book(service, account, provider="zhipu", at=NOON, tokens=(1000, 500), cost="1.25", currency="CNY", upstream=None):
    """One attempt in the ledger."""
    service.postgres.query(
        """INSERT INTO usage_attempts (request_id, attempt, started_at, ended_at, tenant, model, provider, account, lane, streamed,
            tokens_in, tokens_out, tokens_cached, tokens_reasoning, cost, currency, latency_ms, queue_ms, status, estimated, final,
            worker, upstream_request_id)
        VALUES (%s, 1, %s, %s, 'default', 'm', %s, %s, 'normal', true, %s, %s, 0, 0, %s, %s, 5, 1, 'done', false, true, 'w', %s)
        RETURNING 1""",
        uuid.uuid4().hex, at, at, provider, account, *tokens, cost, currency, upstream)


@pytest.fixture(scope="module")
def service(workspace, template, upstream):
    """With the partition of the bills' month. No worker is needed."""
    service = Service(workspace / "reconcile", template, upstream, workers=0)
    with psycopg.connect(service.postgres.url, autocommit=True) as connection:
        connection.execute("""
            CREATE TABLE IF NOT EXISTS usage_attempts_2026_11 PARTITION OF usage_attempts
                FOR VALUES FROM ('2026-11-01 00:00:00+00') TO ('2026-12-01 00:00:00+00')""")
    yield service
    service.stop()


@pytest.fixture
def account():
    return f"bill-{uuid.uuid4().hex[:12]}"


def written(path, header, rows):
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    path.write_text("\ufeff" + text.getvalue())
    return path


def reconcile(service, path, account, *options, provider="zhipu"):
    done = service.run(
        "usage", "reconcile", str(path), "--provider", provider, "--account", account, "--format", "json", *options)
    assert done.returncode in (0, 2), done.stderr
    said = json.loads(done.stdout)
    assert said["agrees"] == (done.returncode == 0)
    return said


def by_status(said):
    return {row["status"]: row["rows"] for row in said["sums"]}


@pytest.mark.parametrize("provider", PLATFORMS)
def test_a_platforms_bill_agrees_with_the_ledger_until_an_amount_differs(service, account, provider, tmp_path):
    header, currency, offset, row = PLATFORMS[provider]
    # Late in the evening of the platform's ninth, and early on its tenth.
    for hour in (23, 24):
        book(service, account, provider, datetime(2026, 11, 9, tzinfo=UTC) + timedelta(hours=hour) - offset, currency=currency)
    rows = [row(day, (1000, 500), "1.25") for day in ("2026-11-09", "2026-11-10")]
    agreed = reconcile(service, written(tmp_path / "bill.csv", header, rows), account, provider=provider)
    assert agreed["by"] == "day" and by_status(agreed) == {"matched": 2}
    assert (agreed["since"], agreed["until"]) == ("2026-11-09", "2026-11-11")

    rows[1] = row("2026-11-10", (1100, 500), "1.5")
    apart = reconcile(service, written(tmp_path / "bill.csv", header, rows), account, provider=provider)
    assert by_status(apart) == {"differs": 1, "matched": 1}
    [day] = [row["day"] for row in apart["rows"] if row["status"] == "differs"]
    assert day == "2026-11-10"


def test_each_side_alone_and_another_currency_are_told(service, account, tmp_path):
    book(service, account)
    book(service, account, currency="USD", cost="3")
    bill = written(tmp_path / "b.csv", ["消费日期", "金额"], [["2026-11-09", "1.25"], ["2026-11-12", "7"]])
    said = reconcile(service, bill, account)

    assert {(row["status"], row["day"], row["currency"]) for row in said["rows"]} == {
        ("matched", "2026-11-09", "CNY"), ("only_ledger", "2026-11-09", "USD"), ("only_bill", "2026-11-12", "CNY")}


def test_requests_are_compared_by_their_ids(service, account, tmp_path):
    for upstream, cost in (("r-same", "0.001"), ("r-apart", "0.002"), ("r-ledger", "0.003"), (None, "0.004")):
        book(service, account, upstream=upstream, cost=cost)
    header = ["request_id", "消费时间", "金额"]
    rows = [["r-same", "2026-11-09", "0.001"], ["r-apart", "2026-11-09 11:00:00", "0.005"], ["r-bill", "2026-11-09", "1"],
            ["", "2026-11-09", "2"], ["合计", "", "3"]]
    said = reconcile(service, written(tmp_path / "b.csv", header, rows), account)

    assert said["by"] == "request" and said["undated_lines"] == 1
    assert by_status(said) == {
        "matched": 1, "differs": 1, "only_bill": 1, "only_ledger": 1, "bill_without_id": 1, "ledger_without_id": 1}
    assert [row["id"] for row in said["rows"]] == ["r-apart", "r-bill", "r-ledger", None, None]
    [apart] = [row for row in said["rows"] if row["status"] == "differs"]
    assert (apart["bill_cost"], apart["ledger_cost"], apart["attempts"]) == (0.005, 0.002, 1)
    with_all = reconcile(service, tmp_path / "b.csv", account, "--all", "--limit", "2")
    assert len(with_all["rows"]) == 2 and with_all["more_rows"] == 4
    assert reconcile(service, tmp_path / "b.csv", account, "--by", "day")["by"] == "day"


def test_columns_rows_days_and_tolerance_can_be_said(service, account, tmp_path):
    book(service, account, tokens=(1_500_000, 0), cost="10")
    path = tmp_path / "b.csv"
    path.write_text("Export,of,2026-12-01\n\nDay;x\n")
    refused = service.run("usage", "reconcile", str(path), "--provider", "zhipu")
    assert refused.returncode == 1 and "--columns" in refused.stderr and "Export, of" in refused.stderr
    bill = written(path, ["Tag", "Produkt", "Menge (千tokens)", "Betrag"], [
        ["20261109", "glm", "1,500", "10.05"], ["20261109", "oss", "99", "1"]])
    options = ["--columns", "date=Tag,tokens=Menge*1000,cost=Betrag", "--where", "Produkt=glm"]

    assert by_status(reconcile(service, bill, account, *options)) == {"differs": 1}
    assert by_status(reconcile(service, bill, account, *options, "--tolerance", "0.01")) == {"matched": 1}
    outside = reconcile(service, bill, account, *options, "--since", "2026-10-01", "--until", "2026-11-09")
    assert outside["rows"] == [] and outside["agrees"]
    assert by_status(reconcile(service, bill, account, *options, "--rounding", "0.1", "--zone", "Asia/Shanghai")) == {"matched": 1}


def test_a_bill_comes_packed_and_from_standard_input(service, account, tmp_path):
    book(service, account)
    text = "消费日期,金额\n2026-11-09,1.25\n"
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(text.encode()))
    assert reconcile(service, tmp_path / "b.csv.gz", account)["agrees"]
    piped = service.run("usage", "reconcile", "-", "--provider", "zhipu", "--account", account, stdin=text)
    assert piped.returncode == 0 and "matched" in piped.stdout and "read: date=消费日期, cost=金额" in piped.stderr
    table = service.run(
        "usage", "reconcile", str(tmp_path / "b.csv.gz"), "--provider", "zhipu", "--account", account, "--format", "csv")
    assert list(csv.DictReader(io.StringIO(table.stdout)))[0]["ledger_cost"] == "1.25"


@pytest.mark.parametrize("content, said", [
    ("消费日期,金额\n2026-11-09,1.25\n".encode("gbk"), "iconv -f GB18030 -t UTF-8"),
    ("消费日期,金额\n2026-11-09,1.25\n".encode("utf-16"), "UTF-16"), (b"PK\x03\x04rest", "xlsx"), (b"", "the bill is empty"),
    ("消费日期,金额\n2026-11-09,\"1,25\"\n".encode(), "line 2, column 2"), ("消费日期,金额\n".encode(), "no rows"),
    ("消费日期,金额\n2026-11-09,\"1".encode(), "quotation mark"), (b"a" * (2 << 20), "record of at most")],
    ids=["gbk", "utf16", "xlsx", "empty", "comma", "no-rows", "open-quote", "long"])
def test_a_file_that_cannot_be_read_is_exit_code_1_and_told(service, content, said, tmp_path):
    path = tmp_path / "bill.csv"
    path.write_bytes(content)
    done = service.run("usage", "reconcile", str(path), "--provider", "zhipu")
    assert done.returncode == 1 and said in done.stderr and done.stdout == "", done.stderr


def test_what_is_missing_or_wrong_has_its_exit_code(service, tmp_path):
    bill = written(tmp_path / "b.csv", ["消费日期", "金额"], [["2026-11-09", "1"]])
    gone = service.run("usage", "reconcile", str(tmp_path / "gone.csv"), "--provider", "zhipu")
    assert gone.returncode == 1 and "gone.csv" in gone.stderr
    away = service.run(
        "usage", "reconcile", str(bill), "--provider", "zhipu", DATABASE_URL="postgresql://127.0.0.1:1/none")
    assert away.returncode == 1 and away.stderr
    for wrong in (["--provider", "nobody"], [], ["--provider", "sandbox"], ["--provider", "zhipu", "--zone", "Nowhere/Land"],
                  ["--provider", "zhipu", "--columns", "day=x"], ["--provider", "zhipu", "--tolerance", "2"],
                  ["--provider", "zhipu", "--since", "2026-11-09", "--until", "2026-11-01"], ["--provider", "zhipu", "--where", "x"],
                  ["--provider", "zhipu", "--zone", "+05:30"]):
        assert service.run("usage", "reconcile", str(bill), *wrong).returncode == 64, wrong


def test_a_large_bill_is_not_held_in_memory(service, account, tmp_path):
    lines = 200_000
    book(service, account, cost=str(lines))
    path = tmp_path / "large.csv"
    with path.open("w") as file:
        file.write("消费日期,项目,金额\n")
        file.writelines(f"2026-11-09,{'x' * 480},1\n" for _ in range(lines))
    command = [BIN / "submitter", "usage", "reconcile", path, "--provider", "zhipu", "--account", account, "--format", "json"]
    with (tmp_path / "said.json").open("wb") as said:
        process = subprocess.Popen(command, env=service.environment, stdout=said, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    [day] = json.loads((tmp_path / "said.json").read_text())["rows"]

    assert process.returncode == 0 and day["status"] == "matched" and day["bill_lines"] == lines
    print(f"{path.stat().st_size >> 20} MB of a bill in {used.ru_maxrss >> 10} MB")
    assert used.ru_maxrss << 10 < path.stat().st_size
