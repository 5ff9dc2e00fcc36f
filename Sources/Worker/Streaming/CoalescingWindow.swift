import Synchronization

/// How long deltas of one stream are gathered before they are written together.
///
/// The first delta of a stream goes out at once. After that one write per window: 20 ms while few streams run (a reader
/// sees no stutter below that), growing with the number of streams to 250 ms, so that the number of writes per second
/// is bounded however many streams there are.
struct CoalescingWindow: Sendable, Equatable {
    var least = Duration.milliseconds(20)
    var most = Duration.milliseconds(250)
    /// Added per running stream; 200 streams → 50 ms, 1,000 → 250 ms: at most 4,000 writes a second.
    var perStream = Duration.microseconds(250)

    init() {}

    func length(streams: Int) -> Duration {
        min(max(perStream * streams, least), most)
    }
}
