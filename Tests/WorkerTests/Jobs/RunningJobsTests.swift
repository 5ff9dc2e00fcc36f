import Shared
import TestSupport
import Testing

@testable import Worker

/// The jobs that a worker renews and cancels.
@Suite struct RunningJobsTests {
    private func attempt(_ lane: Lane = .normal, deliveries: Int = 1, id: String = "0-aaaaaaaa") -> Attempt {
        Attempt(
            id: id, lane: lane, worker: "w1", entry: "7-7", number: deliveries, deliveries: deliveries, deadline: 0,
            channel: "")
    }

    @Test func `two entries of one ID in two lanes are both renewed, and end one by one`() {
        let running = RunningJobs()
        let (one, other) = (JobCancellation(), JobCancellation())
        running.add(attempt(.high, id: "0-aaaaaaaa"), one)
        running.add(attempt(.normal, id: "0-bbbbbbbb"), other)
        #expect(Set(running.all.flatMap(\.attempts).map(\.lane)) == [.high, .normal])

        running.remove(one)

        #expect(running.all.flatMap(\.attempts).map(\.lane) == [.normal])
    }

    @Test func `a worker that reaps its own entry forgets the old delivery only`() {
        let running = RunningJobs()
        let (old, new) = (JobCancellation(), JobCancellation())
        running.add(attempt(deliveries: 1), old)
        running.add(attempt(deliveries: 2), new)

        running.replace(attempt(deliveries: 2), of: old)
        running.remove(old)

        #expect(running.all.flatMap(\.attempts).map(\.deliveries) == [2])
        running.cancelAll(.shutdown)
        #expect(old.reason == nil && new.reason == .shutdown)
    }

    @Test func `a delivery that runs here is known, until it has ended, and another one is not`() {
        let running = RunningJobs()
        let cancellation = JobCancellation()
        running.add(attempt(), cancellation)

        #expect(running.isRunning(attempt()))
        #expect(!running.isRunning(attempt(deliveries: 2)) && !running.isRunning(attempt(.high)))

        running.remove(cancellation)
        running.remove(cancellation)
        #expect(!running.isRunning(attempt()))
    }

    @Test func `a cancel reaches every job of its request`() {
        let running = RunningJobs()
        let interrupts = [JobCancellation(), JobCancellation(), JobCancellation()]
        running.add(attempt(.high), interrupts[0])
        running.add(attempt(.normal), interrupts[1])
        running.add(attempt(.normal, id: "0-bbbbbbbb"), interrupts[2])

        running.cancel(id: "0-aaaaaaaa")

        #expect(interrupts.map(\.reason) == [.cancelled, .cancelled, nil])
    }

    @Test func `who is added after the shutdown was told hears of it, too`() {
        let running = RunningJobs()
        running.cancelAll(.shutdown)
        let late = JobCancellation()

        running.add(attempt(), late)

        #expect(late.reason == .shutdown)
    }

    // MARK: - Renewal and failover

    @Test func `a lost lease interrupts its job`() async throws {
        try await QueueFixture.run { queue in
            let (running, cancellation) = (RunningJobs(), JobCancellation())
            let claim = try await queue.running("w1")
            running.add(claim.attempt, cancellation)
            _ = try await queue.takeExpired("w2")

            let lost = try await running.renewed { attempts throws(RedisError) in
                try await queue.queue.renew(attempts)
            }

            #expect(lost == [claim.attempt])
            #expect(cancellation.reason == .leaseLost)
        }
    }

    /// NEXT raises the delivery count between the moment when the list was made and the one when RENEW runs.
    @Test(arguments: [true, false])
    func `a failover in the middle of a renewal is no lost lease`(_ isAnswered: Bool) async throws {
        try await QueueFixture.run { queue in
            let (running, cancellation) = (RunningJobs(), JobCancellation())
            let attempt = try await queue.running("w1").attempt
            running.add(attempt, cancellation)

            let lost = try await running.renewed { attempts throws(RedisError) in
                running.expect(attempt.next, of: cancellation)
                _ = try await queue.queue.next(after: attempt, usage: queue.row(1), nextUsage: queue.row(2))
                if isAnswered { running.replace(attempt.next, of: cancellation) }
                return try await queue.queue.renew(attempts)
            }

            #expect(lost == [])
            #expect(cancellation.reason == nil)
        }
    }

    @Test func `a failover that was announced but comes after the renewal is no lost lease`() async throws {
        try await QueueFixture.run { queue in
            let (running, cancellation) = (RunningJobs(), JobCancellation())
            let attempt = try await queue.running("w1").attempt
            running.add(attempt, cancellation)
            running.expect(attempt.next, of: cancellation)

            let lost = try await running.renewed { attempts throws(RedisError) in
                let lost = try await queue.queue.renew(attempts)
                _ = try await queue.queue.next(after: attempt, usage: queue.row(1), nextUsage: queue.row(2))
                running.replace(attempt.next, of: cancellation)
                return lost
            }

            #expect(lost == [])
            #expect(cancellation.reason == nil)
        }
    }

    @Test func `a failover of a job that was taken away is a lost lease`() async throws {
        try await QueueFixture.run { queue in
            let (running, cancellation) = (RunningJobs(), JobCancellation())
            let attempt = try await queue.running("w1").attempt
            running.add(attempt, cancellation)
            running.expect(attempt.next, of: cancellation)
            _ = try await queue.takeExpired("w2")

            let lost = try await running.renewed { attempts throws(RedisError) in
                try await queue.queue.renew(attempts)
            }

            #expect(lost == [attempt])
            #expect(cancellation.reason == .leaseLost)
        }
    }
}
