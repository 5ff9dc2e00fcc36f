import ArgumentParser
import Shared

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The fields that `add` and `edit` are given: a file first, then `--set` over it.
struct EntryInput: ParsableArguments {
    @Option(
        name: .customLong("set"),
        help: ArgumentHelp(
            "A field and its value in YAML; settings.NAME and capabilities.NAME set one of them; null takes the default. Repeatable.",
            valueName: "field=value"))
    var settings: [String] = []

    @Option(help: "YAML or JSON file with the fields of one entry, as in the catalogue file; - is standard input.")
    var file: String?

    func json(_ kind: CatalogKind) throws -> JSONObject {
        var fields = JSONObject()
        if let file { fields = try kind.json(parsing: try Self.text(of: file)).objectValue ?? [:] }
        for setting in settings { try apply(setting, kind, to: &fields) }
        return fields
    }

    private func apply(_ setting: String, _ kind: CatalogKind, to fields: inout JSONObject) throws {
        guard let equals = setting.firstIndex(of: "="), equals != setting.startIndex else {
            throw ValidationError("--set: expected field=value")
        }
        let path = setting[..<equals].split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init)
        guard path[0] != "api_key" else {
            throw ValidationError(
                "--set api_key: expected --api-key-env, --api-key-file or --api-key-stdin: others can see arguments")
        }
        let value = try kind.json(parsing: String(setting[setting.index(after: equals)...]), field: path[0])
        guard path.count == 2 else { return fields.set(path[0], value) }
        var members = fields[path[0]]?.objectValue ?? [:]
        members.set(path[1], value)
        fields.set(path[0], .object(members))
    }

    private static func text(of file: String) throws -> String {
        if file == "-", let text = StandardStreams.input() { return text }
        guard let text = FileManager.default.contents(atPath: file).flatMap({ String(validating: $0, as: UTF8.self) })
        else {
            throw ValidationError("--file: expected a readable file in UTF-8")
        }
        return text
    }
}

/// Where an account's key comes from; never an argument, which every user of the machine can see.
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
        let text: String?
        switch (apiKeyEnv, apiKeyFile, apiKeyStdin) {
        case (let name?, _, _): text = ProcessInfo.processInfo.environment[name]
        case (_, let path?, _):
            text = FileManager.default.contents(atPath: path).flatMap { String(validating: $0, as: UTF8.self) }
        case (_, _, true): text = StandardStreams.input()
        default: return nil
        }
        var key = text ?? ""
        // A file ends with a line feed; a key does not.
        while key.last?.isWhitespace == true { key.removeLast() }
        guard !key.isEmpty else { throw ValidationError("the key: expected a text, but there is none") }
        return Secret(key)
    }
}
