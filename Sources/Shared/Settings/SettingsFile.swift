#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A settings file: lines `NAME=value`, blank lines, and comments that start with `#`.
///
/// Stricter than the parser of swift-configuration, which skips a line it does not understand: here such a line is a
/// mistake, named by its number. Quotes around a value are taken off, as shells and compose do.
struct SettingsFile {
    private(set) var values: [String: String] = [:]
    private(set) var mistakes: [SettingMistake] = []

    init(path: String) {
        guard let text = Self.text(at: path) else {
            mistakes = [SettingMistake(name: "CONFIG_FILE", expected: "the path of a readable UTF-8 file")]
            return
        }
        read(text)
    }

    init(text: String) { read(text) }

    private mutating func read(_ text: String) {
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = line.trimmingSpaces
            if line.isEmpty || line.hasPrefix("#") { continue }
            guard let equals = line.firstIndex(of: "="), Self.isName(line[..<equals].trimmingSpaces) else {
                mistakes.append(SettingMistake(name: "CONFIG_FILE line \(index + 1)", expected: "NAME=value"))
                continue
            }
            values[String(line[..<equals].trimmingSpaces)] = Self.unquoted(line[line.index(after: equals)...])
        }
    }

    private static func isName(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0.isASCIIAlphanumeric || $0 == UInt8(ascii: "_") }
    }

    private static func unquoted(_ text: Substring) -> String {
        let text = text.trimmingSpaces
        guard text.count >= 2, let quote = text.first, quote == "\"" || quote == "'", text.last == quote else {
            return String(text)
        }
        return String(text.dropFirst().dropLast())
    }

    /// The text of a file, or `nil` where it cannot be read or is not UTF-8.
    static func text(at path: String) -> String? {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        return String(validating: data, as: UTF8.self)
    }
}
