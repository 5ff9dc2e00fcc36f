import Configuration

/// Reads settings from the environment, then from `CONFIG_FILE`, and remembers every mistake.
///
/// In: names, defaults and ranges, declared where the value is read: the call is the declaration, and `declared` is
/// what `submitter config` prints. Out: typed values, with the default and a mistake where a value is wrong. Call
/// `check()` once everything is read: it throws all mistakes together. No mistake contains a value.
package struct Settings {
    /// The first one that has a setting counts.
    private let readers: [(source: SettingSource, reader: ConfigReader)]
    /// Everything that was read, in order.
    package private(set) var declared: [SettingDescription] = []
    package private(set) var mistakes: [SettingMistake] = []

    /// `environment` wins over the file that its `CONFIG_FILE` names (lines `NAME=value`, `#` comments).
    package init(environment: [String: String]) {
        var readers = [(SettingSource.environment, Self.reader(environment))]
        if let path = environment["CONFIG_FILE"], !path.isEmpty {
            let file = SettingsFile(path: path)
            mistakes += file.mistakes
            readers.append((.file, Self.reader(file.values)))
        }
        self.readers = readers
        _ = path("CONFIG_FILE", "File of `NAME=value` lines; the environment wins over it.")
    }

    private static func reader(_ values: [String: String]) -> ConfigReader {
        ConfigReader(provider: EnvironmentVariablesProvider(environmentVariables: values))
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

    /// A value as given.
    struct Given {
        let text: String
        let source: SettingSource
    }

    /// An empty value counts as not given, because compose files pass unset variables as empty.
    func given(_ name: String, isSecret: Bool = false) -> Given? {
        for (source, reader) in readers {
            guard let text = reader.string(forKey: ConfigKey([name]), isSecret: isSecret), !text.isEmpty else {
                continue
            }
            return Given(text: text, source: source)
        }
        return nil
    }

    /// `value` is the default, `nil` where there is none.
    mutating func describe(
        _ name: String, _ type: String, _ standard: String, value: String?, _ range: String?, _ effect: String
    ) {
        declared.append(
            SettingDescription(
                name: name, type: type, standard: standard, range: range, effect: effect, value: value,
                source: .standard))
    }

    /// Notes the value that replaces the default of the setting described last.
    mutating func note(_ value: String, from source: SettingSource) {
        declared[declared.count - 1].value = value
        declared[declared.count - 1].source = source
    }
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
