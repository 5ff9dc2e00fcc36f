import ArgumentParser
import Shared

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The fields that `add` and `edit` are given: a file first, then `--set` over it.
struct RowInput: ParsableArguments {
    @Option(
        name: .customLong("set"),
        help: ArgumentHelp(
            "A field and its value in YAML; settings.NAME and capabilities.NAME set one of them; null takes the default. Repeatable.",
            valueName: "field=value"))
    var settings: [String] = []

    @Option(help: "YAML or JSON file with the fields of one entry, as in the catalogue file; - is standard input.")
    var file: String?

    func json(_ kind: CatalogKind) throws -> JSONObject {
        var (fields, mistakes) = (JSONObject(), [String]())
        do {
            if let file { fields = try Self.fields(of: file, kind) }
        } catch { mistakes += error.list }
        for setting in settings {
            do { try apply(setting, kind, to: &fields) } catch { mistakes += error.list }
        }
        if mistakes.isEmpty { return fields }
        throw ValidationError(mistakes.joined(separator: "\n"))
    }

    private func apply(_ setting: String, _ kind: CatalogKind, to fields: inout JSONObject) throws(CatalogFile.Mistakes)
    {
        guard let equals = setting.firstIndex(of: "="), equals != setting.startIndex else {
            throw CatalogFile.Mistakes(list: ["--set: expected field=value"])
        }
        let path = setting[..<equals].split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init)
        guard path[0] != "api_key" else {
            throw CatalogFile.Mistakes(list: [
                "--set api_key: expected --api-key-env, --api-key-file or --api-key-stdin: others can see arguments"
            ])
        }
        let value: JSON
        do { value = try kind.json(parsing: String(setting[setting.index(after: equals)...]), field: path[0]) } catch {
            throw CatalogFile.Mistakes(list: error.list.map { "--set \($0)" })
        }
        guard path.count == 2 else { return fields.set(path[0], value) }
        var members = fields[path[0]]?.objectValue ?? [:]
        members.set(path[1], value)
        fields.set(path[0], .object(members))
    }

    /// Every mistake names the file.
    private static func fields(of file: String, _ kind: CatalogKind) throws(CatalogFile.Mistakes) -> JSONObject {
        guard let text = file == "-" ? StandardStreams.input() : StandardStreams.text(of: file) else {
            throw CatalogFile.Mistakes(list: ["--file \(file): expected a readable file in UTF-8"])
        }
        do { return try kind.json(parsing: text).objectValue ?? [:] } catch {
            throw CatalogFile.Mistakes(list: error.list.map { "--file \(file): \($0)" })
        }
    }
}

/// The source of an account's key.
///
/// It is never an argument, which every user of the machine can see.
struct KeyInput: ParsableArguments {
    @Option(help: ArgumentHelp("Environment variable that holds the key.", valueName: "name"))
    var apiKeyEnv: String?

    @Option(help: ArgumentHelp("File that holds the key.", valueName: "path"))
    var apiKeyFile: String?

    @Flag(help: "Read the key from standard input.")
    var apiKeyStdin = false

    func validate() throws {
        guard [apiKeyEnv != nil, apiKeyFile != nil, apiKeyStdin].filter({ $0 }).count <= 1 else {
            throw ValidationError("expected only one of --api-key-env, --api-key-file, --api-key-stdin")
        }
    }

    /// `nil` where none is named.
    func key() throws -> Secret? {
        let (text, expected): (String?, String)
        switch (apiKeyEnv, apiKeyFile, apiKeyStdin) {
        case (let name?, _, _):
            text = ProcessInfo.processInfo.environment[name]
            expected = "--api-key-env: expected the key in the environment variable\(Self.shown(name)), which is "
        case (_, let path?, _):
            text = StandardStreams.text(of: path)
            expected = "--api-key-file: expected the key in a readable file, but \(path) is "
        case (_, _, true):
            text = StandardStreams.input()
            expected = "--api-key-stdin: expected the key on standard input, which is "
        default: return nil
        }
        // A file ends with a line feed, and a key does not.
        let key = (text ?? "").trimmed
        guard !key.isEmpty else {
            throw ValidationError(expected + (text != nil ? "empty" : apiKeyEnv != nil ? "not set" : "not readable"))
        }
        return Secret(String(key))
    }

    /// Somebody may have put the key where its variable belongs.
    private static func shown(_ name: String) -> String {
        let isName =
            name.utf8.count <= 64 && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
        return isName ? " " + name : ""
    }
}
