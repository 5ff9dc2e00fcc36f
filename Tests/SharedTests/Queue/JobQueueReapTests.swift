import Shared
import TestSupport
import Testing

/// REAP: what becomes of the jobs of dead workers.
@Suite struct JobQueueReapTests {
    private let delta = Array("{}".utf8)

    @Test func `a job whose worker died before it started anything runs`() async throws {
        try await QueueFixture.run { queue in
            try await queue.submit()
            _ = try await queue.claimOne("w1")

            let (verdict, claim) = try await queue.reapOne("w2")

            #expect(verdict == .run(number: 2, deliveries: 2))
            #expect(try await queue.bills() == [])
            #expect(try await queue.finish(claim.attempt) == .ok)
        }
    }

    @Test func `reaping again after a lost reply goes on with the same attempt`() async throws {
        try await QueueFixture.run { queue in
            let dead = try await queue.running("w1")
            let taken = try #require(try await queue.takeExpired("w2").first)

            for _ in 0..<2 {
                #expect(try await queue.queue.reap(taken, usage: queue.row(2)) == .run(number: 2, deliveries: 2))
            }

            #expect(try await queue.logIDs(dead.job.id) == ["1-0", "2-0"])
            #expect(try await queue.bills() == ["\(dead.job.id) 1 estimated"])
        }
    }

    @Test func `the fourth worker that dies over a request makes it poison`() async throws {
        try await QueueFixture.run { queue in
            let dead = try await queue.running("w1")
            #expect(try await queue.reapOne("w2").0 == .run(number: 2, deliveries: 2))
            #expect(try await queue.reapOne("w3").0 == .run(number: 3, deliveries: 3))

            #expect(try await queue.reapOne("w4").0 == .poison)

            let id = dead.job.id
            #expect(try await queue.logIDs(id) == ["1-0", "2-0", "3-0", QueueScripts.end])
            #expect(try await failure(queue, id)?.kind == .poison)
            #expect(try await queue.length() == 0)
            let letter = try #require(try await queue.stream(queue.keys.dead).first)
            #expect(letter.fields["why"] == "poison")
            #expect(letter.fields["id"] == id)
            #expect(try await queue.bills() == (1...3).map { "\(id) \($0) estimated" })
        }
    }

    @Test func `workers that died before a request was put aside count towards poison, too`() async throws {
        try await QueueFixture.run { queue in
            _ = try await queue.running("w1")
            let (_, second) = try await queue.reapOne("w2")
            _ = try await queue.queue.next(after: second.attempt, usage: queue.row(2), nextUsage: queue.row(3))
            #expect(try await queue.queue.retryLater(second.attempt.next, usage: queue.row(3), due: 1) == .delayed)
            #expect(try await queue.queue.promote() == 1)

            let third = try await queue.claimOne("w3")
            #expect(third.job.deathsBefore == 1)
            #expect(try await queue.queue.start(third.attempt, usage: queue.row(4)) == .started)
            #expect(try await queue.reapOne("w4").0 == .run(number: 5, deliveries: 2))
            #expect(try await queue.reapOne("w5").0 == .poison)
        }
    }

