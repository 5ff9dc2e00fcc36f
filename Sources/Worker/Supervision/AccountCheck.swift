import Foundation
import Logging
import Shared

/// `worker --ping`: checks that each active account's key is good and its platform can be reached from here.
///
/// In: the catalogue. Out: one line an account on standard output, in the order of their ids, and `false` if one
/// failed. No line holds a key or what a platform said about one.
struct AccountCheck {
    private static let atOnce = 8

    private let shared: SharedConfig
    private let http: HTTPClientConfiguration
    private let timeouts: PlatformTimeouts
    private let maxAnswerBytes: Int
    private let logger: Logger

    init(
        _ shared: SharedConfig, http: HTTPClientConfiguration, timeouts: PlatformTimeouts, maxAnswerBytes: Int,
        _ logger: Logger
    ) {
        self.shared = shared
        self.http = http
        self.timeouts = timeouts
        self.maxAnswerBytes = maxAnswerBytes
        self.logger = logger
    }

    func run() async throws -> Bool {
        let postgres = PostgresPool(shared.postgres)
        let catalog = try await CatalogBootstrap(shared, postgres, logger).start().current
        await postgres.close()
        let client = try HTTPClient(configuration: http)
        let platforms = PlatformCaller(
            http: client, credentials: AccountCredentials(box: try shared.masterKeys.box()), tokens: AccountTokens(),
            clocks: PlatformClocks(), timeouts: timeouts, maxAnswerBytes: maxAnswerBytes,
            clock: SystemWallClock())
        let lines = await check(catalog, platforms)
        await client.shutdown()
        for line in lines { FileHandle.standardOutput.write(Data((line.text + "\n").utf8)) }
        return lines.allSatisfy(\.isGood)
    }

    private struct Line: Sendable {
        let account: String
        let isGood: Bool
        let text: String
    }

    private func check(_ catalog: CatalogSnapshot, _ platforms: PlatformCaller) async -> [Line] {
        var accounts = catalog.accounts.filter { $0.status == .active }[...]
        var lines: [Line] = []
        await withTaskGroup(of: Line.self) { group in
            for account in accounts.prefix(Self.atOnce) { group.addTask { await check(account, catalog, platforms) } }
            accounts = accounts.dropFirst(Self.atOnce)
            for await line in group {
                lines.append(line)
                if let account = accounts.popFirst() { group.addTask { await check(account, catalog, platforms) } }
            }
        }
        return lines.sorted { $0.account < $1.account }
    }

    private func check(_ account: Account, _ catalog: CatalogSnapshot, _ platforms: PlatformCaller) async -> Line {
        let model = catalog.probeModel(for: account)
        let started = ContinuousClock.now
        let name = "\(account.id) (\(account.provider.rawValue))"
        do throws(JobFailure) {
            try await platforms.ping(Route(model: model, account: account), timeLeft: timeouts.http.total)
            let time = (ContinuousClock.now - started).milliseconds
            return Line(account: account.id, isGood: true, text: "ok    \(name)  \(time) ms")
        } catch {
            return Line(
                account: account.id, isGood: false, text: "FAIL  \(name)  \(error.kind.rawValue): \(error.message)")
        }
    }
}
