import Logging
import Shared
import Synchronization

/// Tells whether there are requests of other lanes, whoever has sent them, so that batches make room.
///
/// Looks at the number of entries that the lanes have ever had, which no request is too short for.
final class OtherRequests: Sendable {
    private let queues: JobQueues
    private let logger: Logger
    private struct State {
        /// By shard.
        var added: [Int: Int64] = [:]
        var seen: ContinuousClock.Instant?
    }

    private let state = Mutex(State())

    /// Chosen: a caller that asks every few seconds is there all the time.
    private static let memory = Duration.seconds(5)

    init(queues: JobQueues, logger: Logger) {
        self.queues = queues
        self.logger = logger
    }

    var areThere: Bool { state.withLock { $0.seen.map { .now - $0 < Self.memory } ?? false } }

    /// Looks once, in one round trip a shard.
    func look() async {
        for queue in queues.all where queue.redis.isConnected {
            do throws(RedisError) {
                let now = try await added(queue)
                state.withLock { state in
                    // The first look counts as well, since a batch that starts fast is felt before the second.
                    if state.added.updateValue(now, forKey: queue.keys.shard) != now { state.seen = .now }
                }
            } catch {
                logger.debug("the lanes cannot be looked at", metadata: [LogKey.error: "\(error)"])
            }
        }
    }

    private func added(_ queue: JobQueue) async throws(RedisError) -> Int64 {
        let lanes = Lane.allCases.filter { $0 != .batch }
        let replies = try await queue.redis.pipeline(
            lanes.map { RedisCommand("XINFO", "STREAM", .string(queue.keys.queue($0))) })
        return replies.reduce(0) { sum, reply in
            // A lane that nobody has used is no stream yet, which is an error here.
            let fields = reply.array ?? []
            let place = fields.indices.first { fields[$0].string == "entries-added" } ?? fields.endIndex
            return sum &+ (place + 1 < fields.count ? fields[place + 1].int ?? 0 : 0)
        }
    }
}
