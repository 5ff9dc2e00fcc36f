import Foundation
import Testing

@testable import Shared

/// The metrics that the service declares, against Prometheus' conventions and against their page.
@Suite struct MetricFamilyTests {
    @Test func `no name is given twice`() {
        #expect(Set(MetricFamily.all.map(\.name)).count == MetricFamily.all.count)
    }

    @Test(arguments: MetricFamily.all.map(\.name))
    func `names and labels follow the conventions`(name: String) throws {
        let family = try #require(MetricFamily.all.first { $0.name == name })
        let isWord = { (text: String) in text.wholeMatch(of: /[a-z][a-z0-9]*(_[a-z0-9]+)*/) != nil }

        #expect(name.hasPrefix("aims_") || name.hasPrefix("process_"))
        #expect(isWord(name) && family.labels.allSatisfy(isWord))
        #expect((family.kind == .counter) == name.hasSuffix("_total"))
        #expect(!family.labels.contains { ["le", "quantile", "tenant", "user", "request", "job"].contains($0) })
        #expect(!family.help.isEmpty && Set(family.labels).count == family.labels.count)
        guard case .histogram(let bounds) = family.kind else { return }
        #expect(name.hasSuffix("_seconds"))
        #expect(bounds == bounds.sorted() && Set(bounds).count == bounds.count)
        #expect(bounds.count < HistogramCell.mostBuckets)
    }

    @Test func `the page of metrics has each of them, with its labels`() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
        let page = try String(contentsOf: root.appending(path: "docs/monitoring/README.md"), encoding: .utf8)
        for family in MetricFamily.all {
            let labels = family.labels.isEmpty ? "" : "{\(family.labels.joined(separator: ","))}"
            #expect(
                page.contains("`\(family.name)\(labels)`"), "docs/monitoring/README.md lacks \(family.name)\(labels)")
        }
    }
}
