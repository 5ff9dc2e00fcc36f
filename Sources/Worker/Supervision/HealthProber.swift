import Logging
import Shared

/// Asks every account's platform whether it can be reached and the key is good, as cheaply as each allows.
///
/// In: active accounts, and those that the service itself has disabled. Out: observations in the health registry. A
/// disabled account comes back when its key is accepted, or on probation where the probe says nothing about the key.
struct HealthProber: Sendable {
    let catalog: LiveCatalog
    let healthRegistry: HealthRegistry
    let platforms: PlatformCaller
    let supervisor: AccountSupervisor
    let timeLeft: Duration
    let clock: any WallClock
    let logger: Logger

    private static let atOnce = 8

    func probeAll() async {
        let catalog = catalog.current
        await catalog.accounts.filter(isWorthAsking).concurrentMap(atMost: Self.atOnce) { await probe($0, catalog) }
    }

    /// False for an account that its platform wants left alone: another 429 would only make it longer.
    private func isWorthAsking(_ account: Account) -> Bool {
        // A probe without the key would say nothing of it, and bring a disabled account back for nothing.
        guard platforms.credentials.lock(of: account) == nil else { return false }
        return isDisabledByUs(account) || (account.status == .active && !healthRegistry.isCoolingDown(account.id))
    }

    private func isDisabledByUs(_ account: Account) -> Bool { AccountSupervisor.hasDisabled(account) }

    private func probe(_ account: Account, _ catalog: CatalogSnapshot) async {
        let began = clock.now
        do throws(JobFailure) {
            try await platforms.ping(
                Route(model: catalog.probeModel(for: account), account: account), timeLeft: timeLeft)
            await found(account, nil, began)
        } catch {
            logger.debug(
                "probe failed", metadata: [LogKey.account: "\(account.id)", LogKey.error: "\(error.kind.rawValue)"])
            await found(account, error, began)
        }
    }

    private func found(_ account: Account, _ failure: JobFailure?, _ began: Int64) async {
        guard isDisabledByUs(account) else {
            let outcome = failure.map(Observation.outcome) ?? .answered(seconds: Double(clock.now - began) / 1000)
            if outcome == .nothing { return }
            return healthRegistry.probed(outcome, account: account.id, began: began)
        }
        switch failure.map(Observation.outcome) {
        case nil: await supervisor.enable(account, onProbation: false)
        // An answer that is not about the key, such as a server without that path: let one request find out.
        case .nothing: await supervisor.enable(account, onProbation: true)
        default: break
        }
    }
}

extension CatalogSnapshot {
    /// For pings that must name a model: an active one of the account's, if there is one.
    func probeModel(for account: Account) -> Model {
        let models = models.filter { account.serves($0) && $0.capabilities.serves(.chat) }
        return models.first { $0.isActive } ?? models.first ?? Model(id: "none", provider: account.provider)
    }
}
