import Logging
import Shared

/// Reads and runs one claimed entry to its verdict, and gives its slot back.
struct ClaimRunner: Sendable {
    let reader: ClaimReader
    let pipeline: JobPipeline
    let slots: Slots
    let logger: Logger

    /// The caller has said that it began.
    ///
    /// `room` is where the entry waited for capacity, or `nil` for a fresh one.
    func run(_ entry: JobQueue.Entry, admittedFrom room: String? = nil) async {
        defer { slots.ended(entry.lane) }
        FaultPoint.claimed.reached()
        do throws(RedisError) {
            guard let claim = try await reader.read(entry) else { return }
            try await pipeline.run(claim, enqueuedAt: entry.enqueuedAt, admittedFrom: room)
        } catch {
            // The entry stays in the pending list and is reaped after a lease: nothing is lost, only late.
            logger.error(
                "job left to the reaper", metadata: [LogKey.entry: "\(entry.entry)", LogKey.error: "\(error)"])
        }
    }
}
