import Testing

@testable import Submitter

@Suite struct LineChunkerTests {
    private func chunks(_ text: String, pieces size: Int = 60_000) throws -> [BatchChunk] {
        var chunker = LineChunker()
        let bytes = Array(text.utf8)
        var chunks: [BatchChunk] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            chunks += try chunker.received(bytes[start..<min(start + size, bytes.count)])
        }
        if let last = try chunker.finished() { chunks.append(last) }
        #expect(chunker.bytes == bytes.count && chunker.lines == chunks.reduce(0) { $0 + $1.lines })
        return chunks
    }

    @Test(arguments: ["\n", ""]) func `the chunks together are the file, in whole lines`(end: String) throws {
        let text = (1...20_000).map { "line \($0) \(String(repeating: "ü", count: $0 % 70))" }.joined(separator: "\n")

        let chunks = try chunks(text + end)

        #expect(chunks.map(\.data).joined() == text + end)
        #expect(chunks.count > 3 && chunks.allSatisfy { $0.data.utf8.count <= BatchChunk.bytes })
        #expect(chunks.dropLast().allSatisfy { $0.data.hasSuffix("\n") })
        #expect(chunks.map(\.seq) == Array(0..<chunks.count))
        #expect(chunks.reduce(1) { $1.firstLine == $0 ? $0 + $1.lines : -1 } == 20_001)
    }

    @Test func `a long line has a chunk of its own`() throws {
        let long = String(repeating: "x", count: 3 * BatchChunk.bytes)

        let chunks = try chunks("a\n\(long)\nb\n")

        #expect(chunks.map(\.data) == ["a\n", long + "\n", "b\n"])
        #expect(chunks.map(\.firstLine) == [1, 2, 3])
    }

    @Test func `an empty file has no chunk`() throws { #expect(try chunks("").isEmpty) }

    @Test func `a line that is too long is refused before its end`() throws {
        var chunker = LineChunker()
        _ = try chunker.received(Array("a\n".utf8))

        let refused = #expect(throws: LineChunker.Mistake.self) {
            for _ in 0..<17 { _ = try chunker.received([UInt8](repeating: 120, count: 1 << 20)) }
        }

        #expect(refused?.line == 2)
    }

    @Test(arguments: [
        ([UInt8]("a\nb\n\0\n".utf8), 3, "NUL"), ([97, 10, 0xFF, 10, 98], 2, "UTF-8"), ([97, 10, 0xC3], 2, "UTF-8"),
        ([0xED, 0xA0, 0x80], 1, "UTF-8"),
    ])
    func `a line that PostgreSQL cannot hold is named`(bytes: [UInt8], line: Int, reason: String) throws {
        var chunker = LineChunker()
        _ = try chunker.received(bytes)

        let refused = #expect(throws: LineChunker.Mistake.self) { _ = try chunker.finished() }

        #expect(refused?.line == line && refused?.reason.contains(reason) == true)
    }
}
