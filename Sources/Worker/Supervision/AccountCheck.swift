import Foundation
import Shared

/// `worker --ping`: checks that each active account's key is good and its platform can be reached from here.
///
/// In: the catalogue. Out: one line an account on standard output, in the order of their ids, and `false` if one
/// failed. No line holds a key or what a platform said about one.
struct AccountCheck {
    let catalog: CatalogSnapshot
    let platforms: PlatformCaller
    let timeLeft: Duration

    private static let atOnce = 8

    private struct Line: Sendable {
        let isGood: Bool
        let text: String
    }

    func run() async -> Bool {
        let accounts = catalog.accounts.filter { $0.status == .active }.sorted { $0.id < $1.id }
        let lines = await accounts.concurrentMap(atMost: Self.atOnce) { await check($0) }
        for line in lines { FileHandle.standardOutput.write(Data((line.text + "\n").utf8)) }
        return lines.allSatisfy(\.isGood)
    }

    private func check(_ account: Account) async -> Line {
        let route = Route(model: catalog.probeModel(for: account), account: account)
        let started = ContinuousClock.now
        let name = "\(account.id) (\(account.provider.rawValue))"
        do throws(JobFailure) {
            try await platforms.ping(route, timeLeft: timeLeft)
            return Line(isGood: true, text: "ok    \(name)  \((ContinuousClock.now - started).milliseconds) ms")
        } catch {
            return Line(isGood: false, text: "FAIL  \(name)  \(error.kind.rawValue): \(error.message)")
        }
    }
}
