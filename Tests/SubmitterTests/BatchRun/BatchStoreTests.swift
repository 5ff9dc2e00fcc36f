import Shared
import TestSupport
import Testing

@testable import Submitter

/// Rows of batches: who runs one, and that each line has one result.
@Suite struct BatchStoreTests {
    private struct Fixture {
        let store: BatchStore

        init() async throws { store = BatchStore(try await SharedPostgres.shared.migratedPool()) }

        func batch(
            _ id: String = BatchID.batch(), tenant: String = "t", status: Batch.Status = .inProgress, total: Int = 3
        ) async throws -> Batch {
            var batch = Batch(id: id, tenant: tenant, inputFile: "file-1", operation: .chat, status: status)
            batch.counts.total = total
            batch.times.deadline = 4_000_000_000_000
            batch.times.resultsExpire = 4_000_000_000_000
            batch.metadata = ["a": "b\u{0}c"]
            return try await store.create(batch)
        }

        func claimed(_ batch: Batch, by runner: String, for lease: Duration = .seconds(60)) async throws -> Bool {
            // Batches of other tests are nobody's, too.
            while let claimed = try await store.claim(runner, for: lease) {
                if claimed.id == batch.id { return true }
            }
            return false
        }
    }

    private func result(_ line: Int, isOK: Bool = true, cost: Double = 0.5) -> BatchResult {
        BatchResult(
            line: line, isOK: isOK, isRetryable: !isOK, requestID: "0-\(line)", model: "m",
            usage: TokenUsage(input: 10, output: 5), cost: cost, currency: "USD", milliseconds: line, attempts: 2,
            body: #"{"line":\#(line),"quote":"\" \\ {} ,"}"#)
    }

    @Test func `a batch is kept with everything it says, and made once`() async throws {
        let fixture = try await Fixture()
        var options = BatchOptions()
        options.concurrency = 7
        options.maxCost = 1.5
        let made = try await fixture.batch()

        let again = try await fixture.batch(made.id, total: 99)
        let changed = try #require(try await fixture.store.set(options, of: made.id))

        #expect(again == made)
        #expect(changed.options == options)
        #expect(changed.metadata["a"] == "b\u{0}c")
        #expect(try await fixture.store.find(made.id, tenant: "another") == nil)
    }

    @Test func `a batch has one runner, until that one does not renew`() async throws {
        let fixture = try await Fixture()
        let batch = try await fixture.batch()

        #expect(try await fixture.claimed(batch, by: "a", for: .milliseconds(300)))
        #expect(try await !fixture.claimed(batch, by: "b"))
        let kept = try await fixture.store.renew([batch.id: "a"], for: .milliseconds(300))
        #expect(kept.map(\.id) == [batch.id])
        try await eventually("the lease ends") { try await fixture.claimed(batch, by: "b") }

        await #expect(throws: BatchStore.Lost.self) {
            _ = try await fixture.store.record([result(1)], of: batch.id, by: "a", running: 0)
        }
        #expect(try await fixture.store.results(of: batch.id, after: 0).isEmpty)
    }

    @Test func `a line's first result counts, whoever writes it again`() async throws {
        let fixture = try await Fixture()
        let batch = try await fixture.batch()
        #expect(try await fixture.claimed(batch, by: "a"))

        _ = try await fixture.store.record([result(2), result(1, isOK: false)], of: batch.id, by: "a", running: 1)
        let now = try await fixture.store.record(
            [result(1, cost: 9), result(3, cost: 0.25)], of: batch.id, by: "a", running: 0)

        #expect(now.counts.succeeded == 2)
        #expect(now.counts.failed == 1)
        #expect(now.counts.retried == 3)
        #expect(now.counts.cost == ["USD": 1.25])
        #expect(now.counts.tokens == BatchTokens(input: 30, output: 15))
        let all = try await fixture.store.results(of: batch.id, after: 0)
        #expect(all.map(\.seq) == [1, 2, 4])
        #expect(all.map(\.line) == [2, 1, 3])
        #expect(all[0].body == result(2).body)
        #expect(now.counts.outputBytes == all.filter(\.isOK).reduce(0) { $0 + $1.body.utf8.count + 1 })
        #expect(try await fixture.store.results(of: batch.id, .failed, after: 0).map(\.line) == [1])
        #expect(try await fixture.store.results(of: batch.id, afterLine: 1).map(\.line) == [2, 3])
        #expect(try await fixture.store.doneLines(of: batch.id).count == 3)
    }

