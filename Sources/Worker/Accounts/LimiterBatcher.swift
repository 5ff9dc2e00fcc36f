import DequeModule
import Shared
import Synchronization

/// What many attempts ask of the limiter, asked together: while one call is under way, those that come gather for the next one.
///
/// In: asks, one at a time. Out: an answer each, or the error of the call that carried them. Who comes while nothing is under way asks at
/// once, so nobody waits for company. There is no task of its own: whoever finds nothing under way makes the call for all that have
/// gathered, and then hands this duty on to one of them. Waiting for the answer is not cancellable; it is as long as the calls before it take,
/// and one that fails fails for all who wait. What nobody waits for goes with the next call, or with `flush`.
final class LimiterBatcher: Sendable {
    private enum Turn: Sendable {
        case answered(Result<[Int64], RedisError>)
        /// It is this caller's turn to make the call.
        case lead
    }

    private typealias Caller = CheckedContinuation<Turn, Never>

    private struct Waiting {
        let ask: LimiterAsk
        /// `nil` where nobody waits for the answer.
        let caller: Caller?
    }

    private struct State {
        var isUnderWay = false
        /// Bounded by the worker's jobs: each asks for one reservation at a time, and settles it once.
        var waiting: Deque<Waiting> = []
    }

    private let most: Int
    private let put: @Sendable ([LimiterAsk]) async throws(RedisError) -> [[Int64]]
    private let state = Mutex(State())

    /// `put` gets up to `most` asks and gives as many answers, in their order; it is never called twice at a time.
    init(most: Int, put: @escaping @Sendable ([LimiterAsk]) async throws(RedisError) -> [[Int64]]) {
        self.most = most
        self.put = put
    }

    /// How many wait for the next call.
    var gatheredCount: Int { state.withLock { $0.waiting.count } }

    func answer(to ask: LimiterAsk) async throws(RedisError) -> [Int64] {
        let turn = await withCheckedContinuation { caller in
            if isFirst(else: Waiting(ask: ask, caller: caller)) { caller.resume(returning: .lead) }
        }
        switch turn {
        case .answered(let answer): return try answer.get()
        case .lead: return try await lead(with: ask)
        }
    }

    /// Returns at once while a call is under way; throws only for a call made here.
    ///
    /// What is told goes before whatever is asked later.
    func tell(_ ask: LimiterAsk) async throws(RedisError) {
        if isFirst(else: Waiting(ask: ask, caller: nil)) { _ = try await lead(with: ask) }
    }

    /// Puts what nobody waits for, and no later call has taken along.
    func flush() async throws(RedisError) {
        let told = state.withLock { state -> LimiterAsk? in
            guard !state.isUnderWay, !state.waiting.isEmpty else { return nil }
            state.isUnderWay = true
            return state.waiting.removeFirst().ask
        }
        if let told { _ = try await lead(with: told) }
    }

    private func isFirst(else waiting: @autoclosure () -> Waiting) -> Bool {
        state.withLock { state in
            guard state.isUnderWay else {
                state.isUnderWay = true
                return true
            }
            state.waiting.append(waiting())
            return false
        }
    }

    /// One call, for `own` and what has gathered.
    private func lead(with own: LimiterAsk) async throws(RedisError) -> [Int64] {
        let (asks, others) = gathered(with: own)
        let answers: [[Int64]]
        do throws(RedisError) { answers = try await put(asks) } catch {
            fail(others, error)
            throw error
        }
        for (index, other) in others.enumerated() {
            other?.resume(returning: .answered(.success(answers[index + 1])))
        }
        handOn()
        return answers[0]
    }

    private func gathered(with own: LimiterAsk) -> (asks: [LimiterAsk], callers: [Caller?]) {
        state.withLock { state in
            let count = min(most - 1, state.waiting.count)
            var (asks, callers) = ([own], [Caller?]())
            asks.reserveCapacity(count + 1)
            callers.reserveCapacity(count)
            for _ in 0..<count {
                let next = state.waiting.removeFirst()
                asks.append(next.ask)
                callers.append(next.caller)
            }
            return (asks, callers)
        }
    }

    /// Those who came meanwhile would only fail one call later.
    private func fail(_ others: [Caller?], _ error: RedisError) {
        let late = state.withLock { state in
            defer { state = State() }
            return state.waiting
        }
        // That the one who made the call was cancelled is none of their business.
        let error = error.code == .cancelled ? RedisError(.connectionLost, "the call was cancelled") : error
        for other in others + late.map(\.caller) { other?.resume(returning: .answered(.failure(error))) }
    }

    private func handOn() {
        let next = state.withLock { state -> Waiting? in
            guard let first = state.waiting.firstIndex(where: { $0.caller != nil }) else {
                state.isUnderWay = false
                return nil
            }
            return state.waiting.remove(at: first)
        }
        next?.caller?.resume(returning: .lead)
    }
}
