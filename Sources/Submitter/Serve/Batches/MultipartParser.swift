/// Splits a `multipart/form-data` body (RFC 7578) into its parts, piece by piece (pure).
///
/// In: the bytes as they come, cut anywhere. Out: for each part its head, its content as it comes, and its end. It
/// holds a head or the beginning of a boundary at most. Lines end with CR LF. Everything that is not of the form is
/// refused.
struct MultipartParser {
    enum Event: Equatable {
        case began(MultipartHead)
        case content(ArraySlice<UInt8>)
        case ended
    }

    /// The body is not of the form.
    struct Malformed: Error, Equatable {
        let reason: String
    }

    private enum Place { case preamble, boundaryEnd, head, content, epilogue }

    /// Chosen: OpenAI's form has 4.
    static let mostParts = 32
    /// Bytes of the head of one part, and those of what may stand before the first boundary and behind the last.
    static let mostHeadBytes = 16 * 1024
    private static let mostBlanks = 64

    private let delimiter: [UInt8]
    private var place = Place.preamble
    /// Begins with a line end, since the first boundary needs none before it.
    private var buffer: [UInt8] = [13, 10]
    private var at = 0
    private var skipped = 0
    private var parts = 0
    private var headBytes = 0
    private var head: [ArraySlice<UInt8>] = []

    init(boundary: String) { delimiter = Array("\r\n--\(boundary)".utf8) }

    mutating func received(_ bytes: some Sequence<UInt8>) throws(Malformed) -> [Event] {
        buffer += bytes
        var events: [Event] = []
        while try step(&events) {}
        // What is left is short, and events hold on to the old array.
        buffer = Array(buffer[at...])
        at = 0
        return events
    }

    /// Throws where the final boundary has not come.
    func finished() throws(Malformed) {
        guard place == .epilogue else { throw Malformed(reason: "its final boundary is missing") }
    }

    /// Returns false where more bytes are needed.
    private mutating func step(_ events: inout [Event]) throws(Malformed) -> Bool {
        switch place {
        case .preamble, .content: return try readContent(&events)
        case .boundaryEnd: return try readBoundaryEnd()
        case .head: return try readHeadLine(&events)
        case .epilogue:
            try skip(to: buffer.endIndex)
            return false
        }
    }

    private mutating func readContent(_ events: inout [Event]) throws(Malformed) -> Bool {
        let (end, isBoundary) = nextBoundary()
        if place == .preamble {
            try skip(to: end)
        } else {
            if end > at { events.append(.content(buffer[at..<end])) }
            if isBoundary { events.append(.ended) }
            at = end
        }
        guard isBoundary else { return false }
        at += delimiter.count
        place = .boundaryEnd
        return true
    }

    /// The place of the next boundary, or the one where it may begin once more bytes are there.
    private func nextBoundary() -> (place: Int, isWhole: Bool) {
        var from = at
        while let start = buffer[from...].firstIndex(of: 13) {
            let candidate = buffer[start...].prefix(delimiter.count)
            if delimiter.starts(with: candidate) { return (start, candidate.count == delimiter.count) }
            from = start + 1
        }
        return (buffer.endIndex, false)
    }

    /// Behind a boundary come two dashes, which end the body, or a line end.
    private mutating func readBoundaryEnd() throws(Malformed) -> Bool {
        guard buffer.count - at >= 2 else { return false }
        if buffer[at] == Self.dash, buffer[at + 1] == Self.dash {
            at += 2
            place = .epilogue
            return true
        }
        let line = buffer[at...].drop { $0 == 32 || $0 == 9 }
        guard line.startIndex - at <= Self.mostBlanks, line.prefix(2).elementsEqual([13, 10].prefix(line.count)) else {
            throw Malformed(reason: "a boundary has other bytes behind it")
        }
        guard line.count >= 2 else { return false }
        parts += 1
        guard parts <= Self.mostParts else { throw Malformed(reason: "it has more than \(Self.mostParts) parts") }
        at = line.startIndex + 2
        (place, head, headBytes) = (.head, [], 0)
        return true
    }

    private mutating func readHeadLine(_ events: inout [Event]) throws(Malformed) -> Bool {
        let end = buffer[at...].firstIndex(of: 13) ?? buffer.endIndex
        let line = buffer[at..<end]
        guard headBytes + line.count <= Self.mostHeadBytes else {
            throw Malformed(reason: "the head of a part is larger than \(Self.mostHeadBytes) bytes")
        }
        guard !line.contains(10) else { throw Malformed(reason: "a line of a head does not end with CR LF") }
        guard end + 1 < buffer.endIndex else { return false }
        guard buffer[end + 1] == 10 else { throw Malformed(reason: "a line of a head does not end with CR LF") }
        at = end + 2
        headBytes += line.count + 2
        if line.isEmpty {
            events.append(.began(try MultipartHead(head)))
            place = .content
        } else {
            head.append(line)
        }
        return true
    }

    private mutating func skip(to end: Int) throws(Malformed) {
        skipped += end - at
        at = end
        guard skipped <= Self.mostHeadBytes else { throw Malformed(reason: "it has bytes outside of its parts") }
    }

    private static let dash = UInt8(ascii: "-")
}
