/// One row of the ledger while it travels through the outbox: the attempt's start, and its result.
///
/// The start record of a log has it without a result. A reaper forwards exactly those bytes, and the flusher then makes
/// an estimated row of them. `startedAt` is the same in every copy, since it is part of the row's key.
package struct AttemptRecord: Sendable, Equatable {
    package enum Status: String, Sendable, CaseIterable { case done, error, cancelled, lost }

    /// Milliseconds since 1970, like every time here.
    package var startedAt: Int64
    package var enqueuedAt: Int64
    package var tenant = "default"
    package var user: String?
    package var lane = Lane.normal
    package var isStreamed = false
    package var worker = ""
    package var model = ""
    package var provider = ""
    package var account = ""
    package var prices = Prices()

    package var status = Status.lost
    package var endedAt: Int64?
    package var usage = TokenUsage()
    package var errorKind: JobFailure.Kind?
    package var finishReason: String?
    package var upstreamModel: String?
    package var upstreamRequest: String?
    /// Milliseconds from the start to the first visible delta.
    package var firstToken: Int64?

    package init(startedAt: Int64, enqueuedAt: Int64) {
        self.startedAt = startedAt
        self.enqueuedAt = enqueuedAt
    }

    /// Milliseconds, within `Bounds.length`.
    package var latency: Int64 { (endedAt ?? startedAt).subtractingClamped(startedAt).clamped(to: Bounds.length) }
    package var waited: Int64 { startedAt.subtractingClamped(enqueuedAt).clamped(to: Bounds.length) }
    package var cost: Double { prices.cost(of: usage) }
}
