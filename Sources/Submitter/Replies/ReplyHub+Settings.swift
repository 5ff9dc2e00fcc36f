import Shared

extension ReplyHub {
    struct Configuration: Sendable {
        /// Time between two looks at deadlines, pings and sweeps.
        var tick = Duration.seconds(1)
        /// A reply without a message for this long has its log looked at, because a lost last message shows no hole
        /// (docs/queue-protocol.md, "Read the answer").
        var silence = Duration.seconds(3)
        /// Bytes that wait for one slow reader before it is sent to the log (chosen).
        var bufferedBytes = 256 * 1024
        /// Comments that keep proxies from closing a silent stream, as most do after 30 to 60 s.
        var ping = Duration.seconds(15)
        /// Time for the caller of any broken stream to come back before its request is cancelled.
        var cancelGrace = Duration.zero
        /// The same for a caller that can resume its stream.
        var resumeGrace = Duration.seconds(5)
        /// Records read from a log at once.
        var page = 64
        /// A stream that has waited for this long hears its place.
        ///
        /// Before that, there is mostly nothing useful to say.
        var placePatience = Duration.seconds(1)
        /// Time between two such notices.
        var placePause = Duration.seconds(3)
        /// A stream that has waited for this long hears that no worker is alive.
        var workerPatience = Duration.seconds(2)
        /// Bytes of answers above `QueueScripts.largestMessage` that are held for callers at once.
        var largeBytes = 256 << 20
        /// Logs and places looked at in one round trip.
        var sweepBatch = 500

        init() {}

        init(_ settings: inout Settings) {
            ping = settings.seconds(
                "PING_INTERVAL", default: 15, in: 0.05...300,
                "Comment in a stream that is silent for this long; a connection that is has TCP look whether its caller is there."
            )
            readGraces(&settings)
            silence = settings.seconds(
                "SWEEP_INTERVAL", default: 3, in: 0.05...60,
                "A request without a message for this long has its log looked at.")
            tick = min(tick, silence, ping)
            bufferedBytes = settings.int(
                "REPLY_BUFFER_BYTES", default: bufferedBytes, in: 4096...(64 << 20),
                "Bytes that wait for a slow caller; beyond, it is served from the log.")
            largeBytes = settings.int(
                "LARGE_ANSWER_BYTES", default: largeBytes, in: (1 << 20)...(1 << 40),
                "Bytes of answers above 256 KB that one shim holds for its callers at once; the others wait in Redis.")
        }

        private mutating func readGraces(_ settings: inout Settings) {
            cancelGrace = settings.seconds(
                "CANCEL_GRACE", default: 0, in: 0...600,
                "How long the caller of any stream that broke may come back before its request is cancelled: 0, since OpenAI's clients never do, and every second is paid for."
            )
            resumeGrace = settings.seconds(
                "RESUME_GRACE", default: 5, in: 0...600,
                "The same for streams of `/api/v1`, whose callers know the job's id and the last event's: long enough for a new connection. The longer of both holds."
            )
        }
    }
}
