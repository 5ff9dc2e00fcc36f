import Shared
import Synchronization

/// What many attempts ask of the limiter, asked together: while one call is under way, those that come gather for the next one.
///
/// In: asks, one at a time. Out: an answer each, or the error of the call that carried them. Who comes while nothing is under way asks at
/// once, so nobody waits for company. There is no task of its own: whoever finds nothing under way makes the call for all that have
/// gathered, and then hands this duty on to one of them. Waiting for the answer is not cancellable: it is as long as two calls at most.
final class LimiterDesk: Sendable {
    private enum Turn: Sendable {
        case answered(Result<[Int64], RedisError>)
        /// It is this caller's turn to make the call.
        case lead
    }

    private struct Waiting {
        let ask: LimiterAsk
        /// `nil` where nobody waits for the answer.
        let caller: CheckedContinuation<Turn, Never>?
    }

    private struct State {
        var isUnderWay = false
        var waiting: [Waiting] = []
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
        case .lead: return try await lead(with: ask).get()
        }
    }

    /// For an ask whose answer nobody needs: it is put before any that comes later, which need not be now.
    func tell(_ ask: LimiterAsk) async {
        if isFirst(else: Waiting(ask: ask, caller: nil)) { _ = await lead(with: ask) }
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

    private func lead(with own: LimiterAsk) async -> Result<[Int64], RedisError> {
        let answer = await call(own)
        while let told = handedOn() { _ = await call(told) }
        return answer
    }

    /// One call, for `own` and what has gathered.
    private func call(_ own: LimiterAsk) async -> Result<[Int64], RedisError> {
        let others = gathered()
        let answers: Result<[[Int64]], RedisError>
        do throws(RedisError) { answers = .success(try await put([own] + others.map(\.ask))) } catch {
            answers = .failure(error)
        }
        for (index, other) in others.enumerated() {
            other.caller?.resume(returning: .answered(answers.map { $0[index + 1] }))
        }
        return answers.map { $0[0] }
    }

    private func gathered() -> [Waiting] {
        state.withLock { state in
            var others: [Waiting] = []
            swap(&others, &state.waiting)
            if others.count >= most {
                state.waiting = Array(others[(most - 1)...])
                others.removeLast(others.count - most + 1)
            }
            return others
        }
    }

    /// Gives the lead to one who waits; what nobody waits for is returned, for this caller to put.
    private func handedOn() -> LimiterAsk? {
        let next = state.withLock { state -> Waiting? in
            guard !state.waiting.isEmpty else {
                state.isUnderWay = false
                return nil
            }
            return state.waiting.remove(at: state.waiting.firstIndex { $0.caller != nil } ?? 0)
        }
        guard let caller = next?.caller else { return next?.ask }
        caller.resume(returning: .lead)
        return nil
    }
}
