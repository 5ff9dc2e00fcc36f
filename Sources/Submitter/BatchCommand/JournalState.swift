import Shared

/// What a journal says (pure): which batch the result files belong to, and how far they are written.
///
/// A journal is lines of JSON, appended. The first names the batch and the input. Each later one tells the sizes of the
/// result files after so many results, once those are on the disk. A last line that is torn, or that nobody can read, is
/// as if it was not there: what it would have told is done again.
struct JournalState: Equatable {
    var header: JournalHeader?
    var position = JournalPosition()
    /// Set once the batch has ended and all of its results are written.
    var end: JournalEnd?
    /// The round whose failed lines were asked for again, until a batch's end is written after it.
    var retriedRound: Int?
    /// Bytes of the whole lines. What is behind them is cut off.
    var wholeBytes = 0

    /// A line in the middle that nobody can read, by its number.
    struct Damaged: Error, Equatable { let line: Int }

    init() {}

    init(parsing bytes: [UInt8]) throws(Damaged) {
        var (start, number) = (0, 0)
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            number += 1
            let isLast = end + 1 == bytes.count
            guard let entry = Self.entry(bytes[start..<end], isFirst: number == 1) else {
                guard isLast, number > 1 else { throw Damaged(line: number) }
                return
            }
            apply(entry)
            start = end + 1
            wholeBytes = start
        }
    }

    mutating func apply(_ entry: JournalEntry) {
        switch entry {
        case .header(let header): self = JournalState(header)
        case .position(let position):
            self.position = position
            end = nil
        case .end(let end):
            self.end = end
            retriedRound = nil
        case .retry(let round):
            retriedRound = round
            end = nil
        }
    }

    private init(_ header: JournalHeader) { self.header = header }

    private static func entry(_ line: ArraySlice<UInt8>, isFirst: Bool) -> JournalEntry? {
        let json: JSON
        do { json = try JSON(parsing: line) } catch { return nil }
        guard let entry = JournalEntry(json) else { return nil }
        if case .header = entry { return isFirst ? entry : nil }
        return isFirst ? nil : entry
    }
}

struct JournalHeader: Equatable {
    static let version = 1

    var batch: String
    /// The uploaded input, and what it was made of: `nil` in a journal of `attach`.
    var file: String?
    var sha256: String?
    var lines = 0
    var operation = Job.Operation.chat
    /// The path of the file for failed lines.
    var errors: String
}

/// How far the result files are written.
struct JournalPosition: Equatable {
    /// The lines are in the order of the input.
    var isOrdered = false
    /// The last `seq` that is written, or the last line where they are ordered.
    var place = 0
    var outputBytes = 0
    var errorBytes = 0
    var outputLines = 0
    var errorLines = 0
    var round = 0
}

struct JournalEnd: Equatable {
    var status: Batch.Status
    var halt: Batch.Halt?
    var succeeded: Int
    var failed: Int
    var round: Int
}

enum JournalEntry: Equatable {
    case header(JournalHeader)
    case position(JournalPosition)
    case end(JournalEnd)
    case retry(round: Int)
}

extension JournalEntry {
    /// One line, with its line feed.
    var encoded: [UInt8] {
        var line: [UInt8] = []
        line.open("{")
        switch self {
        case .header(let header): header.append(to: &line)
        case .position(let position): position.append(to: &line)
        case .end(let end): end.append(to: &line)
        case .retry(let round): line.append("retry", round)
        }
        line.close("}")
        return line + [UInt8(ascii: "\n")]
    }

    init?(_ json: JSON) {
        func number(_ name: String) -> Int? { json[name]?.whole(in: 0...(1 << 60)) }
        if json["journal"] != nil {
            guard number("journal") == JournalHeader.version, let batch = json["batch"]?.stringValue,
                let errors = json["errors"]?.stringValue
            else { return nil }
            self = .header(
                JournalHeader(
                    batch: batch, file: json["file"]?.stringValue, sha256: json["sha256"]?.stringValue,
                    lines: number("lines") ?? 0,
                    operation: json["operation"]?.stringValue.flatMap(Job.Operation.init(rawValue:)) ?? .chat,
                    errors: errors))
        } else if let round = number("retry") {
            self = .retry(round: round)
        } else if let status = json["end"]?.stringValue.flatMap(Batch.Status.init(rawValue:)) {
            self = .end(
                JournalEnd(
                    status: status, halt: json["halt"]?.stringValue.flatMap(Batch.Halt.init(rawValue:)),
                    succeeded: number("succeeded") ?? 0, failed: number("failed") ?? 0, round: number("round") ?? 0))
        } else {
            guard let place = number("line") ?? number("seq"), let out = number("out"), let errors = number("err"),
                let outLines = number("out_lines"), let errorLines = number("err_lines"), let round = number("round")
            else { return nil }
            self = .position(
                JournalPosition(
                    isOrdered: json["line"] != nil, place: place, outputBytes: out, errorBytes: errors,
                    outputLines: outLines, errorLines: errorLines, round: round))
        }
    }
}

extension JournalHeader {
    fileprivate func append(to line: inout [UInt8]) {
        line.append("journal", Self.version)
        line.append("batch", batch)
        if let file { line.append("file", file) }
        if let sha256 { line.append("sha256", sha256) }
        line.append("lines", lines)
        line.append("operation", operation.rawValue)
        line.append("errors", errors)
    }
}

extension JournalPosition {
    fileprivate func append(to line: inout [UInt8]) {
        line.append(isOrdered ? "line" : "seq", place)
        line.append("out", outputBytes)
        line.append("err", errorBytes)
        line.append("out_lines", outputLines)
        line.append("err_lines", errorLines)
        line.append("round", round)
    }
}

extension JournalEnd {
    fileprivate func append(to line: inout [UInt8]) {
        line.append("end", status.rawValue)
        if let halt { line.append("halt", halt.rawValue) }
        line.append("succeeded", succeeded)
        line.append("failed", failed)
        line.append("round", round)
    }
}
