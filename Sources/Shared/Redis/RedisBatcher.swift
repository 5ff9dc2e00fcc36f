import DequeModule
import Synchronization

/// Batches calls to Redis: while one round trip is in flight, later requests share the next one.
///
/// In: requests, one at a time. Out: an answer each, or the error of the call that carried them. A request that comes
/// while no call is in flight waits for no more than the tasks that run in the same turn of its event loop. There is no
/// task of its own: the first caller leads. It makes the call for all that have gathered, then hands the lead on to one
/// of the next. Waiting for the answer is not cancellable: it takes as long as the calls before it, and a call that
/// fails fails for all who wait. A request without a waiting caller goes with the next call, or with `flush`.
package final class RedisBatcher<Request: Sendable, Answer: Sendable>: Sendable {
    private enum Turn: Sendable {
        case answered(Result<Answer, RedisError>)
        /// This caller makes the next call.
        case lead
    }

    private typealias Caller = CheckedContinuation<Turn, Never>

    private struct Waiting {
        let request: Request
        /// `nil` where nobody waits for the answer.
        let caller: Caller?
    }

    private struct State {
        var isInFlight = false
        /// Bounded by its users: a job has one reservation or delta under way at a time.
        var waiting: Deque<Waiting> = []
    }

    private let most: Int
    private let mostBytes: Int
    private let bytes: @Sendable (Request) -> Int
    private let gathers: Bool
    private let send: @Sendable ([Request]) async throws(RedisError) -> [Answer]
    private let state = Mutex(State())

    /// `send` gets up to `most` requests of about `mostBytes` at most, and gives as many answers, in their order.
    ///
    /// It is never called twice at a time. With `gathers` a call waits for the tasks of the same turn.
    package init(
        most: Int, mostBytes: Int = .max, bytes: @escaping @Sendable (Request) -> Int = { _ in 0 },
        gathers: Bool = false, send: @escaping @Sendable ([Request]) async throws(RedisError) -> [Answer]
    ) {
        self.most = most
        self.mostBytes = mostBytes
        self.bytes = bytes
        self.gathers = gathers
        self.send = send
    }

    /// Number of requests that wait for the next call.
    package var gatheredCount: Int { state.withLock { $0.waiting.count } }

    package func answer(to request: Request) async throws(RedisError) -> Answer {
        let turn = await withCheckedContinuation { caller in
            if isFirst(else: Waiting(request: request, caller: caller)) { caller.resume(returning: .lead) }
        }
        switch turn {
        case .answered(let answer): return try answer.get()
        case .lead: return try await lead(with: request)
        }
    }

    /// Returns at once while a call is in flight, and throws only for a call made here.
    ///
    /// The request goes before all later ones.
    package func tell(_ request: Request) async throws(RedisError) {
        if isFirst(else: Waiting(request: request, caller: nil)) { _ = try await lead(with: request) }
    }

    /// Sends requests without a waiting caller that no later call has taken along.
    package func flush() async throws(RedisError) {
        let told = state.withLock { state -> Request? in
            guard !state.isInFlight, !state.waiting.isEmpty else { return nil }
            state.isInFlight = true
            return state.waiting.removeFirst().request
        }
        if let told { _ = try await lead(with: told) }
    }

    private func isFirst(else waiting: @autoclosure () -> Waiting) -> Bool {
        state.withLock { state in
            guard state.isInFlight else {
                state.isInFlight = true
                return true
            }
            state.waiting.append(waiting())
            return false
        }
    }

    /// One call, for `own` and what has gathered.
    private func lead(with own: Request) async throws(RedisError) -> Answer {
        if gathers { await Task.yield() }
        let (requests, others) = gathered(with: own)
        let answers: [Answer]
        do throws(RedisError) { answers = try await send(requests) } catch {
            fail(others, error)
            throw error
        }
        for (index, other) in others.enumerated() {
            other?.resume(returning: .answered(.success(answers[index + 1])))
        }
        handOn()
        return answers[0]
    }

    private func gathered(with own: Request) -> (requests: [Request], callers: [Caller?]) {
        state.withLock { state in
            let count = min(most - 1, state.waiting.count)
            var (requests, callers, room) = ([own], [Caller?](), mostBytes - bytes(own))
            requests.reserveCapacity(count + 1)
            callers.reserveCapacity(count)
            while callers.count < count, let next = state.waiting.first {
                room -= bytes(next.request)
                guard room >= 0 else { break }
                state.waiting.removeFirst()
                requests.append(next.request)
                callers.append(next.caller)
            }
            return (requests, callers)
        }
    }

    /// Fails requests that came meanwhile, too: they would only fail one call later.
    private func fail(_ others: [Caller?], _ error: RedisError) {
        let late = state.withLock { state in
            defer { state = State() }
            return state.waiting
        }
        // Only the caller that led was cancelled, not the others.
        let error = error.code == .cancelled ? RedisError(.connectionLost, "the call was cancelled") : error
        for other in others + late.map(\.caller) { other?.resume(returning: .answered(.failure(error))) }
    }

    private func handOn() {
        let next = state.withLock { state -> Waiting? in
            guard let first = state.waiting.firstIndex(where: { $0.caller != nil }) else {
                state.isInFlight = false
                return nil
            }
            return state.waiting.remove(at: first)
        }
        next?.caller?.resume(returning: .lead)
    }
}
