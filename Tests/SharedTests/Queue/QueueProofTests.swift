import Shared
import TestSupport
import Testing

/// The first sixteen holes of an earlier protocol, each as the shortest story that shows it.
///
/// docs/queue-protocol.md describes the protocol without them.
@Suite struct QueueProofTests {
    let end = QueueScripts.end

    @Test func `1: a superseded attempt cannot end the log over the running one`() async throws {
        try await QueueFixture.run { queue in
            let old = try await queue.running("w1")
            let (_, new) = try await queue.reapOne("w2")

            #expect(try await queue.finish(old.attempt) == .fenced)

            #expect(try await queue.logIDs(old.job.id) == ["1-0", "2-0"])
            #expect(try await queue.pending() == ["w2:2"])
            #expect(try await queue.finish(new.attempt) == .ok)
        }
    }

    @Test func `2: reaping a duplicate entry leaves the other entry's execution alone`() async throws {
        try await QueueFixture.run { queue in
            let job = try await queue.submit()
            try await queue.submit(job.id)
            let claims = try await queue.claim("w1")
            #expect(try await queue.queue.start(claims[0].attempt, usage: queue.row(1)) == .started)
            let duplicate = try #require(try await queue.takeExpired("w2").last)

            #expect(try await queue.queue.reap(duplicate, usage: queue.row(2)) == .duplicate)

            #expect(try await queue.logIDs(job.id) == ["1-0"])
            #expect(try await queue.length() == 1)
        }
    }

    @Test func `3: a stale claimer's refused START does not acknowledge what its reaper runs`() async throws {
        try await QueueFixture.run { queue in
            try await queue.submit()
            let stale = try await queue.claimOne("w1")
            let (verdict, running) = try await queue.reapOne("w2")
            #expect(verdict == .run(number: 2, deliveries: 2))

            #expect(try await queue.queue.start(stale.attempt, usage: queue.row(1)) == .lost)

            #expect(try await queue.pending() == ["w2:2"])
            #expect(try await queue.finish(running.attempt) == .ok)
        }
    }

    @Test func `4: a zombie's RETRY LATER delays nothing and takes nothing away`() async throws {
        try await QueueFixture.run { queue in
            let zombie = try await queue.running("w1")
            _ = try await queue.reapOne("w2")

            #expect(try await queue.queue.retryLater(zombie.attempt, usage: queue.row(1), due: 1) == .fenced)

            #expect(try await queue.queue.promote() == 0)
            #expect(try await queue.pending() == ["w2:2"])
            #expect(try await queue.bills().contains("\(zombie.job.id) 1 final"))
        }
    }

    @Test func `5: a job cancelled before its worker died is billed by the reaper`() async throws {
        try await QueueFixture.run { queue in
            let dead = try await queue.running("w1")
            #expect(try await queue.queue.cancel(dead.job.id) == .cancelled)

            let (verdict, _) = try await queue.reapOne("w2")

            #expect(verdict == .ended)
            #expect(try await queue.bills() == ["\(dead.job.id) 1 estimated"])
            #expect(try await queue.length() == 0)
        }
    }

    @Test func `6: a START whose reply was lost is billed when the request was cancelled meanwhile`() async throws {
        try await QueueFixture.run { queue in
            let claim = try await queue.running("w1")
            _ = try await queue.queue.cancel(claim.job.id)

            #expect(try await queue.queue.start(claim.attempt, usage: queue.row(1)) == .endedMine)
            #expect(try await queue.queue.abort(claim.attempt, usage: queue.row(1)) == .ended)

            #expect(try await queue.bills() == ["\(claim.job.id) 1 final"])
            #expect(try await queue.length() == 0)
        }
    }

    @Test func `7: a worker that reclaims its own entry cannot go on with the old attempt`() async throws {
        try await QueueFixture.run { queue in
            let old = try await queue.running("w1")
            let (verdict, new) = try await queue.reapOne("w1")
            #expect(verdict == .run(number: 2, deliveries: 2))

            #expect(try await queue.queue.renew([old.attempt, new.attempt]) == [old.attempt])
            #expect(try await queue.finish(old.attempt) == .fenced)

            #expect(try await queue.finish(new.attempt) == .ok)
        }
    }

    @Test func `8: a reaper that was stopped before REAP cannot kill the next reaper's attempt`() async throws {
        try await QueueFixture.run { queue in
            _ = try await queue.running("w1")
            let stopped = try #require(try await queue.takeExpired("w2").first)
            let (verdict, running) = try await queue.reapOne("w3")
            #expect(verdict == .run(number: 3, deliveries: 3))

            #expect(try await queue.queue.reap(stopped, usage: queue.row(2)) == .lost)

            #expect(try await queue.logIDs(running.job.id) == ["1-0", "3-0"])
            #expect(try await queue.finish(running.attempt) == .ok)
        }
    }

    @Test func `9: a stale START on an ended log leaves the owner's entry for billing`() async throws {
        try await QueueFixture.run { queue in
            try await queue.submit()
            let stale = try await queue.claimOne("w1")
            let (_, dead) = try await queue.reapOne("w2")
            _ = try await queue.queue.cancel(dead.job.id)

            #expect(try await queue.queue.start(stale.attempt, usage: queue.row(1)) == .dropped)

            #expect(try await queue.pending() == ["w2:2"])
            #expect(try await queue.reapOne("w3").0 == .ended)
            #expect(try await queue.bills() == ["\(dead.job.id) 2 estimated"])
        }
    }

