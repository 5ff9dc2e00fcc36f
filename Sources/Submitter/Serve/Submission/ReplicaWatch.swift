import Logging
import ServiceLifecycle
import Shared
import Synchronization

/// Checks that submissions of one shard are on enough replicas to survive the loss of the primary.
///
/// In: ids whose log was just written. Out: an answer each. `WAIT` blocks its connection, so it has one of its own.
/// Questions that come while one `WAIT` is under way share the next.
final class ReplicaWatch: Service {
    private struct State {
        var waiting: [(id: String, answer: CheckedContinuation<Answer, Never>)] = []
        var isOver = false
    }

    private typealias Answer = Result<Bool, RedisError>

    /// Over the connection that blocks.
    private let queue: JobQueue
    private let replicas: Int
    private let patience: Duration
    private let state = Mutex(State())
    private let wakes: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation

    init(queue: JobQueue, replicas: Int, patience: Duration) {
        self.queue = queue
        self.replicas = replicas
        self.patience = patience
        (wakes, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// `false` where too few replicas had it in time.
    ///
    /// Throws where that cannot be known.
    func isReplicated(_ id: String) async throws(RedisError) -> Bool {
        let answer = await withCheckedContinuation { (continuation: CheckedContinuation<Answer, Never>) in
            let isOver = state.withLock { state in
                if !state.isOver { state.waiting.append((id, continuation)) }
                return state.isOver
            }
            if isOver { continuation.resume(returning: .success(false)) }
            wake.yield()
        }
        return try answer.get()
    }

    /// Runs until all askers have ended: graceful shutdown comes after the HTTP server's end.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await _ in self.wakes { await self.round() }
        }
        state.withLock { $0.isOver = true }
        for one in takeAsked() { one.answer.resume(returning: .success(false)) }
    }

    /// Takes the questions of this moment, which the taker must answer.
    private func takeAsked() -> [(id: String, answer: CheckedContinuation<Answer, Never>)] {
        state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
    }

    private func round() async {
        let asked = takeAsked()
        guard !asked.isEmpty else { return }
        do throws(RedisError) {
            let count = try await queue.replicas(of: asked.map(\.id), atLeast: replicas, within: patience)
            for (number, one) in asked.enumerated() {
                // The log is gone with a lost primary: as if the reply to the submission had been lost.
                let lost = RedisError(.connectionLost, "the submission was lost in a failover")
                one.answer.resume(returning: count[number].map { .success($0 >= replicas) } ?? .failure(lost))
            }
        } catch {
            // The question failed. The submission is in the queue all the same.
            let unknown = RedisError(.connectionLost, error.message)
            for one in asked { one.answer.resume(returning: .failure(unknown)) }
        }
    }
}
