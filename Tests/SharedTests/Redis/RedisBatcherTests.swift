import NIOCore
import Shared
import Synchronization
import TestSupport
import Testing

/// Size and gathering of batches.
///
/// Order, answers and failures are in `LimiterBatcherTests`.
@Suite(.timeLimit(.minutes(1))) struct RedisBatcherTests {
    private final class Calls: Sendable {
        let batches = Mutex<[[Int]]>([])
        private let isOpen = WatchedState(false)

        func open() {
            isOpen.change {
                $0 = true
                return true
            }
        }

        func pass() async { await isOpen.wait { $0 } }
    }

    private func batcher(
        _ calls: Calls, mostBytes: Int = .max, gathers: Bool = false
    ) -> RedisBatcher<Int, Int> {
        RedisBatcher(most: 100, mostBytes: mostBytes, bytes: { $0 }, gathers: gathers) { requests throws(RedisError) in
            let isFirst = calls.batches.withLock { batches in
                batches.append(requests)
                return batches.count == 1
            }
            if isFirst { await calls.pass() }
            return requests
        }
    }

    @Test func `a call takes no more bytes than it may, and a larger request goes alone`() async throws {
        let calls = Calls()
        let batcher = batcher(calls, mostBytes: 100)
        try await withThrowingTaskGroup(of: (Int, Int).self) { group in
            for (place, size) in [1, 60, 30, 20, 500, 10].enumerated() {
                group.addTask { (size, try await batcher.answer(to: size)) }
                try await eventually("it waits") {
                    place == 0 ? !calls.batches.withLock { $0.isEmpty } : batcher.gatheredCount == place
                }
            }
            calls.open()
            for try await (size, answer) in group { #expect(size == answer) }
        }
        #expect(calls.batches.withLock { $0 } == [[1], [60, 30], [20], [500], [10]])
    }

    @Test func `a call takes along the tasks that run in the same turn of the loop`() async throws {
        let (together, alone) = (Calls(), Calls())
        let loops = Loops(1)
        for (calls, gathers) in [(together, true), (alone, false)] {
            calls.open()
            let batcher = batcher(calls, gathers: gathers)
            await loops.run {
                await withTaskGroup(of: Void.self) { group in
                    for number in 0..<20 { group.addTask { _ = try? await batcher.answer(to: number) } }
                }
            }
        }
        #expect(together.batches.withLock { $0.map(\.count) } == [20])
        #expect(alone.batches.withLock { $0.first?.count } == 1)
        try await loops.group.shutdownGracefully()
    }
}
