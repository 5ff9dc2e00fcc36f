import Shared

/// Cuts bytes into lines, without holding more than one line and one piece.
///
/// In: a source of pieces, which ends with `nil`. Out: the lines that are not blank, without white space around them.
/// A byte order mark at the beginning and carriage returns are left out. The last line needs no line feed.
struct LineReader {
    struct Line: Equatable {
        /// From 1, blank lines counted.
        let number: Int
        /// `nil` for a line of more than `mostBytes`.
        let bytes: [UInt8]?
    }

    /// The service's own limit of one request by HTTP.
    static let mostBytes = 16 << 20

    private let source: () throws -> [UInt8]?
    private let most: Int
    private var buffer: [UInt8] = []
    /// The beginning of the next line, and the place up to which there is no line feed.
    private var start = 0
    private var scanned = 0
    private var number = 0
    private var isSkipping = false
    private var isAtEnd = false

    init(most: Int = Self.mostBytes, _ source: @escaping () throws -> [UInt8]?) {
        self.most = most
        self.source = source
    }

    mutating func next() throws -> Line? {
        while true {
            if let end = lineFeed() {
                if let line = take(to: end) { return line }
            } else if isAtEnd {
                guard start < buffer.count || isSkipping else { return nil }
                if let line = take(to: buffer.count) { return line }
            } else {
                try fill()
            }
        }
    }

    private mutating func lineFeed() -> Int? {
        scanned = scan()
        return scanned < buffer.count ? scanned : nil
    }

    private func scan() -> Int {
        var place = scanned
        let bytes = buffer.span
        while place < bytes.count, bytes[place] != UInt8(ascii: "\n") { place += 1 }
        return place
    }

    private mutating func fill() throws {
        if isSkipping || buffer.count - start > most + 2 {
            isSkipping = true
            start = buffer.count
        }
        buffer.removeSubrange(0..<start)
        // All of the buffer was scanned.
        scanned -= start
        start = 0
        if let piece = try source() { buffer += piece } else { isAtEnd = true }
    }

    /// `nil` for a blank line.
    private mutating func take(to end: Int) -> Line? {
        var line = buffer[start..<end]
        start = min(end + 1, buffer.count)
        scanned = start
        number += 1
        if number == 1, line.starts(with: [0xEF, 0xBB, 0xBF]) { line = line.dropFirst(3) }
        while let last = line.last, Self.isBlank(last) { line.removeLast() }
        while let first = line.first, Self.isBlank(first) { line.removeFirst() }
        defer { isSkipping = false }
        if isSkipping || line.count > most { return Line(number: number, bytes: nil) }
        return line.isEmpty ? nil : Line(number: number, bytes: Array(line))
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
    }
}
