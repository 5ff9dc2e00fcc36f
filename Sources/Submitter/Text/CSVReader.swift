import Shared

/// Reads comma-separated values from anywhere, without holding more than one record and one piece (RFC 4180).
///
/// In: a source of pieces, which ends with `nil`. Out: the records that are not blank. A byte order mark is left out, a
/// record may end with CR, LF or both, and the last one needs no end. The separator is the one of comma, semicolon and
/// tab that the first line has most of.
struct CSVReader {
    struct Record: Equatable {
        /// The line on which it begins, from 1.
        let line: Int
        let cells: [String]
    }

    enum Mistake: Error, Equatable, CustomStringConvertible {
        /// Not a text in UTF-8.
        case encoding(line: Int)
        /// UTF-16, or a spreadsheet's own format.
        case format(String)
        case tooLong(line: Int)
        case openQuote(line: Int)

        var description: String {
            switch self {
            case .encoding(let line):
                "line \(line): expected UTF-8; a spreadsheet may have saved the file as GBK: iconv -f GB18030 -t UTF-8 bill.csv > utf8.csv"
            case .format(let name): "expected a CSV file in UTF-8, and not \(name): save or export it as CSV in UTF-8"
            case .tooLong(let line):
                "line \(line): expected a record of at most \(CSVReader.mostBytes) bytes and \(CSVReader.mostCells) cells"
            case .openQuote(let line): "line \(line): expected a quotation mark that ends the cell"
            }
        }
    }

    /// Chosen: a hundred times the widest bill's record.
    static let mostBytes = 1 << 20
    static let mostCells = 1000

    private enum State {
        /// At the begin of a cell.
        case start
        case plain, quoted
        /// Behind a quotation mark inside a quoted cell, which is its end or the first of two.
        case quote
    }

    private let source: () throws -> [UInt8]?
    private var buffer: [UInt8] = []
    private var place = 0
    private var hasBegun = false
    private var separator = UInt8(ascii: ",")
    private var state = State.start
    private var cell: [UInt8] = []
    private var cells: [String] = []
    private var bytes = 0
    private var line = 1
    /// The line on which the record begins.
    private var first = 1
    private var endedWithCR = false

    init(_ source: @escaping () throws -> [UInt8]?) { self.source = source }

    mutating func next() throws -> Record? {
        if !hasBegun { try begin() }
        while true {
            while place < buffer.count {
                let byte = buffer[place]
                place += 1
                if let record = try take(byte) { return record }
            }
            guard let piece = try source() else { return try last() }
            (buffer, place) = (piece, 0)
        }
    }

    // MARK: - The first bytes

    private mutating func begin() throws {
        hasBegun = true
        while buffer.count < Self.mostHead, !buffer.contains(where: Self.isLineEnd), let piece = try source() {
            buffer += piece
        }
        for (name, mark) in Self.marks where buffer.starts(with: mark) { throw Mistake.format(name) }
        if buffer.starts(with: [0xEF, 0xBB, 0xBF]) { place = 3 }
        let line = buffer.dropFirst(place).prefix { !Self.isLineEnd($0) }
        let counts = Self.separators.map { separator in line.count(where: { $0 == separator }) }
        // Of equals the first one is taken, which is the comma where there is none at all.
        separator = Self.separators[counts.firstIndex(of: counts.max() ?? 0) ?? 0]
    }

    private static func isLineEnd(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") }

    /// Bytes of the first line that are looked at for its separator.
    private static let mostHead = 1 << 16
    private static let separators = [UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t")]
    private static let marks: [(String, [UInt8])] = [
        ("UTF-16", [0xFF, 0xFE]), ("UTF-16", [0xFE, 0xFF]), ("a workbook (.xlsx) or an archive", [0x50, 0x4B, 0x03, 0x04]),
        ("a workbook (.xls)", [0xD0, 0xCF, 0x11, 0xE0]),
    ]

    // MARK: - One byte after the other

    private mutating func take(_ byte: UInt8) throws -> Record? {
        bytes += 1
        guard bytes <= Self.mostBytes else { throw Mistake.tooLong(line: first) }
        let isFeed = byte == UInt8(ascii: "\n")
        defer { endedWithCR = byte == UInt8(ascii: "\r") }
        // The second byte of an end that was taken with its first one.
        if isFeed, endedWithCR, state == .start, cells.isEmpty { return nil }
        if isFeed { line += 1 }
        switch (state, byte) {
        case (.start, UInt8(ascii: "\"")): state = .quoted
        case (.quoted, UInt8(ascii: "\"")): state = .quote
        case (.quoted, _): cell.append(byte)
        case (.quote, UInt8(ascii: "\"")):
            cell.append(byte)
            state = .quoted
        case (_, separator): try endCell()
        case (_, UInt8(ascii: "\n")), (_, UInt8(ascii: "\r")):
            if byte == UInt8(ascii: "\r") { line += 1 }
            return try endRecord()
        default:
            cell.append(byte)
            state = .plain
        }
        return nil
    }

    private mutating func endCell() throws {
        guard let text = String(validating: cell, as: UTF8.self) else { throw Mistake.encoding(line: first) }
        guard cells.count < Self.mostCells else { throw Mistake.tooLong(line: first) }
        cells.append(text)
        cell.removeAll(keepingCapacity: true)
        state = .start
    }

    /// `nil` for a blank line.
    private mutating func endRecord() throws -> Record? {
        try endCell()
        defer { (cells, bytes, first) = ([], 0, line) }
        let isBlank = cells.count == 1 && cells[0].allSatisfy(\.isWhitespace)
        return isBlank ? nil : Record(line: first, cells: cells)
    }

    private mutating func last() throws -> Record? {
        if state == .quoted { throw Mistake.openQuote(line: first) }
        guard state != .start || !cells.isEmpty else { return nil }
        return try endRecord()
    }
}
