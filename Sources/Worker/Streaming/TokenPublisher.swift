import DequeModule
import Shared

/// Step 5 of a job: writes the deltas of one attempt to its log, in order and each exactly once.
///
/// In: payloads of one or more chunks. Out: a `Verdict` that says whether the attempt may go on. If Redis lost
/// acknowledged writes, the publisher asks for the log's state (RESYNC) and writes the rest again from memory. It keeps
/// what `Replay` allows for that. If Redis lost more, the attempt is given up and the request is reaped.
struct TokenPublisher {
    private let queue: JobQueue
    private let attempt: Attempt
    /// The ledger row of the start record, made only if Redis lost the start.
    private let startRow: @Sendable () -> [UInt8]
    private let replay: Replay

    private(set) var lastSeq = 0
    private var recent: Deque<Written> = []
    private var recentBytes = 0

    /// Bounds of what a stream keeps of itself: bytes, and time since it was written.
    struct Replay: Sendable {
        var bytes: Int
        var time: Duration
    }

    private struct Written: Sendable {
        let seq: Int
        let payload: [UInt8]
        let tokens: Int
        let at: ContinuousClock.Instant
    }

    /// Chosen: a rollback of Redis is repaired this often before the attempt is given up (docs/queue-protocol.md).
    static let maxRepairs = 3

    init(queue: JobQueue, attempt: Attempt, startRow: @escaping @Sendable () -> [UInt8], replay: Replay) {
        self.queue = queue
        self.attempt = attempt
        self.startRow = startRow
        self.replay = replay
    }

    enum Verdict: Sendable { case goOn, ended, fenced }

    mutating func publish(_ payload: [UInt8], tokens: Int) async throws(RedisError) -> Verdict {
        lastSeq += 1
        remember(payload, tokens, at: .now)
        switch try await queue.append(attempt, seq: lastSeq, payload: payload, tokens: tokens) {
        case .ok: return .goOn
        case .ended: return .ended
        case .fenced: return .fenced
        case .behind: return try await repair()
        }
    }

    /// Restores the log to what was written before, after Redis answered `behind`.
    func repair() async throws(RedisError) -> Verdict {
        for _ in 0..<Self.maxRepairs {
            var from = 1
            switch try await queue.resync(attempt) {
            case .ended: return .ended
            case .lost: return .fenced
            case .held(let seq): from = seq + 1
            case .unstarted:
                guard try await queue.start(attempt, usage: startRow()) == .started else { return .fenced }
            }
            switch try await replay(from: from) {
            case .ok: return .goOn
            case .ended: return .ended
            case .fenced: return .fenced
            case .behind: continue
            }
        }
        return .fenced
    }

    private func replay(from seq: Int) async throws(RedisError) -> JobQueue.Append {
        guard seq <= lastSeq else { return .ok }
        guard let first = recent.first?.seq, first <= seq else { return .fenced }
        for item in recent where item.seq >= seq {
            let verdict = try await queue.append(attempt, seq: item.seq, payload: item.payload, tokens: item.tokens)
            guard verdict == .ok else { return verdict }
        }
        return .ok
    }

    private mutating func remember(_ payload: [UInt8], _ tokens: Int, at now: ContinuousClock.Instant) {
        recent.append(Written(seq: lastSeq, payload: payload, tokens: tokens, at: now))
        recentBytes += payload.count
        while recent.count > 1, let first = recent.first, recentBytes > replay.bytes || first.at + replay.time < now {
            recentBytes -= first.payload.count
            recent.removeFirst()
        }
    }
}
