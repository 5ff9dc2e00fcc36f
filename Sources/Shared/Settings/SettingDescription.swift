/// One row of the settings table, and the value that this process has.
package struct SettingDescription: Sendable, Equatable {
    package let name: String
    package let type: String
    /// The default as a person would write it.
    package let standard: String
    package let range: String?
    package let effect: String
    /// As given or the default, with secrets masked, or `nil` where there is none.
    package internal(set) var value: String?
    package internal(set) var source: SettingSource
}

/// Where the value of a setting comes from.
///
/// Raw values are wire names.
package enum SettingSource: String, Sendable, CaseIterable {
    case environment
    /// The one that `CONFIG_FILE` names.
    case file
    /// The one that `NAME_FILE` names for the secret `NAME`.
    case secretFile = "secret_file"
    case standard = "default"
}

extension SettingDescription {
    /// As `submitter config` and `/debug/config` show it.
    package var view: JSON {
        [
            "name": .string(name), "value": value.map { .string($0) } ?? .null, "source": .string(source.rawValue),
            "default": .string(standard), "type": .string(type),
        ]
    }
}
