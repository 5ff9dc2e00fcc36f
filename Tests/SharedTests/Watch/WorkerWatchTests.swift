import TestSupport
import Testing

@testable import Shared

/// In real time, with heartbeats of a moment.
@Suite(.timeLimit(.minutes(1))) struct WorkerWatchTests {
    private func readings(
        _ watch: WorkerWatch, _ kind: AlertKind, open: [OpenAlert] = []
    ) async throws -> [AlertReading]? {
        let check = try #require(watch.checks.first { $0.kind == kind })
        return await check.measure(open)
    }

    @Test func `no worker is told of while none is alive`() async throws {
        try await QueueFixture.run { queue in
            let watch = WorkerWatch([queue.queue], AlertSettings())
            #expect(try await readings(watch, .noWorker)?.map(\.subject) == ["workers"])

            try await queue.queue.beat("w1", for: .seconds(60))
            #expect(try await readings(watch, .noWorker) == [])
        }
    }

    @Test func `a worker that fell silent is lost, one that said goodbye is not`() async throws {
        try await QueueFixture.run { queue in
            let watch = WorkerWatch([queue.queue], AlertSettings())
            try await queue.queue.beat("steady", for: .seconds(60))
            for worker in ["silent", "polite"] { try await queue.queue.beat(worker, for: .milliseconds(300)) }
            #expect(try await readings(watch, .workerLost) == [])

            let card = RedisCommand(
                "SET", .string(queue.keys.workerStatus("polite")), .string(WorkerCard.left.text), "PX", "60000")
            _ = try await queue.redis.send(card)
            try await eventually("both have expired") { try await queue.queue.liveWorkers() == 1 }

            let lost = try #require(try await readings(watch, .workerLost))
            #expect(lost.map(\.subject) == ["silent"])
            #expect(lost.first?.details["alive_before"] == 2)
            #expect(try await readings(watch, .workerLost) == [])
        }
    }

    @Test func `a loss is over when as many are alive as before, or after a time`() async throws {
        try await QueueFixture.run { queue in
            let watch = WorkerWatch([queue.queue], AlertSettings())
            try await queue.queue.beat("w1", for: .seconds(60))
            var alert = OpenAlert(kind: .workerLost, subject: "w0", message: "m", details: ["alive_before": 2])
            #expect(try await readings(watch, .workerLost, open: [alert])?.map(\.subject) == ["w0"])
            #expect(try await readings(watch, .workerLost, open: [alert])?.first?.details == alert.details)

            alert.age = .seconds(3600)
            #expect(try await readings(watch, .workerLost, open: [alert]) == [])

            alert.age = .zero
            try await queue.queue.beat("w2", for: .seconds(60))
            #expect(try await readings(watch, .workerLost, open: [alert]) == [])
        }
    }

    @Test func `a worker that slept and woke is not lost any more`() async throws {
        try await QueueFixture.run { queue in
            let watch = WorkerWatch([queue.queue], AlertSettings())
            try await queue.queue.beat("w1", for: .seconds(60))
            let alert = OpenAlert(kind: .workerLost, subject: "w1", message: "m", details: ["alive_before": 9])

            #expect(try await readings(watch, .workerLost, open: [alert]) == [])
        }
    }

    @Test func `of many processes one tells of an outage, until it is over`() async throws {
        try await QueueFixture.run { queue in
            let keys = PoolKeys(prefix: queue.keys.prefix)
            let (one, other) = (
                OutageMark(redis: queue.redis, keys: keys, process: "one"),
                OutageMark(redis: queue.redis, keys: keys, process: "other")
            )
            #expect(try await one.claim() == .mine)
            #expect(try await other.claim() == .busy)
            #expect(try await one.claim() == .mine)
            try await one.setTold()
            for mark in [one, other] { #expect(try await mark.claim() == .told) }
            try await other.remove()
            #expect(try await other.claim() == .mine)
            try await other.remove()
        }
    }
}
