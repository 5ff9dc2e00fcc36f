import TestSupport
import Testing

@testable import Shared

@Suite struct DeadLetterTests {
    /// Makes a request that has killed four workers.
    ///
    /// Returns its id.
    private func poison(_ queue: QueueFixture) async throws -> String {
        let id = try await queue.running("w1").job.id
        for worker in ["w2", "w3", "w4"] { _ = try await queue.reapOne(worker) }
        return id
    }

    private func letters(_ queue: QueueFixture) -> DeadLetters { DeadLetters(queue: queue.queue) }

    /// As if it had been buried by a worker.
    private func bury(_ queue: QueueFixture, _ why: String, lane: String, _ fields: [String: String]) async throws {
        var command = RedisCommand(
            "XADD", .string(queue.keys.dead), "*", "why", .string(why), "lane", .string(lane))
        for (name, value) in fields {
            command.append(.string(name))
            command.append(.string(value))
        }
        try await queue.redis.send(command).throwIfError()
    }

    @Test func `a dead request is retried as a request of its own, and the old one stays as it ended`() async throws {
        try await QueueFixture.run { queue in
            let old = try await poison(queue)
            let (log, bills) = (try await queue.logIDs(old), try await queue.bills())
            let letter = try #require(try await letters(queue).newest())

            guard case .request(let new) = try await letters(queue).retry(letter) else {
                Issue.record("it was not retried")
                return
            }

            let claim = try await queue.claimOne("w5")
            #expect(claim.job.id == new && new != old)
            #expect(claim.job.attemptsBefore == 0 && claim.attempt.number == 1)
            #expect(claim.job.deadline > SystemWallClock().now + 500_000)
            #expect(claim.job.isTracked && claim.job.body == .inline(QueueFixture.body))
            #expect(try await queue.queue.start(claim.attempt, usage: queue.row(1)) == .started)
            #expect(try await queue.finish(claim.attempt) == .ok)
            #expect(try await queue.logIDs(old) == log)
            #expect(try await queue.bills() == bills + ["\(new) 1 final"])
            #expect(try await letters(queue).count() == 0)
            #expect(try await letters(queue).retry(letter) == .gone)
        }
    }

    @Test func `a body that travelled beside its entry goes with the retry, or there is none`() async throws {
        try await QueueFixture.run { queue in
            let body = QueueFixture.body + [UInt8](repeating: 32, count: Job.inlineBodyBytes)
            for _ in 0..<2 {
                let job = queue.job(JobID.make(now: 1))
                _ = try await queue.queue.submit(job, body: body)
                let claim = try await queue.claimOne("w1")
                _ = try await queue.queue.start(claim.attempt, usage: queue.row(1))
                for worker in ["w2", "w3", "w4"] { _ = try await queue.reapOne(worker) }
            }
            let dead = try await letters(queue).list(limit: 10)
            let lost = try #require(dead.last)
            let lostID = String(decoding: lost["id"] ?? [], as: UTF8.self)
            _ = try await queue.redis.send(RedisCommand("DEL", .string(queue.keys.request(lostID))))

            let kept = String(decoding: try #require(dead.first)["id"] ?? [], as: UTF8.self)
            let life = try await queue.redis.send(RedisCommand("PTTL", .string(queue.keys.request(kept)))).int ?? 0
            #expect(life > queue.queue.limits.jobLogTTL.milliseconds - 60_000)
            _ = try await letters(queue).retry(try #require(dead.first))

            let claim = try await queue.claimOne("w5")
            #expect(try await queue.queue.body(of: claim.job) == body)
            guard case .impossible(let why) = try await letters(queue).retry(lost) else {
                Issue.record("a request without a body was retried")
                return
            }
            #expect(why.contains("expired"))
            #expect(try await letters(queue).count() == 1)
        }
    }

    @Test func `what nobody can read is dropped only, and says why`() async throws {
        try await QueueFixture.run { queue in
            try await bury(
                queue, "v: expected 1 or 2", lane: queue.keys.queue(.normal), ["id": "0-aaaaaaaa", "req": "{}"])
            let letter = try #require(try await letters(queue).newest())

            #expect(letter.why == "v: expected 1 or 2" && letter.origin == .lane(.normal))
            #expect(letter.obstacle == "it cannot be read: v: expected 1 or 2")
            #expect(try await letters(queue).retry(letter) == .impossible("it cannot be read: v: expected 1 or 2"))
            #expect(try await letters(queue).drop([letter.id]) == 1)
            #expect(try await letters(queue).drop([letter.id]) == 0)
        }
    }

    @Test func `an entry with more fields than a script can hand over is buried, too`() async throws {
        try await QueueFixture.run { queue in
            var command = RedisCommand("XADD", .string(queue.keys.queue(.normal)), "*")
            for number in 0..<20_000 { command.append("f\(number)") }
            try await queue.redis.send(command).throwIfError()
            let entry = try #require(
                try await queue.queue.claim(worker: "w1", free: 1, shares: [(.normal, 1)]).first)

            #expect(throws: JobWireError.undecodable(id: nil, channel: nil, reason: "expected at most 1000 fields")) {
                try Job(entry: entry.fields, lane: .normal, defaultDeadline: 0)
            }

            try await queue.queue.bury(entry, worker: "w1", reason: "v: expected 1 or 2")

            #expect(try await queue.length() == 0)
            #expect(try await letters(queue).newest()?.fields.count == 1000)
        }
    }

