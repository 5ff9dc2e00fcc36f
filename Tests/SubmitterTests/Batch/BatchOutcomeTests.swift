import ArgumentParser
import Shared
import Testing

@testable import Submitter

/// Exit codes, arguments and what is uploaded.
@Suite struct BatchOutcomeTests {
    @Test(arguments: [
        (Batch.Status.completed, Batch.Halt?.none, 0, Int32(0)), (.completed, nil, 1, 2), (.failed, nil, 0, 3),
        (.completed, .budget, 3, 4), (.expired, .expired, 3, 4), (.cancelled, .cancelled, 3, 1),
    ])
    func `the exit code tells the end`(status: Batch.Status, halt: Batch.Halt?, failed: Int, code: Int32) {
        let end = JournalEnd(status: status, halt: halt, succeeded: 1, failed: failed, round: 0)

        #expect(BatchOutcome.ended(end).exitCode == code)
    }

    @Test func `an interrupt has the code of one`() {
        #expect(BatchOutcome.drained.exitCode == 130)
    }

    @Test(arguments: [("90m", 5_400_000), ("24h", 86_400_000), ("30d", 2_592_000_000), ("7", 7000), ("1s", 1000)])
    func `a time has a unit`(text: String, milliseconds: Int) {
        #expect(BatchDuration(argument: text)?.milliseconds == Int64(milliseconds))
    }

    @Test(arguments: ["", "m", "0", "-1h", "1.5h", "31d", "99999999999d", "1w", "1 h"])
    func `other times are refused`(text: String) {
        #expect(BatchDuration(argument: text) == nil)
    }

    @Test(arguments: [
        ["--rpm", "0"], ["--tpm", "0"], ["--concurrency", "0"], ["--priority", "10"], ["--max-cost", "0"],
        ["--cache-ttl", "9999999"], ["--tenant", ""], ["--model", ""], ["--metadata", "x"], ["--metadata", "=x"],
    ])
    func `a wrong wish is refused by its name`(arguments: [String]) {
        do {
            _ = try BatchWishes.parse(arguments)
            Issue.record("not refused")
        } catch { #expect(BatchWishes.message(for: error).contains(arguments[0])) }
    }

    @Test func `wishes become options`() throws {
        let wishes = try BatchWishes.parse([
            "--concurrency", "5", "--rpm", "6", "--tpm", "7", "--max-cost", "1.5", "--priority", "9",
            "--routing-strategy", "COST_BASED", "--provider", "openai", "--cache-ttl", "60", "--metadata", "a=b=c",
        ])

        #expect(BatchOptions(wishes.options.json) == wishes.options)
        #expect(wishes.options.routingStrategy == "cost_based" && wishes.options.maxCost == 1.5)
        #expect(try wishes.pairs() == ["a": "b=c"])
    }

    @Test(arguments: [["in"], ["in", "-o", "-"], ["in", "-o", "in"], ["in", "-o", "o", "--fresh", "--retry-errors"]])
    func `a run needs files that can be continued`(arguments: [String]) {
        #expect(throws: (any Error).self) { try RunBatch.parse(arguments) }
    }

    @Test func `a check needs no files`() throws {
        #expect(try RunBatch.parse(["in", "--dry-run"]).dryRun)
    }

    @Test func `lines are gathered to chunks of whole lines`() {
        var chunks = ChunkBuilder()
        let line = [UInt8](repeating: UInt8(ascii: "x"), count: 100_000)
        var made = (0..<5).compactMap { _ in chunks.add(line) }
        made += [chunks.add([UInt8](repeating: UInt8(ascii: "y"), count: 300_000)), chunks.rest()].compactMap(\.self)

        #expect(made.map(\.seq) == [0, 1, 2, 3] && made.map(\.firstLine) == [1, 3, 5, 6])
        #expect(made.map(\.lines) == [2, 2, 1, 1] && chunks.rest() == nil)
        #expect(chunks.lines == 6 && chunks.bytes == made.reduce(0) { $0 + $1.data.utf8.count })
    }

    @Test func `a batch made by a command can begin at once`() {
        let made = NewBatch(
            id: "batch_1", file: "file-1", filename: "a/b.jsonl", lines: 3, operation: .embeddings, tenant: "t",
            options: BatchOptions(), metadata: .null, deadline: 1000)

        let (batch, file) = (made.batch(now: 5), made.uploaded(now: 5))

        #expect(batch.status == .inProgress && batch.counts.total == 3 && batch.times.deadline == 1005)
        #expect(batch.times.resultsExpire == 1005 + NewBatch.kept && file.expires == batch.times.resultsExpire)
        #expect(file.filename == "b.jsonl" && file.tenant == "t")
    }
}
