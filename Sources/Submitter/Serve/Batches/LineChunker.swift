import Shared

/// Cuts a file into chunks of whole lines as its bytes come (pure).
///
/// The chunks together are the file, byte for byte. Where the last line has no line feed, none is added: it ends with
/// the file. PostgreSQL holds text, so a line that is not UTF-8 or has a NUL is refused.
struct LineChunker {
    /// A line that cannot be kept.
    struct Mistake: Error, Equatable {
        /// From 1.
        let line: Int
        let reason: String
    }

    /// Bytes of a line: chosen, as large as the body of a request may be by default.
    static let longestLine = 16 << 20

    private var pending: [UInt8] = []
    /// No line feed stands before it, where a line is longer than a chunk.
    private var searched = 0
    private(set) var bytes = 0
    /// Lines in the chunks so far.
    private(set) var lines = 0
    private var chunks = 0

    /// Bytes that wait for the end of their line or chunk.
    var held: Int { pending.count }

    mutating func received(_ piece: some Collection<UInt8>) throws(Mistake) -> [BatchChunk] {
        pending += piece
        bytes += piece.count
        var made: [BatchChunk] = []
        while let end = try chunkEnd() {
            made.append(try chunk(pending[..<end]))
            pending.removeFirst(end)
            searched = 0
        }
        return made
    }

    /// The rest, or `nil` where there is none.
    mutating func finished() throws(Mistake) -> BatchChunk? {
        defer { pending = [] }
        return pending.isEmpty ? nil : try chunk(pending[...])
    }

    /// The end of the last line that fits, or of the first where none does.
    private mutating func chunkEnd() throws(Mistake) -> Int? {
        guard pending.count >= BatchChunk.bytes else { return nil }
        if let last = pending[..<BatchChunk.bytes].lastIndex(of: 10) { return last + 1 }
        let end = pending[max(searched, BatchChunk.bytes)...].firstIndex(of: 10)
        searched = pending.count
        guard (end ?? pending.count) <= Self.longestLine else {
            throw Mistake(line: lines + 1, reason: "it is longer than \(Self.longestLine) bytes")
        }
        return end.map { $0 + 1 }
    }

    private mutating func chunk(_ bytes: ArraySlice<UInt8>) throws(Mistake) -> BatchChunk {
        guard !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else { throw mistake(in: bytes) }
        let ends = bytes.reduce(0) { $0 + ($1 == 10 ? 1 : 0) }
        let count = ends + (bytes.last == 10 ? 0 : 1)
        defer { (chunks, lines) = (chunks + 1, lines + count) }
        return BatchChunk(seq: chunks, firstLine: lines + 1, lines: count, data: text)
    }

    private func mistake(in bytes: ArraySlice<UInt8>) -> Mistake {
        let all = bytes.split(separator: 10, omittingEmptySubsequences: false)
        let place = all.firstIndex { $0.contains(0) || String(validating: $0, as: UTF8.self) == nil } ?? 0
        return Mistake(line: lines + 1 + place, reason: all[place].contains(0) ? "it has a NUL" : "it is not UTF-8")
    }
}
