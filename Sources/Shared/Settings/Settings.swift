import Configuration

/// Reads settings from the environment, then from `CONFIG_FILE`, and remembers every mistake.
///
/// In: names, defaults and ranges, declared where the value is read: the call is the declaration, and `declared` is the
/// table that `submitter config` prints. Out: typed values, with the default and a mistake where a value is wrong. Call
/// `check()` once everything is read: it throws all mistakes together. No mistake contains a value.
package struct Settings {
    private let reader: ConfigReader
    /// Everything that was read, in order.
    package private(set) var declared: [SettingDescription] = []
    package private(set) var mistakes: [SettingMistake] = []

    /// `environment` wins over the file that its `CONFIG_FILE` names (lines `NAME=value`, `#` comments).
    package init(environment: [String: String]) {
        var providers = [EnvironmentVariablesProvider(environmentVariables: environment)]
        if let path = environment["CONFIG_FILE"], !path.isEmpty {
            let file = SettingsFile(path: path)
            mistakes += file.mistakes
            providers.append(EnvironmentVariablesProvider(environmentVariables: file.values))
        }
        reader = ConfigReader(providers: providers)
        describe("CONFIG_FILE", "path", "none", nil, "File of `NAME=value` lines; the environment wins over it.")
    }

    /// Throws every mistake made so far.
    package func check() throws(SettingsError) {
        if !mistakes.isEmpty { throw SettingsError(mistakes: mistakes) }
    }

    /// Notes a mistake that only the caller can see, such as two settings that exclude each other.
    package mutating func mistake(_ name: String, expected: String) {
        // One is enough: a second would only follow from the first.
        guard !mistakes.contains(where: { $0.name == name }) else { return }
        mistakes.append(SettingMistake(name: name, expected: expected))
    }

    /// The value as given.
    ///
    /// An empty one counts as not given, because compose files pass unset variables as empty.
    func given(_ name: String, isSecret: Bool = false) -> String? {
        let value = reader.string(forKey: ConfigKey([name]), isSecret: isSecret)
        return value?.isEmpty == true ? nil : value
    }

    mutating func describe(
        _ name: String, _ type: String, _ standard: String, _ range: String?, _ effect: String, isSecret: Bool = false
    ) {
        declared.append(
            SettingDescription(
                name: name, type: type, standard: standard, range: range, effect: effect, isSecret: isSecret))
    }
}

/// One row of the settings table.
package struct SettingDescription: Sendable, Equatable {
    package let name: String
    package let type: String
    /// The default as a person would write it.
    package let standard: String
    package let range: String?
    package let effect: String
    package let isSecret: Bool
}

/// The name of a wrong setting and its expected values, never the value itself.
package struct SettingMistake: Sendable, Equatable, CustomStringConvertible {
    package let name: String
    package let expected: String

    package var description: String { "\(name): expected \(expected)" }
}

/// All mistakes of a start, one line each.
package struct SettingsError: Error, CustomStringConvertible {
    package let mistakes: [SettingMistake]

    package var description: String {
        (["\(Words.count(mistakes.count, "setting is", plural: "settings are")) wrong:"]
            + mistakes.map { "  \($0)" }).joined(separator: "\n")
    }
}
