import Foundation
import Testing

@testable import Shared

/// Accounts may hold the settings that docs/platforms.md lists.
@Suite struct ProviderSettingsTests {
    @Test func `every setting of a platform stands in its rows of the page`() throws {
        let page = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../docs/platforms.md")
        let lines = try String(contentsOf: page.standardized, encoding: .utf8).split(separator: "\n")
        for provider in Provider.allCases where provider != .sandbox {
            let start = try #require(lines.firstIndex { $0.hasPrefix("| `\(provider.rawValue)`") })
            let rows = lines[start...].prefix { $0.hasPrefix("| |") || $0.hasPrefix("| `\(provider.rawValue)`") }
            let text = rows.joined()

            for setting in provider.settings { #expect(text.contains("`\(setting)`"), "\(provider) \(setting)") }
        }
    }
}
