import Shared

/// The settings with which `submitter serve` runs batches.
struct BatchRunSettings: Sendable {
    /// Lines of one batch in the queue at once, at most.
    ///
    /// Chosen: what one worker's 256 slots use in some seconds, at a few kilobytes a line.
    var mostLines = 2_000
    /// Lines in the queue at once before any is finished.
    ///
    /// Chosen: enough to see how fast they go.
    var fewestLines = 64
    /// Bytes of bodies of one batch in the queue at once.
    var mostBytes = 64 << 20
    /// Lateness of this process' timers above which a batch makes room, while there are other requests.
    ///
    /// Measured on two cores: at a millisecond a batch sends 600 to 900 lines a second, and requests beside it have
    /// twice their p99 (docs/performance.md).
    var lag = Duration.microseconds(400)
    /// Lines a second that a batch sends all the same.
    ///
    /// Chosen: a twentieth of a core, and more than most platforms allow.
    var sharedRate = 100
    /// Batches that one process runs at once.
    var mostBatches = 16
    /// A process that has not renewed for this long has lost its batches to another.
    var lease = Duration.seconds(10)
    /// Time between two looks for batches to run.
    var poll = Duration.seconds(1)
    /// Time in which results gather before they are booked together.
    var gather = Duration.milliseconds(200)

    init() {}

    init(_ settings: inout Settings) {
        mostLines = settings.int(
            "BATCH_WINDOW", default: mostLines, in: 1...100_000,
            "Lines of one batch that are in the queue at once, at most; never more than those that run and about half a minute of waiting ones."
        )
        fewestLines = min(
            mostLines,
            settings.int(
                "BATCH_WINDOW_MIN", default: fewestLines, in: 1...10_000,
                "Lines of one batch that are in the queue at once, however slowly they are finished."))
        mostBytes = settings.int(
            "BATCH_WINDOW_BYTES", default: mostBytes, in: 1024...(1 << 40),
            "Bytes of request bodies of one batch that are in the queue at once; one line may be larger.")
        lag = settings.seconds(
            "BATCH_LAG", default: 0.0004, in: 0.0001...10,
            "While there are requests of other lanes, a batch sends fewer lines a second where timers of its shim are later than this: the machine is busy."
        )
        sharedRate = settings.int(
            "BATCH_SHARED_RATE", default: sharedRate, in: 1...100_000,
            "Lines a second that a batch sends all the same.")
        mostBatches = settings.int(
            "BATCHES_AT_ONCE", default: mostBatches, in: 0...1000,
            "Batches that one shim runs at once; 0: none, so that others do it.")
        lease = settings.seconds(
            "BATCH_LEASE", default: 10, in: 1...300,
            "A shim that has not renewed its batches for this long has lost them to another.")
        poll = settings.seconds(
            "BATCH_POLL", default: 1, in: 0.05...60, "Time between two looks for batches to run.")
        gather = settings.seconds(
            "BATCH_GATHER", default: 0.2, in: 0.001...10,
            "Time in which results of a batch gather, to be written to PostgreSQL together.")
    }
}
