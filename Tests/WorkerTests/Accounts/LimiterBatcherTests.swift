import Shared
import Synchronization
import TestSupport
import Testing

@testable import Worker

@Suite(.timeLimit(.minutes(1))) struct LimiterBatcherTests {
    /// Stands for Redis: calls wait until they are let through, answers say which request they are for.
    private final class Calls: Sendable {
        private struct State {
            var sizes: [Int] = []
            var free = 0
            var waiting: [CheckedContinuation<Void, Never>] = []
            var isFailing = false
        }

        private let state = Mutex(State())

        var sizes: [Int] { state.withLock { $0.sizes } }
        func fail(_ isFailing: Bool) { state.withLock { $0.isFailing = isFailing } }

        func letThrough(_ count: Int = 1) {
            let waiting = state.withLock { state in
                let now = state.waiting.prefix(count)
                state.waiting.removeFirst(now.count)
                state.free += count - now.count
                return Array(now)
            }
            for call in waiting { call.resume() }
        }

        func send(_ requests: [LimiterRequest]) async throws(RedisError) -> [[Int64]] {
            state.withLock { $0.sizes.append(requests.count) }
            await withCheckedContinuation { call in
                let isFree = state.withLock { state in
                    guard state.free > 0 else {
                        state.waiting.append(call)
                        return false
                    }
                    state.free -= 1
                    return true
                }
                if isFree { call.resume() }
            }
            if state.withLock({ $0.isFailing }) { throw RedisError(.connectionLost, "away") }
            return requests.map { request in
                switch request {
                case .reserve(_, _, let now): [now]
                case .settle: []
                }
            }
        }
    }

    private let calls = Calls()

    private func makeBatcher(most: Int = 64) -> RedisBatcher<LimiterRequest, [Int64]> {
        RedisBatcher(most: most) { [calls] requests throws(RedisError) in try await calls.send(requests) }
    }

    /// Requests that differ by their time, which is their answer.
    private func request(_ number: Int) -> LimiterRequest {
        .reserve("", ReservationRequest(candidates: []), now: Int64(number))
    }

    @Test func `who comes during a call goes with the next one, and everybody gets the own answer`() async throws {
        let batcher = makeBatcher()
        try await withThrowingTaskGroup(of: (Int, [Int64]).self) { group in
            // Their wait cannot be cancelled: what fails here must not hang.
            defer { calls.letThrough(20) }
            group.addTask { (1, try await batcher.answer(to: request(1))) }
            try await eventually("the first asks at once") { calls.sizes == [1] }
            for number in 2...20 { group.addTask { (number, try await batcher.answer(to: request(number))) } }
            try await eventually("the others have gathered") { batcher.gatheredCount == 19 }
            calls.letThrough(2)
            for try await (number, answer) in group { #expect(answer == [Int64(number)]) }
        }
        #expect(calls.sizes == [1, 19])
    }

    @Test func `no call carries more than is allowed`() async throws {
        let batcher = makeBatcher(most: 8)
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { calls.letThrough(30) }
            for number in 1...30 {
                group.addTask {
                    let answer = try await batcher.answer(to: request(number))
                    #expect(answer == [Int64(number)])
                }
                // The first call takes along whoever has come by then.
                if number == 1 { try await eventually("the first asks at once") { calls.sizes == [1] } }
            }
            try await eventually("all have come") { batcher.gatheredCount == 29 }
            calls.letThrough(30)
            try await group.waitForAll()
        }
        #expect(calls.sizes.allSatisfy { $0 <= 8 } && calls.sizes.reduce(0, +) == 30)
    }

    @Test func `what is told goes before what is asked later, though nobody waits for it`() async throws {
        let batcher = makeBatcher()
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { calls.letThrough(2) }
            group.addTask { _ = try await batcher.answer(to: request(1)) }
            try await eventually("a call is under way") { calls.sizes == [1] }
            try await batcher.tell(.settle(RedisArguments(["s"])))
            try await batcher.tell(.settle(RedisArguments(["s"])))
            calls.letThrough(2)
            try await group.waitForAll()
        }
        #expect(calls.sizes == [1], "who has an answer does not wait for what others have told")

        #expect(try await batcher.answer(to: request(3)) == [3])
        #expect(calls.sizes == [1, 3])
    }

    @Test func `what was told and taken along by no call goes out by itself`() async throws {
        let batcher = makeBatcher()
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { calls.letThrough(2) }
            group.addTask { _ = try await batcher.answer(to: request(1)) }
            try await eventually("a call is under way") { calls.sizes == [1] }
            try await batcher.tell(.settle(RedisArguments(["s"])))
            calls.letThrough(2)
            try await group.waitForAll()
        }

        try await batcher.flush()
        try await batcher.flush()

        #expect(calls.sizes == [1, 1])
        #expect(batcher.gatheredCount == 0)
    }

    @Test func `a call that fails fails for those who came meanwhile too, and the next one works`() async throws {
        let batcher = makeBatcher()
        calls.fail(true)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            defer { calls.letThrough(5) }
            for number in 1...5 {
                group.addTask {
                    do throws(RedisError) {
                        _ = try await batcher.answer(to: request(number))
                        return false
                    } catch { return error.code == .connectionLost }
                }
                if number == 1 { try await eventually("the first asks at once") { calls.sizes == [1] } }
            }
            try await eventually("all have come") { batcher.gatheredCount == 4 }
            calls.letThrough()
            for try await hasFailed in group { #expect(hasFailed) }
        }
        #expect(calls.sizes == [1])
        calls.fail(false)
        calls.letThrough()
        #expect(try await batcher.answer(to: request(7)) == [7])
    }
}