    @Test func `10: a vanished log is not an ended one`() async throws {
        try await QueueFixture.run { queue in
            let claim = try await queue.running("w1")
            _ = try await queue.redis.send(RedisCommand("DEL", .string(queue.keys.log(claim.job.id))))

            #expect(try await queue.finish(claim.attempt) == .behind)
            #expect(try await queue.pending() == ["w1:1"])

            #expect(try await queue.queue.resync(claim.attempt) == .unstarted)
            #expect(try await queue.queue.start(claim.attempt, usage: queue.row(1)) == .started)
            #expect(try await queue.finish(claim.attempt) == .ok)
        }
    }

    @Test func `11: a late copy of RETRY LATER does not delay the request again`() async throws {
        try await QueueFixture.run { queue in
            let first = try await queue.running("w1")
            #expect(try await queue.queue.retryLater(first.attempt, usage: queue.row(1), due: 1) == .delayed)
            #expect(try await queue.queue.promote() == 1)
            let second = try await queue.claimOne("w2")
            #expect(second.attempt.number == 2)
            #expect(try await queue.queue.start(second.attempt, usage: queue.row(2)) == .started)

            #expect(try await queue.queue.retryLater(first.attempt, usage: queue.row(1), due: 1) == .fenced)

            #expect(try await queue.queue.promote() == 0)
            #expect(try await queue.finish(second.attempt) == .ok)
        }
    }

    @Test func `12: an expired entry behind many healthy ones is found`() async throws {
        try await QueueFixture.run(lease: .seconds(60)) { queue in
            for _ in 0..<60 { try await queue.submit() }
            let last = try #require(try await queue.claim("w1").last)
            _ = try await queue.redis.send(
                RedisCommand(
                    "XCLAIM", .string(queue.keys.queue(.normal)), "workers", "w1", "0", .string(last.attempt.entry),
                    "IDLE", "100000", "JUSTID"))

            var cursor = JobQueue.ReapCursor()
            var found: [String] = []
            for _ in 0..<8 where found.isEmpty {
                found = try await queue.queue.takeExpired(lane: .normal, worker: "w2", limit: 1, cursor: &cursor)
                    .map(\.entry)
            }

            #expect(found == [last.attempt.entry])
        }
    }

    @Test func `13: end and restart messages name the record before them`() async throws {
        try await QueueFixture.run { queue in
            var job = queue.job()
            job.shim = "s1"
            job.onWorkerLoss = .restart
            _ = try await queue.queue.submit(job, body: QueueFixture.body)
            let messages = try await queue.messages(shim: "s1") {
                let first = try await queue.claimOne("w1")
                _ = try await queue.queue.start(first.attempt, usage: queue.row(1))
                _ = try await queue.queue.append(first.attempt, seq: 1, payload: Array("{}".utf8), tokens: 1)
                let (_, second) = try await queue.reapOne("w2")
                _ = try await queue.queue.append(second.attempt, seq: 1, payload: Array("{}".utf8), tokens: 1)
                _ = try await queue.finish(second.attempt, lastSeq: 1)
            }

            #expect(
                messages.map { $0.prefix { $0 != "\n" } } == [
                    "\(job.id) 1-1 1-0 d", "\(job.id) 2-0 1-1 s", "\(job.id) 2-1 2-0 d", "\(job.id) \(end) 2-1 e done",
                ])
        }
    }

    @Test func `14: a delta is accepted only directly behind the one before it`() async throws {
        try await QueueFixture.run { queue in
            let claim = try await queue.running("w1")
            let payload = Array("{}".utf8)
            #expect(try await queue.queue.append(claim.attempt, seq: 1, payload: payload, tokens: 1) == .ok)

            #expect(try await queue.queue.append(claim.attempt, seq: 3, payload: payload, tokens: 1) == .behind)

            #expect(try await queue.queue.resync(claim.attempt) == .held(seq: 1))
            #expect(try await queue.logIDs(claim.job.id) == ["1-0", "1-1"])
        }
    }

    @Test func `15: a log outlives the deadline, so that a duplicate cannot run again`() async throws {
        try await QueueFixture.run { queue in
            let claim = try await queue.running("w1")

            let ttl = try await queue.redis.send(RedisCommand("PTTL", .string(queue.keys.log(claim.job.id)))).int

            #expect(try #require(ttl) > claim.job.deadline - SystemWallClock().now)
        }
    }

    @Test func `16: a full Redis is raised and repaired, not taken for a refusal`() async throws {
        let server = try await RedisServer.start()
        try await QueueFixture.run(server: server, patience: .zero) { queue in
            try await queue.submit()
            let claim = try await queue.claimOne("w1")
            _ = try await queue.redis.send(RedisCommand("CONFIG", "SET", "maxmemory", "1"))

            let error = await #expect(throws: RedisError.self) {
                try await queue.queue.start(claim.attempt, usage: queue.row(1))
            }
            #expect(error?.prefix == "OOM")

            _ = try await queue.redis.send(RedisCommand("CONFIG", "SET", "maxmemory", "0"))
            #expect(try await queue.queue.start(claim.attempt, usage: queue.row(1)) == .started)
            #expect(try await queue.finish(claim.attempt) == .ok)
        }
        await server.stop()
    }
}
