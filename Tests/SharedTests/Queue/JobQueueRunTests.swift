import NIOCore
import Shared
import TestSupport
import Testing

/// START, APPEND, FINISH, ABORT, NEXT, RENEW and RESYNC: every verdict, and every one again after a lost reply.
@Suite struct JobQueueRunTests {
    private let delta = Array(#"{"x":1}"#.utf8)

    /// A running attempt that has shown `deltas` deltas.
    private func shown(_ queue: QueueFixture, _ deltas: Int, shim: String? = nil) async throws -> Claim {
        var job = queue.job()
        job.shim = shim
        _ = try await queue.queue.submit(job, body: QueueFixture.body)
        let claim = try await queue.claimOne("w1")
        _ = try await queue.queue.start(claim.attempt, usage: queue.row(1))
        for seq in 0..<deltas {
            _ = try await queue.queue.append(claim.attempt, seq: seq + 1, payload: delta, tokens: seq + 1)
        }
        return claim
    }

    /// The same attempt in the hands of another worker.
    private func stolen(_ attempt: Attempt) -> Attempt {
        Attempt(
            id: attempt.id, lane: attempt.lane, worker: "thief", entry: attempt.entry, number: attempt.number,
            deliveries: attempt.deliveries, deadline: attempt.deadline, channel: attempt.channel)
    }

    // MARK: - Start

    @Test func `starting twice starts once`() async throws {
        try await QueueFixture.run { queue in
            let claim = try await queue.running("w1")

            #expect(try await queue.queue.start(claim.attempt, usage: queue.row(1)) == .started)

            #expect(try await queue.logIDs(claim.job.id) == ["1-0"])
        }
    }

    @Test func `a second entry of a running request is dropped`() async throws {
        try await QueueFixture.run { queue in
            let running = try await queue.running("w1")
            try await queue.submit(running.job.id)
            let duplicate = try await queue.claimOne("w2")

            #expect(try await queue.queue.start(duplicate.attempt, usage: queue.row(1)) == .dropped)

            #expect(try await queue.pending() == ["w1:1"])
        }
    }

    @Test func `a second entry of a finished request is dropped`() async throws {
        try await QueueFixture.run { queue in
            let running = try await queue.running("w1")
            _ = try await queue.finish(running.attempt)
            try await queue.submit(running.job.id)
            let duplicate = try await queue.claimOne("w2")

            #expect(try await queue.queue.start(duplicate.attempt, usage: queue.row(1)) == .dropped)

            #expect(try await queue.length() == 0)
        }
    }

    @Test func `an attempt that its own failover has left cannot start again`() async throws {
        try await QueueFixture.run { queue in
            let claim = try await queue.running("w1")
            _ = try await queue.queue.next(after: claim.attempt, usage: queue.row(1), nextUsage: queue.row(2))

            #expect(try await queue.queue.start(claim.attempt, usage: queue.row(1)) == .lostMine)

            #expect(try await queue.pending() == ["w1:2"])
        }
    }

    // MARK: - Append

    @Test func `a delta that is sent twice is written and published once`() async throws {
        try await QueueFixture.run { queue in
            let claim = try await shown(queue, 0, shim: "s1")
            let messages = try await queue.messages(shim: "s1") { () async throws in
                for _ in 0..<2 {
                    #expect(try await queue.queue.append(claim.attempt, seq: 1, payload: delta, tokens: 1) == .ok)
                }
                #expect(try await queue.queue.append(claim.attempt, seq: 2, payload: delta, tokens: 2) == .ok)
                #expect(try await queue.queue.append(claim.attempt, seq: 1, payload: delta, tokens: 1) == .ok)
            }

            #expect(messages == ["\(claim.job.id) 1-1 1-0 d\n{\"x\":1}", "\(claim.job.id) 1-2 1-1 d\n{\"x\":1}"])
            #expect(try await queue.logIDs(claim.job.id) == ["1-0", "1-1", "1-2"])
        }
    }

    @Test func `another worker's delta is refused, wherever the log stands`() async throws {
        try await QueueFixture.run { queue in
            let claim = try await shown(queue, 1)
            let thief = stolen(claim.attempt)

            #expect(try await queue.queue.append(thief, seq: 2, payload: delta, tokens: 1) == .fenced)
            #expect(try await queue.queue.append(thief, seq: 1, payload: delta, tokens: 1) == .fenced)

            #expect(try await queue.logIDs(claim.job.id) == ["1-0", "1-1"])
        }
    }

    @Test func `an earlier attempt's delta is refused`() async throws {
        try await QueueFixture.run { queue in
            let old = try await queue.running("w1")
            _ = try await queue.reapOne("w2")

            #expect(try await queue.queue.append(old.attempt, seq: 1, payload: delta, tokens: 1) == .fenced)
        }
    }

    @Test func `a delta without the log before it is behind`() async throws {
        try await QueueFixture.run { queue in
            let claim = try await shown(queue, 1)
            _ = try await queue.redis.send(RedisCommand("DEL", .string(queue.keys.log(claim.job.id))))

            #expect(try await queue.queue.append(claim.attempt, seq: 2, payload: delta, tokens: 1) == .behind)

            #expect(try await queue.logIDs(claim.job.id) == [])
        }
    }

    @Test func `payloads are bytes, whatever they hold`() async throws {
        try await QueueFixture.run { queue in
            let bytes = (0...255).map { UInt8($0) }
            let claim = try await queue.running("w1")
            _ = try await queue.queue.append(claim.attempt, seq: 1, payload: bytes, tokens: 1)

            let log = try await queue.queue.readLog(claim.job.id, after: RequestLogID(attempt: 1, seq: 0), count: 10)

            #expect(log.first?.record == .delta(ByteBuffer(bytes: bytes)))
        }
    }

    // MARK: - Finish and abort

    @Test func `finishing twice ends once`() async throws {
        try await QueueFixture.run { queue in
            let claim = try await shown(queue, 2, shim: "s1")
            let messages = try await queue.messages(shim: "s1") { () async throws in
                #expect(try await queue.finish(claim.attempt, lastSeq: 2) == .ok)
                #expect(try await queue.finish(claim.attempt, lastSeq: 2) == .ok)
            }

            #expect(messages == ["\(claim.job.id) \(QueueScripts.end) 1-2 e done\n{}\nanswer"])
            #expect(try await queue.logIDs(claim.job.id) == ["1-0", "1-1", "1-2", QueueScripts.end])
            #expect(try await queue.length() == 0)
            #expect(Set(try await queue.bills()) == ["\(claim.job.id) 1 final"])
            #expect((1...60_000).contains(try await queue.ttl(queue.keys.log(claim.job.id))))
        }
    }

    @Test func `an end over deltas that Redis has not is refused without any effect`() async throws {
        try await QueueFixture.run { queue in
            let claim = try await shown(queue, 1)

            #expect(try await queue.finish(claim.attempt, lastSeq: 2) == .behind)

            #expect(try await queue.logIDs(claim.job.id) == ["1-0", "1-1"])
            #expect(try await queue.bills() == [])
            #expect(try await queue.pending() == ["w1:1"])
        }
    }

    @Test func `an end that forgets a delta is refused`() async throws {
        try await QueueFixture.run { queue in
            let claim = try await shown(queue, 2)

            #expect(try await queue.finish(claim.attempt, lastSeq: 1) == .fenced)

            #expect(try await queue.logIDs(claim.job.id) == ["1-0", "1-1", "1-2"])
        }
    }

    @Test func `another worker cannot end the request`() async throws {
        try await QueueFixture.run { queue in
            let claim = try await shown(queue, 1)

            #expect(try await queue.finish(stolen(claim.attempt), lastSeq: 1) == .fenced)

            #expect(try await queue.logIDs(claim.job.id) == ["1-0", "1-1"])
            #expect(try await queue.pending() == ["w1:1"])
        }
    }

    @Test func `an aborted attempt is billed, and its request stays for somebody else`() async throws {
        try await QueueFixture.run { queue in
            let claim = try await queue.running("w1")

            for _ in 0..<2 { #expect(try await queue.queue.abort(claim.attempt, usage: queue.row(1)) == .open) }

            #expect(Set(try await queue.bills()) == ["\(claim.job.id) 1 final"])
            #expect(try await queue.reapOne("w2").0 == .run(number: 2, deliveries: 2))
        }
    }

    @Test func `aborting a cancelled request removes its entry`() async throws {
        try await QueueFixture.run { queue in
            let claim = try await queue.running("w1")
            _ = try await queue.queue.cancel(claim.job.id)

            for _ in 0..<2 { #expect(try await queue.queue.abort(claim.attempt, usage: queue.row(1)) == .ended) }

            #expect(try await queue.length() == 0)
        }
    }

    // MARK: - Next

    @Test func `a failover is a new attempt and a new delivery of the same claim`() async throws {
        try await QueueFixture.run { queue in
            let claim = try await queue.running("w1")
            for _ in 0..<2 {
                #expect(
                    try await queue.queue.next(after: claim.attempt, usage: queue.row(1), nextUsage: queue.row(2))
                        == .started)
            }

            let second = claim.attempt.next
            #expect(try await queue.logIDs(claim.job.id) == ["1-0", "2-0"])
            #expect(try await queue.pending() == ["w1:2"])
            #expect(try await queue.queue.renew([second]) == [])
            #expect(try await queue.finish(second) == .ok)
            #expect(Set(try await queue.bills()) == ["\(claim.job.id) 1 final", "\(claim.job.id) 2 final"])
        }
    }

    @Test func `there is no failover once text was shown`() async throws {
        try await QueueFixture.run { queue in
            let claim = try await shown(queue, 1)

            #expect(
                try await queue.queue.next(after: claim.attempt, usage: queue.row(1), nextUsage: queue.row(2))
                    == .fenced)

            #expect(try await queue.logIDs(claim.job.id) == ["1-0", "1-1"])
            #expect(try await queue.pending() == ["w1:1"])
        }
    }

    @Test func `there is no failover for an entry that a reaper has taken`() async throws {
        try await QueueFixture.run { queue in
            let claim = try await queue.running("w1")
            _ = try await queue.takeExpired("w2")

            #expect(
                try await queue.queue.next(after: claim.attempt, usage: queue.row(1), nextUsage: queue.row(2))
                    == .fenced)

            #expect(try await queue.logIDs(claim.job.id) == ["1-0"])
        }
    }

