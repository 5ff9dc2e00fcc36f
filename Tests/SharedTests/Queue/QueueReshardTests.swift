import Shared
import Synchronization
import TestSupport
import Testing

/// A shard whose slot moves between the nodes of a real cluster while it is in use.
@Suite(.timeLimit(.minutes(1))) struct QueueReshardTests {
    private final class Load: Sendable {
        let submitted = Mutex<Set<String>>([])
        let finished = Mutex<[String]>([])
        let isOver = Mutex(false)

        /// Everybody waits in all lanes at once, but not more than Redis moves in a moment.
        var mayGoOn: Bool { submitted.withLock { $0.count } < finished.withLock { $0.count } + 300 }
    }

    @Test func `no request is lost or answered twice while the slot moves three times under load`() async throws {
        let cluster = try await RedisCluster.start()
        try await QueueFixture.run(lease: .seconds(60), url: cluster.url, patience: .seconds(20)) { queue in
            let load = Load()
            let home = queue.keys.queue(.normal)
            let first = try await cluster.owner(of: home)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for lane in Lane.allCases { group.addTask { try await produce(queue, load, lane) } }
                for number in 0..<2 { group.addTask { try await work(queue, load, "w\(number)") } }
                for target in [(first + 1) % 3, (first + 2) % 3, first] {
                    let before = load.finished.withLock { $0.count }
                    try await eventually("requests are answered", timeout: .seconds(20)) {
                        load.finished.withLock { $0.count } > before + 100
                    }
                    try await cluster.move(slotOf: home, to: target)
                }
                load.isOver.withLock { $0 = true }
                try await group.waitForAll()
            }
            let finished = load.finished.withLock { $0 }
            #expect(Set(finished) == load.submitted.withLock { $0 })
            #expect(Set(finished).count == finished.count)
            #expect(try await queue.bills().count == finished.count)
        }
        await cluster.stop()
    }

    private func produce(_ queue: QueueFixture, _ load: Load, _ lane: Lane) async throws {
        while !load.isOver.withLock({ $0 }) {
            guard load.mayGoOn else {
                await Task.yield()
                continue
            }
            let job = queue.job(JobID.make(now: 1), lane: lane)
            _ = try await queue.queue.persist { () async throws(RedisError) in
                try await queue.queue.submit(job, body: QueueFixture.body)
            }
            load.submitted.withLock { _ = $0.insert(job.id) }
        }
    }

    /// Runs until everything that was submitted has ended.
    ///
    /// Sorts what waits, so that all the keys of the order exist.
    private func work(_ queue: QueueFixture, _ load: Load, _ worker: String) async throws {
        while !load.isOver.withLock({ $0 })
            || load.submitted.withLock({ $0.count }) > load.finished.withLock({ $0.count })
        {
            _ = try await queue.queue.persist { () async throws(RedisError) in
                try await queue.queue.sort(worker: worker, olderThan: .zero)
            }
            let entries = try await queue.queue.persist { () async throws(RedisError) in
                try await queue.queue.claim(worker: worker, free: 6, shares: Lane.allCases.map { ($0, 2) })
            }
            for entry in entries {
                let attempt = try queue.claim(entry, worker).attempt
                guard try await queue.queue.start(attempt, usage: queue.row(1)) == .started,
                    try await queue.finish(attempt) == .ok
                else { continue }
                load.finished.withLock { $0.append(attempt.id) }
            }
        }
    }
}
