import Shared

/// Reads the lines of a response's head and skips interim responses (1xx), without I/O.
struct HTTPHeadReader {
    /// Chosen: eight times what any platform sends.
    private static let maxBytes = 64 * 1024

    private var head: HTTPHead?
    private var bytes = 0

    /// Reads one line with its end.
    ///
    /// Returns the head at the line that ends it.
    mutating func read(_ line: some BidirectionalCollection<UInt8>) throws(HTTPError) -> HTTPHead? {
        bytes += line.count
        guard bytes <= Self.maxBytes else { throw HTTPError(.tooLarge, "the answer's head is too large") }
        let line = line.prefix(
            upTo: line.lastIndex { $0 != 10 && $0 != 13 }.map { line.index(after: $0) } ?? line.startIndex)
        if line.starts(with: "HTTP/".utf8) {
            head = HTTPHead(status: Self.status(line))
        } else if line.isEmpty {
            return takeHead()
        } else {
            addHeader(line)
        }
        return nil
    }

    /// The final head, `nil` for an interim one and for the line after trailers.
    private mutating func takeHead() -> HTTPHead? {
        guard let head, head.status >= 200 else { return nil }
        self.head = nil
        return head
    }

    /// Ignores the trailers of a chunked body, which arrive here after the head was taken.
    private mutating func addHeader(_ line: some BidirectionalCollection<UInt8>) {
        guard head != nil, let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return }
        let value = line[line.index(after: colon)...].drop { $0 == 32 || $0 == 9 }
        let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
        head?.headers.append(.init(name: name, value: String(decoding: value, as: UTF8.self)))
    }

    private static func status(_ line: some BidirectionalCollection<UInt8>) -> Int {
        var status = 0
        for digit in line.drop(while: { $0 != 32 }).dropFirst().prefix(while: \.isASCIIDigit).prefix(3) {
            status = status * 10 + Int(digit) - 48
        }
        return status
    }
}
