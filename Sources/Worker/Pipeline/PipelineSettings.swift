import Shared

/// Settings of `JobPipeline`.
///
/// `WorkerConfig` reads them in the order of the printed table.
struct PipelineSettings: Sendable {
    /// Time for which a request is left to other workers, where this one cannot open the key.
    var handBackPause: Duration
    /// Time after which a request asks again that waits for the end of other workers' requests.
    var slotPoll: Duration
    var stream: StreamSettings
}

/// Settings of the way a stream is written to its log.
struct StreamSettings: Sendable {
    /// Kept per stream, to write again after Redis lost acknowledged writes.
    var replay: TokenPublisher.Replay
    var coalescing: CoalescingWindow

    init(_ settings: inout Settings) {
        replay = TokenPublisher.Replay(
            bytes: settings.int(
                "REPLAY_BYTES", default: 1 << 20, in: 1 << 10...1 << 28,
                "Text kept per stream to write again after Redis lost acknowledged writes."),
            time: settings.seconds(
                "REPLAY_TIME", default: 15, in: 1...86_400,
                "How long it is kept: far longer than what `appendfsync everysec` or a replica loses, a second or two.")
        )
        coalescing = CoalescingWindow(&settings)
    }
}
