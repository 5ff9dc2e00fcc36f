/// The paths of the files that a command about a batch writes.
struct OutputPaths: Sendable, Equatable {
    let output: String
    /// The file for failed lines.
    let errors: String

    /// Without `errors`, `out.jsonl` makes `out.errors.jsonl`, and `out` makes `out.errors.jsonl`, too.
    init(_ output: String, errors: String? = nil) {
        self.output = output
        let stem = output.hasSuffix(".jsonl") ? String(output.dropLast(".jsonl".count)) : output
        self.errors = errors ?? stem + ".errors.jsonl"
    }

    var results: [String] { [output, errors] }
    var journal: String { output + ".journal" }
    /// A copy of standard input, for as long as that is not uploaded.
    var spool: String { journal + ".input" }
    var spools: [String] { [spool, spool + ".part"] }

    /// The file for failed lines as the journal names it.
    ///
    /// It is its name where it stands beside the output, so that the folder may be moved. Else it is absolute.
    var errorsInJournal: String {
        let place = FileIdentity.absolute(errors)
        return place.folder == FileIdentity.absolute(output).folder ? place.name : place.path
    }

    /// The path of what a journal names.
    static func errors(inJournal name: String, beside output: String) -> String {
        guard !name.hasPrefix("/"), let slash = output.lastIndex(of: "/") else { return name }
        return output[...slash] + name
    }

    /// A sentence about two paths that lead to one file, or `nil`.
    func clash(input: String? = nil) -> String? {
        var files = [("-o", output), ("--errors", errors), ("OUT.journal", journal)]
        files += spools.map { ("the copy of standard input", $0) }
        if let input, input != "-" { files.insert(("IN", input), at: 0) }
        return Self.clash(among: files)
    }

    static func clash(among files: [(name: String, path: String)]) -> String? {
        var seen: [FileIdentity: String] = [:]
        for (name, path) in files {
            if let other = seen.updateValue(name, forKey: FileIdentity(path)) {
                return "\(name): expected another file than \(other)"
            }
        }
        return nil
    }

    // MARK: - Files that are there

    static func refuse(_ paths: [String], _ reason: String) throws(BatchTrouble) {
        for path in paths where DiskFile.size(of: path) != nil {
            throw .refused("\(path): it exists\(reason); --fresh replaces it")
        }
    }

    static func remove(_ paths: [String]) throws(BatchTrouble) { for path in paths { try DiskFile.remove(path) } }

    /// Files without a journal are somebody's.
    static let unknown = ", and no journal says what it is"
}