    @Test func `the oldest dead letters make room where there are too many`() async throws {
        try await QueueFixture.run { queue in
            var limits = queue.queue.limits
            limits.maxDeadLetters = 100
            let small = JobQueue(redis: queue.redis, keys: queue.keys, limits: limits)
            for _ in 0..<500 {
                let command = RedisCommand("XADD", .string(queue.keys.queue(.normal)), "*", "junk", "x")
                try await queue.redis.send(command).throwIfError()
            }
            for entry in try await small.claim(worker: "w1", free: 500, shares: [(.normal, 500)]) {
                try await small.bury(entry, worker: "w1", reason: "v: expected 1 or 2")
            }

            let left = try await letters(queue).count()
            #expect((100..<400).contains(left))
        }
    }

    @Test func `a ledger row goes back to the outbox as it was`() async throws {
        try await QueueFixture.run { queue in
            _ = try await queue.finish(queue.running("w1").attempt)
            let outbox = UsageOutbox(redis: queue.redis, keys: queue.keys, consumer: "w1", maxDeadLetters: 100)
            let rows = try await outbox.read(limit: 10, block: nil)
            try await outbox.bury(rows, reason: "unreadable")
            let letter = try #require(try await letters(queue).newest())
            #expect(letter.origin == .outbox)
            // The fixture's row is not one that the ledger knows.
            #expect(letter.obstacle == "the ledger row cannot be read")

            let record = AttemptRecord(startedAt: 1, enqueuedAt: 1)
            try await bury(
                queue, "refused by PostgreSQL", lane: queue.keys.usage,
                ["id": "0-aaaaaaaa", "a": "1", "f": "1", "u": String(decoding: record.encoded, as: UTF8.self)])
            let good = try #require(try await letters(queue).newest())
            #expect(try await letters(queue).retry(good) == .row)
            let back = try #require(try await outbox.read(limit: 10, block: nil).first)
            #expect(UsageRow(outbox: back.fields, writtenAt: 0)?.requestID == "0-aaaaaaaa")
        }
    }

    @Test func `a listing is newest first, goes on where it ended, and has no prompt in it`() async throws {
        try await QueueFixture.run { queue in
            for number in 1...250 {
                try await bury(
                    queue, number.isMultiple(of: 2) ? "poison" : "req: missing", lane: queue.keys.queue(.high),
                    [
                        "v": "1", "id": "0-aaaaaaa\(number)", "req": "a secret prompt", "a secret name": "secret",
                        "t": "a secret",
                    ])
            }
            let letters = letters(queue)

            let all = try await letters.list(limit: 1000)
            #expect(all.count == 250 && all.map(\.id) == all.map(\.id).sorted(by: >))
            let first = try await letters.list(limit: 120)
            let rest = try await letters.list(before: first.last?.id, limit: 1000)
            #expect(first.map(\.id) + rest.map(\.id) == all.map(\.id))
            #expect(try await letters.list(.init(why: "poison"), limit: 1000).count == 125)
            let shown = all.map { String(decoding: $0.detail.encoded, as: UTF8.self) }.joined()
            #expect(!shown.contains("secret"))
            #expect(shown.contains("0-aaaaaaa250"))

            #expect(try await letters.dropAll(.init(why: "poison")) == 125)
            #expect(try await letters.count() == 125)
        }
    }

    @Test(arguments: [
        "", "0", "0:", "0:1", ":1-0", "x:1-0", "0:1-x", "0:1-", "0:-1-0", "0:1-0-0", "99999999999999999999:1-0",
    ])
    func `an id that is none is refused`(text: String) {
        #expect(DeadLetterID(text) == nil)
    }

    @Test func `ids of shards sort by their time`() throws {
        let ids = try ["0:1-0", "1:1-0", "0:1-1", "0:2-0", "1:10-0"].map { try #require(DeadLetterID($0)) }

        #expect(ids.shuffled().sorted(by: >).map(\.description) == ["1:10-0", "0:2-0", "0:1-1", "0:1-0", "1:1-0"])
    }
}
