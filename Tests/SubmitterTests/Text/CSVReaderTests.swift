import TestSupport
import Testing

@testable import Submitter

@Suite struct CSVReaderTests {
    /// All records, of pieces of so many bytes.
    private func read(_ bytes: [UInt8], by size: Int = 1 << 16) throws -> [CSVReader.Record] {
        var place = 0
        var reader = CSVReader {
            guard place < bytes.count else { return nil }
            defer { place += size }
            return Array(bytes[place..<min(place + size, bytes.count)])
        }
        var records: [CSVReader.Record] = []
        while let record = try reader.next() { records.append(record) }
        return records
    }

    private func cells(_ text: String, by size: Int = 1 << 16) throws -> [[String]] {
        try read(Array(text.utf8), by: size).map(\.cells)
    }

    @Test(arguments: 1...9)
    func `records are the same however the bytes are cut`(_ size: Int) throws {
        let text = "\u{FEFF}a,\"b \"\"c\"\"\",日期\r\n\r\n1,\"2\r\n3\",\r\n\"\",x,y\n\n  \nlast,,"
        #expect(
            try cells(text, by: size) == [["a", "b \"c\"", "日期"], ["1", "2\r\n3", ""], ["", "x", "y"], ["last", "", ""]])
        #expect(try read(Array(text.utf8), by: size).map(\.line) == [1, 3, 5, 8])
    }

    @Test func `the separator is the one of the first line`() throws {
        #expect(try cells("a;b;c\n1,5;2;3") == [["a", "b", "c"], ["1,5", "2", "3"]])
        #expect(try cells("a\tb,c\td\n1\t2\t3") == [["a", "b,c", "d"], ["1", "2", "3"]])
        #expect(try cells("alone\nx") == [["alone"], ["x"]])
        #expect(try cells("a,b\rc,d\r") == [["a", "b"], ["c", "d"]])
        #expect(try cells("").isEmpty && cells("\n\r\n").isEmpty)
    }

    @Test func `what is no UTF-8 is refused with the way to make it one`() throws {
        let gbk: [UInt8] = Array("a,b\n".utf8) + [0xC8, 0xD5, 0xC6, 0xDA] + Array(",1\n".utf8)
        #expect(throws: CSVReader.Mistake.encoding(line: 2)) { try read(gbk) }
        #expect("\(CSVReader.Mistake.encoding(line: 2))".contains("iconv -f GB18030"))
        for mark in [[0xFF, 0xFE, 0x61, 0], [0xFE, 0xFF, 0, 0x61], [0x50, 0x4B, 3, 4], [0xD0, 0xCF, 0x11, 0xE0]] as [[UInt8]] {
            #expect(throws: CSVReader.Mistake.self) { try read(mark + [0, 0], by: 1) }
        }
    }

    @Test func `a record has a bound, and a quotation an end`() throws {
        let wide = Array(String(repeating: "x,", count: CSVReader.mostCells + 1).utf8)
        #expect(throws: CSVReader.Mistake.tooLong(line: 1)) { try read(wide) }
        let long = Array("a\n\"".utf8) + [UInt8](repeating: 0x61, count: CSVReader.mostBytes)
        #expect(throws: CSVReader.Mistake.tooLong(line: 2)) { try read(long) }
        #expect(throws: CSVReader.Mistake.openQuote(line: 2)) { try cells("a\n\"b\nc") }
    }
}
