import Shared

/// A line of a journal.
enum JournalEntry: Equatable {
    case header(JournalHeader)
    case position(JournalPosition)
    case end(JournalEnd)
    case retry(round: Int)
}

struct JournalHeader: Equatable {
    static let version = 1

    var batch: String
    /// The uploaded input, and what it was made of: `nil` in a journal of `attach`.
    var file: String?
    var sha256: String?
    var lines = 0
    var operation = Job.Operation.chat
    /// The file for failed lines: a name beside the output, or an absolute path.
    var errors: String
    /// The `--model` and `--provider` that the lines were checked with.
    var model: String?
    var provider: String?
    /// Currencies of the prices of the lines' models, sorted.
    var currencies: [String] = []
}

/// The sizes of the result files, and the last result in them.
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
                    errors: errors, model: json["model"]?.stringValue, provider: json["provider"]?.stringValue,
                    currencies: json["currencies"]?.stringValue?.split(separator: ",").map(String.init) ?? []))
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
        if let model { line.append("model", model) }
        if let provider { line.append("provider", provider) }
        if !currencies.isEmpty { line.append("currencies", currencies.joined(separator: ",")) }
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
