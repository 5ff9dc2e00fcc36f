import Shared

extension CoalescingWindow {
    init(_ settings: inout Settings) {
        self.init()
        length = settings.seconds(
            "COALESCE_WINDOW", default: 0.02, in: 0...1,
            "Deltas of a stream are written together over this time, those of all streams at once; the first goes at once."
        )
        crowd = settings.int(
            "COALESCE_CROWD", default: crowd, in: 1...1_000_000,
            "From so many platform calls at once on, streams are read once a window; below, as their bytes come.")
        throng = settings.int(
            "COALESCE_THRONG", default: throng, in: 1...1_000_000,
            "From so many open streams on, the window is twice as long; from 4, 8 and 16 times as many, 4, 8 and 16 times."
        )
    }
}
