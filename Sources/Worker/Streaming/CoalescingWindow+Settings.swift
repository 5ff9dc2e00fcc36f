import Shared

extension CoalescingWindow {
    init(_ settings: inout Settings) {
        least = settings.seconds(
            "COALESCE_MIN", default: 0.02, in: 0...1,
            "Deltas of a stream are written together over this time; the first goes at once.")
        most = settings.seconds(
            "COALESCE_MAX", default: 0.25, in: 0...5,
            "The same with many streams open.")
    }
}
