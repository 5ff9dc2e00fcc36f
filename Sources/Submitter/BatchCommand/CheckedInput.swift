import Shared

/// A file of requests that was read once and found good.
struct CheckedInput: Sendable, Equatable {
    let path: String
    let sha256: String
    let bytes: Int
    let lines: Int
    let operation: Job.Operation
    /// Of the prices of the lines' models, sorted.
    let currencies: [String]

    /// Reads the whole file.
    ///
    /// `visit` sees the requests. Throws `InputMistakes` with all that is wrong in it.
    init(
        _ path: String, _ form: LineForm, _ options: BatchOptions, _ catalog: CatalogSnapshot,
        visit: (ModelRequest) -> Void = { _ in }
    ) throws {
        let source = try InputBytes(path)
        var reader = LineReader(try source.unpacked())
        var check = InputCheck(form: form, options: options, catalog: catalog)
        while let line = try reader.next() {
            try Task.checkCancellation()
            if let request = check.check(line) { visit(request) }
        }
        check.finish()
        guard check.mistakeCount == 0 else {
            throw InputMistakes(shown: check.mistakes, count: check.mistakeCount, lines: check.lines)
        }
        guard let operation = check.operation else {
            throw BatchTrouble.refused("\(path == "-" ? "standard input" : path): expected at least one line")
        }
        self.path = path
        self.operation = operation
        currencies = check.currencies.sorted()
        (sha256, bytes, lines) = (source.sha256, source.count, check.lines)
    }

    /// The hash of a file, without a look at its lines.
    static func sha256(of path: String) throws -> String {
        let source = try InputBytes(path)
        while try source.next() != nil { try Task.checkCancellation() }
        return source.sha256
    }
}

/// All that is wrong in a file.
struct InputMistakes: Error, CustomStringConvertible {
    /// The first hundred at most, each on a line.
    let shown: [String]
    let count: Int
    let lines: Int

    var description: String {
        let more = count > shown.count ? ["… and \(count - shown.count) more"] : []
        let sum = "\(Words.count(count, "mistake")) in \(Words.count(lines, "line")): nothing was sent"
        return (shown.map(TerminalText.plain) + more + [sum]).joined(separator: "\n")
    }
}