    @Test func `there is no failover for a cancelled request, whose entry goes`() async throws {
        try await QueueFixture.run { queue in
            let claim = try await queue.running("w1")
            _ = try await queue.queue.cancel(claim.job.id)

            #expect(
                try await queue.queue.next(after: claim.attempt, usage: queue.row(1), nextUsage: queue.row(2)) == .ended
            )

            #expect(try await queue.length() == 0)
            #expect(try await queue.bills() == ["\(claim.job.id) 1 final"])
        }
    }

    @Test func `a request cancelled behind a failover whose reply was lost is billed and gone`() async throws {
        try await QueueFixture.run { queue in
            let claim = try await queue.running("w1")
            _ = try await queue.queue.next(after: claim.attempt, usage: queue.row(1), nextUsage: queue.row(2))
            _ = try await queue.queue.cancel(claim.job.id)

            #expect(
                try await queue.queue.next(after: claim.attempt, usage: queue.row(1), nextUsage: queue.row(2)) == .ended
            )

            #expect(try await queue.length() == 0)
            // Invariant 3: the second attempt was started, so it has a row.
            #expect(Set(try await queue.bills().map { $0.split(separator: " ")[1] }) == ["1", "2"])
        }
    }

    // MARK: - Renew and resync

    @Test func `renewing tells what is held from what is lost, and keeps a reaper away`() async throws {
        try await QueueFixture.run(lease: .seconds(60)) { queue in
            let (held, lost) = (try await queue.running("w1"), try await queue.running("w1"))
            _ = try await queue.redis.send(
                RedisCommand(
                    "XCLAIM", .string(queue.keys.queue(.normal)), "workers", "w2", "0", .string(lost.attempt.entry)))
            for entry in [held.attempt.entry] {
                _ = try await queue.redis.send(
                    RedisCommand(
                        "XCLAIM", .string(queue.keys.queue(.normal)), "workers", "w1", "0", .string(entry), "IDLE",
                        "100000", "JUSTID"))
            }

            #expect(try await queue.queue.renew([held.attempt, lost.attempt]) == [lost.attempt])

            #expect(try await queue.takeExpired("w3").isEmpty)
            #expect(try await queue.pending() == ["w1:1", "w2:2"])
            #expect(try await queue.queue.renew([]) == [])
        }
    }

    @Test func `renewing keeps the log alive`() async throws {
        try await QueueFixture.run { queue in
            let claim = try await queue.running("w1")
            _ = try await queue.redis.send(RedisCommand("PEXPIRE", .string(queue.keys.log(claim.job.id)), "5000"))

            _ = try await queue.queue.renew([claim.attempt])

            #expect(try await queue.ttl(queue.keys.log(claim.job.id)) > 600_000)
        }
    }

    @Test func `resync says what Redis still knows of an attempt`() async throws {
        try await QueueFixture.run { queue in
            try await queue.submit()
            let claim = try await queue.claimOne("w1")
            #expect(try await queue.queue.resync(claim.attempt) == .unstarted)
            _ = try await queue.queue.start(claim.attempt, usage: queue.row(1))
            #expect(try await queue.queue.resync(claim.attempt) == .held(seq: 0))
            _ = try await queue.queue.append(claim.attempt, seq: 1, payload: delta, tokens: 1)
            #expect(try await queue.queue.resync(claim.attempt) == .held(seq: 1))
            #expect(try await queue.queue.resync(stolen(claim.attempt)) == .lost)
            _ = try await queue.queue.cancel(claim.job.id)
            #expect(try await queue.queue.resync(claim.attempt) == .ended)
        }
    }

    @Test func `resync finds an attempt lost that a reaper has taken`() async throws {
        try await QueueFixture.run { queue in
            let claim = try await queue.running("w1")
            _ = try await queue.takeExpired("w2")

            #expect(try await queue.queue.resync(claim.attempt) == .lost)
        }
    }
}
