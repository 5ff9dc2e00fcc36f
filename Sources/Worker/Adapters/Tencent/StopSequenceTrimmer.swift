/// Removes the stop sequence from the end of a text, since Hunyuan's texts end after it and OpenAI's before.
///
/// In: the text piece by piece. Out: the part that can be sent already. Only the longest end of the text that begins a
/// stop sequence is held back.
struct StopSequenceTrimmer: Sendable {
    private let stops: [[Unicode.Scalar]]
    private var held: [Unicode.Scalar] = []

    init(_ stops: [String]) {
        self.stops = stops.map { Array($0.unicodeScalars) }.filter { !$0.isEmpty }
    }

    mutating func take(_ piece: String) -> String {
        guard !stops.isEmpty else { return piece }
        held += piece.unicodeScalars
        let kept = heldCount
        let shown = Self.text(held.dropLast(kept))
        held.removeFirst(held.count - kept)
        return shown
    }

    /// The held text at the end, without the stop sequence if that is why the answer ended (`wasStopped`).
    mutating func end(wasStopped: Bool) -> String {
        defer { held = [] }
        guard wasStopped else { return Self.text(held[...]) }
        let cut = stops.filter { held.suffix($0.count).elementsEqual($0) }.map(\.count).max() ?? 0
        return Self.text(held.dropLast(cut))
    }

    private var heldCount: Int {
        let longest = min(held.count, stops.map(\.count).max() ?? 0)
        for count in stride(from: longest, to: 0, by: -1) {
            let end = held.suffix(count)
            if stops.contains(where: { $0.prefix(count).elementsEqual(end) }) { return count }
        }
        return 0
    }

    private static func text(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        return String(text)
    }
}