    @Test func `failed lines are asked for again as the next round`() async throws {
        let fixture = try await Fixture()
        let file = BatchFile(id: BatchID.file(), tenant: "t", filename: "f", expires: 4_000_000_000_000)
        try await fixture.store.begin(file)
        var draft = Batch(id: BatchID.batch(), tenant: "t", inputFile: file.id, operation: .chat, status: .inProgress)
        draft.times.deadline = 4_000_000_000_000
        draft.times.resultsExpire = 4_000_000_000_000
        let batch = try await fixture.store.create(draft)
        #expect(try await fixture.claimed(batch, by: "a"))
        let results = [result(1), result(2, isOK: false), result(3), result(4, isOK: false)]
        _ = try await fixture.store.record(results, of: batch.id, by: "a", running: 0)
        #expect(try await fixture.store.retryErrors(of: batch.id, deadline: 1) == nil, "it runs still")
        _ = try await fixture.store.end(batch.id, by: "a", as: .completed)

        let (next, lines) = try #require(
            try await fixture.store.retryErrors(of: batch.id, deadline: 4_000_000_000_000))

        #expect(lines == 2)
        #expect(next.status == .inProgress)
        #expect(next.round == 1)
        #expect(next.counts.done == 2)
        #expect(next.counts.failed == 0)
        #expect(next.counts.errorBytes == 0)
        #expect(try await fixture.store.results(of: batch.id, after: 0).map(\.line) == [1, 3])
    }

    @Test func `pages of results are bounded by bytes, but for one row`() async throws {
        let fixture = try await Fixture()
        let batch = try await fixture.batch()
        #expect(try await fixture.claimed(batch, by: "a"))
        var large = (1...4).map { result($0) }
        for index in large.indices { large[index].body = String(repeating: "x", count: 700_000) }
        _ = try await fixture.store.record(large, of: batch.id, by: "a", running: 0)

        #expect(try await fixture.store.results(of: batch.id, after: 0).map(\.line) == [1, 2])
        #expect(try await fixture.store.results(of: batch.id, after: 2).map(\.line) == [3, 4])
    }

    @Test func `a paused batch is nobody's to run, and one that is cancelled has to be ended`() async throws {
        let fixture = try await Fixture()
        let batch = try await fixture.batch()
        _ = try await fixture.store.pause(batch.id, true)
        #expect(try await !fixture.claimed(batch, by: "a"))

        let cancelled = try #require(try await fixture.store.cancel(batch.id))

        #expect(cancelled.status == .cancelling)
        #expect(cancelled.halt == .cancelled)
        #expect(try await fixture.claimed(batch, by: "a"))
        let ended = try await fixture.store.end(batch.id, by: "a", as: .cancelled)
        #expect(ended.status == .cancelled)
        #expect(ended.times.cancelled != nil)
        #expect(try await fixture.store.cancel(batch.id)?.status == .cancelled)
    }

    @Test func `a file is there when all of it is, and stays while a batch needs it`() async throws {
        let fixture = try await Fixture()
        let id = BatchID.file()
        let file = BatchFile(id: id, tenant: "t", filename: "in.jsonl", expires: 4_000_000_000_000)
        try await fixture.store.begin(file)
        try await fixture.store.append(BatchChunk(seq: 0, firstLine: 1, lines: 1, data: "half"), to: id)
        #expect(try await fixture.store.file(id) == nil)

        try await fixture.store.begin(file)
        try await fixture.store.append(BatchChunk(seq: 0, firstLine: 1, lines: 2, data: "a\nb\n"), to: id)
        let ready = try await fixture.store.finish(id, bytes: 4, lines: 2)
        var draft = Batch(id: BatchID.batch(), tenant: "t", inputFile: id, operation: .chat, status: .inProgress)
        draft.times.deadline = 4_000_000_000_000
        draft.times.resultsExpire = 4_000_000_000_000
        _ = try await fixture.store.create(draft)

        #expect(try await fixture.store.file(id, tenant: "t") == ready)
        #expect(try await fixture.store.chunk(0, of: id)?.data == "a\nb\n")
        #expect(try await fixture.store.chunk(1, of: id) == nil)
        #expect(try await !fixture.store.delete(file: id, tenant: "t"))
        _ = try await fixture.store.cancel(draft.id)
        #expect(try await fixture.claimed(draft, by: "a"))
        _ = try await fixture.store.end(draft.id, by: "a", as: .cancelled)
        #expect(try await fixture.store.delete(file: id, tenant: "t"))
    }

    @Test func `lists are newest first, by pages, and of one tenant`() async throws {
        let fixture = try await Fixture()
        var ids: [String] = []
        for _ in 0..<3 { ids.append(try await fixture.batch(tenant: "mine").id) }
        _ = try await fixture.batch(tenant: "other")

        let first = try await fixture.store.list(tenant: "mine", limit: 2)
        let rest = try await fixture.store.list(tenant: "mine", after: first.last?.id, limit: 2)

        #expect((first + rest).map(\.id) == ids.reversed())
    }
}
