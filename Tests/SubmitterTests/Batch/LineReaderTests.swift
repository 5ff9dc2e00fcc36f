import Shared
import Testing

@testable import Submitter

/// Lines of a stream of bytes, however it is cut.
@Suite struct LineReaderTests {
    private func lines(_ pieces: [[UInt8]], most: Int = 100) throws -> [LineReader.Line] {
        var rest = pieces[...]
        var reader = LineReader(most: most) { rest.popFirst() }
        var lines: [LineReader.Line] = []
        while let line = try reader.next() { lines.append(line) }
        return lines
    }

    private func line(_ number: Int, _ text: String) -> LineReader.Line {
        LineReader.Line(number: number, bytes: Array(text.utf8))
    }

    @Test(arguments: 1...40)
    func `a byte order mark, carriage returns and blank lines mean nothing, in pieces of any size`(size: Int) throws {
        let text: [UInt8] = [0xEF, 0xBB, 0xBF] + Array("one\r\n\r\n  \t\n two \nthree".utf8)
        let pieces = stride(from: 0, to: text.count, by: size).map { Array(text[$0..<min($0 + size, text.count)]) }

        #expect(try lines(pieces) == [line(1, "one"), line(4, "two"), line(5, "three")])
    }

    @Test(arguments: ["", "\n", "\n\n\r\n"])
    func `nothing has no lines`(text: String) throws {
        #expect(try lines([Array(text.utf8)]).isEmpty)
    }

    @Test(arguments: [1, 3, 7, 1000])
    func `a line that is too long is named, and the next is read`(size: Int) throws {
        let text = Array(
            ("ab\n" + String(repeating: "x", count: 300) + "\ncd\n" + String(repeating: "y", count: 101)).utf8)
        let pieces = stride(from: 0, to: text.count, by: size).map { Array(text[$0..<min($0 + size, text.count)]) }

        let lines = try lines(pieces)

        #expect(lines.map(\.number) == [1, 2, 3, 4])
        #expect(lines.map { $0.bytes?.count } == [2, nil, 2, nil])
    }

    @Test func `a line of the longest length is read`() throws {
        #expect(try lines([Array((String(repeating: "x", count: 100) + "\n").utf8)]).first?.bytes?.count == 100)
    }

    /// Two members, with the second line across them.
    private static let gzip =
        Base64.decode(
            "H4sIAAAAAAACA6tWKijKzy0oUbJSys9LVarlqgYJAACgI0IoFgAAAB+LCAAAAAAAAgPLLShRslIqKc9XquUCAMv5CdUMAAAA") ?? []

    private func unpacked(_ packed: [UInt8], size: Int) throws -> [LineReader.Line] {
        var rest = stride(from: 0, to: packed.count, by: size).map { Array(packed[$0..<min($0 + size, packed.count)]) }[
            ...]
        let gzip = try GzipReader { rest.popFirst() }
        var reader = LineReader { try gzip.next() }
        var lines: [LineReader.Line] = []
        while let line = try reader.next() { lines.append(line) }
        return lines
    }

    @Test(arguments: [1, 2, 5, 17, 4096])
    func `gzip of several members is unpacked from pieces of any size`(size: Int) throws {
        #expect(try unpacked(Self.gzip, size: size) == [line(1, #"{"prompt":"one"}"#), line(2, #"{"prompt":"two"}"#)])
    }

    @Test(arguments: [1, 10, 30, 40, 70])
    func `gzip that ends too soon is damaged`(cut: Int) {
        #expect(throws: GzipReader.Damaged.self) {
            _ = try unpacked(Array(Self.gzip.dropLast(cut)), size: 16)
        }
    }

    @Test func `only two bytes make gzip`() {
        #expect(GzipReader.isGzip(Self.gzip) && !GzipReader.isGzip(Array("{}".utf8)) && !GzipReader.isGzip([0x1F]))
    }
}
