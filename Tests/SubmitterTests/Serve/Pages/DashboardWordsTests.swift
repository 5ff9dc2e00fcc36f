import Foundation
import Testing

@testable import Shared
@testable import Submitter

/// The dashboard's texts in its languages, and the words of the API that it has a text for.
struct DashboardWordsTests {
    private func words(_ language: String) throws -> [String: String] {
        let json = try JSON(parsing: Array(DashboardAssets.text("words/\(language).json").utf8))
        let members = try #require(json.objectValue?.members)
        return try Dictionary(uniqueKeysWithValues: members.map { ($0.key, try #require($0.value.stringValue)) })
    }

    private func places(_ text: String) -> Set<String> { Set(text.matches(of: /\{(\w+)\}/).map { String($0.1) }) }

    @Test func `both languages have the same texts, with the same values in them`() throws {
        let (english, chinese) = (try words("en"), try words("zh"))
        #expect(Set(english.keys).symmetricDifference(chinese.keys) == [])
        for (key, text) in english {
            #expect(places(text) == places(chinese[key] ?? ""), "\(key)")
            #expect(!text.isEmpty && chinese[key] != "", "\(key)")
        }
    }

    @Test func `every text that the code asks for is there, and no other`() throws {
        let scripts = try DashboardAssets.files(ending: ".js").map(DashboardAssets.text).joined(separator: "\n")
        let asked = Set(scripts.matches(of: /\bt\("([\w.]+)"/).map { String($0.1) })
        // Keys that are put together: `t(`figure.${name}`)`, `word("state", …)`, and those that are passed on.
        let groups = Set(
            scripts.matches(of: /\bt\(`(\w+)\.\$/).map { String($0.1) }
                + scripts.matches(of: /\bword\("(\w+)"/).map { String($0.1) })
        let known = Set(try words("en").keys)
        #expect(asked.subtracting(known) == [])
        let idle = known.filter { key in
            !asked.contains(key) && !groups.contains(String(key.prefix { $0 != "." })) && !scripts.contains("\"\(key)\"")
                && !(key.hasSuffix(".label") && scripts.contains("\"\(key.dropLast(6))\""))
        }
        #expect(idle == [])
        #expect(groups.allSatisfy { group in known.contains { $0.hasPrefix("\(group).") } })
    }

    @Test func `the words of the API have texts`() throws {
        let known = Set(try words("en").keys)
        let wanted =
            AlertKind.allCases.map { "alert.\($0.rawValue)" } + AlertSeverity.allCases.map { "severity.\($0.rawValue)" }
            + AccountState.allCases.map { "state.\($0.rawValue)" } + Lane.allCases.map { "lane.\($0.rawValue)" }
            + JobFailure.Kind.allCases.map { "kind.\($0.rawValue)" }
            + AttemptRecord.Status.allCases.map { "status.\($0.rawValue)" }
            + ScalingDecision.Reason.allCases.map { "scaling.\($0.rawValue)" }
            + AccountFigures.Limit.allCases.map { "limit.\($0.rawValue)" }
            + StatisticsDimension.allCases.map { "group.\($0.rawValue)" }
            + StatisticsView.allCases.map { "view.\($0.rawValue)" }
            + StatisticsView.allCases.flatMap(\.figures).map { "figure.\($0.name)" }
        #expect(Set(wanted).subtracting(known) == [])
    }

    @Test func `nothing that the service says becomes HTML`() throws {
        for file in try DashboardAssets.files(ending: ".js") {
            let text = try DashboardAssets.text(file)
            for way in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "DOMParser", "eval("] {
                #expect(!text.contains(way), "\(file): \(way)")
            }
            #expect(!text.contains("://") || file == "dom.js", "\(file) names another host")
        }
    }
}
