import Logging
import ServiceLifecycle
import Shared
import Synchronization

/// Says whether submissions of one shard are on enough replicas to survive the loss of the primary.
///
/// In: ids whose log was just written. Out: an answer each. `WAIT` blocks its connection, so it has one of its own, and
/// everything that is asked while one `WAIT` is under way shares the next.
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

    /// `false` where too few replicas had it in time; throws where that cannot be known.
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

    /// Until everybody who asks has ended: graceful shutdown comes after the HTTP server's end.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await _ in self.wakes { await self.round() }
        }
        state.withLock { $0.isOver = true }
        for one in takeAsked() { one.answer.resume(returning: .success(false)) }
    }

    /// Everybody who asks now; from here on they are answered by whoever took them.
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
                // Gone with a primary that was lost meanwhile: as if the reply to the submission had been.
                let lost = RedisError(.connectionLost, "the submission was lost in a failover")
                one.answer.resume(returning: count[number].map { .success($0 >= replicas) } ?? .failure(lost))
            }
        } catch {
            // Whatever became of this question: what it is about is in the queue.
            let unknown = RedisError(.connectionLost, error.message)
            for one in asked { one.answer.resume(returning: .failure(unknown)) }
        }
    }
}