    @Test func `failovers do not count towards poison`() async throws {
        try await QueueFixture.run { queue in
            let claim = try await queue.running("w1")
            var attempt = claim.attempt
            for _ in 0..<3 {
                #expect(
                    try await queue.queue.next(after: attempt, usage: queue.row(1), nextUsage: queue.row(2)) == .started
                )
                attempt = attempt.next
            }
            #expect(try await queue.pending() == ["w1:4"])

            #expect(try await queue.reapOne("w2").0 == .run(number: 5, deliveries: 5))
            #expect(try await queue.reapOne("w3").0 == .run(number: 6, deliveries: 6))
            #expect(try await queue.reapOne("w4").0 == .poison)
        }
    }

    @Test func `failovers of several workers are all left out of the count`() async throws {
        try await QueueFixture.run { queue in
            let first = try await queue.running("w1").attempt
            _ = try await queue.queue.next(after: first, usage: queue.row(1), nextUsage: queue.row(2))
            let (_, second) = try await queue.reapOne("w2")
            #expect(second.attempt.deliveries == 3)
            _ = try await queue.queue.next(after: second.attempt, usage: queue.row(3), nextUsage: queue.row(4))

            #expect(try await queue.reapOne("w3").0 == .run(number: 5, deliveries: 5))
            #expect(try await queue.reapOne("w4").0 == .poison)
        }
    }

    @Test func `a stream that has shown text ends with worker_lost, billed with the tokens shown`() async throws {
        try await QueueFixture.run { queue in
            let dead = try await running(queue, .fail)
            for seq in 1...3 {
                _ = try await queue.queue.append(dead.attempt, seq: seq, payload: delta, tokens: seq * 10)
            }
            let messages = try await queue.messages(shim: "s1") { () async throws in
                #expect(try await queue.reapOne("w2").0 == .workerLost)
            }

            #expect(try await failure(queue, dead.job.id)?.kind == .workerLost)
            #expect(messages.map { $0.prefix { $0 != "\n" } } == ["\(dead.job.id) \(QueueScripts.end) 1-3 e error"])
            #expect(try await queue.bills() == ["\(dead.job.id) 1 estimated"])
            #expect(try await queue.stream(queue.keys.usage).first?.fields["t"] == "30")
            #expect(try await queue.stream(queue.keys.usage).first?.fields["u"] == #"{"row":1}"#)
            #expect(try await queue.length() == 0)
            #expect(try await queue.stream(queue.keys.dead) == [])
        }
    }

    @Test func `a stream that asked for it starts again, and says so`() async throws {
        try await QueueFixture.run { queue in
            let dead = try await running(queue, .restart)
            _ = try await queue.queue.append(dead.attempt, seq: 1, payload: delta, tokens: 1)
            let messages = try await queue.messages(shim: "s1") { () async throws in
                #expect(try await queue.reapOne("w2").0 == .run(number: 2, deliveries: 2))
            }

            #expect(messages == ["\(dead.job.id) 2-0 1-1 s\n"])
            #expect(try await queue.bills() == ["\(dead.job.id) 1 estimated"])
        }
    }

    @Test func `a stream that has shown nothing starts again, whatever it asked for`() async throws {
        try await QueueFixture.run { queue in
            _ = try await running(queue, .fail)
            #expect(try await queue.reapOne("w2").0 == .run(number: 2, deliveries: 2))
        }
    }

    @Test func `a dead worker's duplicate of a running request is removed`() async throws {
        try await QueueFixture.run { queue in
            let running = try await queue.running("w1")
            try await queue.submit(running.job.id)
            _ = try await queue.claimOne("w2")
            let taken = try await queue.takeExpired("w3")
            let duplicate = try #require(taken.last)

            #expect(try await queue.queue.reap(duplicate, usage: queue.row(2)) == .duplicate)

            #expect(try await queue.length() == 1)
            #expect(try await queue.bills() == [])
        }
    }

    @Test func `the successor of a delayed request is reaped as its own`() async throws {
        try await QueueFixture.run { queue in
            let first = try await queue.running("w1")
            _ = try await queue.queue.retryLater(first.attempt, usage: queue.row(1), due: 1)
            _ = try await queue.queue.promote()
            _ = try await queue.claimOne("w2")

            #expect(try await queue.reapOne("w3").0 == .run(number: 3, deliveries: 2))

            #expect(try await queue.bills() == ["\(first.job.id) 1 final"])
        }
    }

    @Test func `what is not expired is not taken`() async throws {
        try await QueueFixture.run(lease: .seconds(60)) { queue in
            _ = try await queue.running("w1")

            #expect(try await queue.takeExpired("w2").isEmpty)

            #expect(try await queue.pending() == ["w1:1"])
        }
    }

    @Test func `deliveries are told only to whom holds the entry`() async throws {
        try await QueueFixture.run { queue in
            try await queue.submit()
            let entry = try #require(try await queue.queue.claim(worker: "w1", free: 1, shares: [(.normal, 1)]).first)
            _ = try await queue.takeExpired("w2")

            #expect(try await queue.queue.deliveries(of: entry, worker: "w1") == nil)
            #expect(try await queue.queue.deliveries(of: entry, worker: "w2") == 2)
        }
    }

    // MARK: - Helpers

    private func running(_ queue: QueueFixture, _ policy: Job.WorkerLossPolicy) async throws -> Claim {
        var job = queue.job()
        job.shim = "s1"
        job.onWorkerLoss = policy
        _ = try await queue.queue.submit(job, body: QueueFixture.body)
        let claim = try await queue.claimOne("w1")
        _ = try await queue.queue.start(claim.attempt, usage: queue.row(1))
        return claim
    }

    private func failure(_ queue: QueueFixture, _ id: String) async throws -> JobFailure? {
        guard case .end(let end) = try await queue.queue.logEdges(id)?.last.record else { return nil }
        return end.failure
    }
}
