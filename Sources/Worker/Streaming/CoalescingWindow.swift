import Synchronization

/// The time for which deltas of one stream are gathered before one write.
///
/// The first delta of a stream is written at once. After that each window has one write. The window is 20 ms while few
/// streams run, since a reader sees no stutter below that. It grows with the number of streams to 250 ms, which bounds
/// the writes per second.
struct CoalescingWindow: Sendable, Equatable {
    var least = Duration.milliseconds(20)
    var most = Duration.milliseconds(250)
    /// Added per running stream.
    ///
    /// 200 streams give 50 ms, 1,000 give 250 ms, which is at most 4,000 writes a second.
    var perStream = Duration.microseconds(250)

    init() {}

    func length(streams: Int) -> Duration {
        min(max(perStream * streams, least), most)
    }
}
