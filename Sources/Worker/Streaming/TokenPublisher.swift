import Shared

/// Step 5 of a job: writes the deltas of one attempt to its log, in order and each exactly once.
///
/// In: payloads of one or more chunks. Out: a `Verdict` that says whether the attempt may go on. If Redis lost
/// acknowledged writes, the publisher asks for the log's state (RESYNC) and writes the rest again from memory. It keeps
/// the last `replayBytes` for that. If Redis lost more, the attempt is given up and the request is reaped.
struct TokenPublisher {
    private let queue: JobQueue
    private let attempt: Attempt
    /// The ledger row of the start record, made only if Redis lost the start.
    private let startRow: @Sendable () -> [UInt8]
    private let replayBytes: Int

    private(set) var lastSeq = 0
    private var recent: [(seq: Int, payload: [UInt8], tokens: Int)] = []
    private var recentBytes = 0

    /// Chosen: a rollback of Redis is repaired this often before the attempt is given up (docs/queue-protocol.md).
    static let maxRepairs = 3

    init(queue: JobQueue, attempt: Attempt, startRow: @escaping @Sendable () -> [UInt8], replayBytes: Int) {
        self.queue = queue
        self.attempt = attempt
        self.startRow = startRow
        self.replayBytes = replayBytes
    }

    enum Verdict: Sendable { case goOn, ended, fenced }

    mutating func publish(_ payload: [UInt8], tokens: Int) async throws(RedisError) -> Verdict {
        lastSeq += 1
        remember(payload, tokens)
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

    private mutating func remember(_ payload: [UInt8], _ tokens: Int) {
        recent.append((lastSeq, payload, tokens))
        recentBytes += payload.count
        while recentBytes > replayBytes, recent.count > 1 {
            recentBytes -= recent.removeFirst().payload.count
        }
    }
}
