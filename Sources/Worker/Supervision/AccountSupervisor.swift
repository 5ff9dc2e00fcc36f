import Logging
import Shared

/// Writes down what health has decided: disables accounts in the catalogue, raises and clears alerts.
///
/// In: the health registry, the catalogue. Out: `accounts.status` with its reason, an audit row, an alert each. While
/// PostgreSQL is away the registry alone keeps an account from being used, and the rest is written later.
struct AccountSupervisor: Sendable {
    let catalog: LiveCatalog
    let store: CatalogStore
    let alerts: AlertStore
    let healthRegistry: HealthRegistry
    let notifier: CatalogNotifier
    let clock: any WallClock
    let logger: Logger

    private static let actor = "system:health"
    /// Begins the reason of every account that was disabled here: only those come back by a probe.
    private static let refusal = "the platform refused the key"

    /// Decided by the row, not by what Redis remembers: people may have disabled it since.
    static func hasDisabled(_ account: Account) -> Bool {
        account.status == .disabled && account.statusReason?.hasPrefix(refusal) == true
    }

    func look() async {
        do {
            try await lookAtAccounts()
            try await lookAtMoney()
        } catch {
            logger.debug("what health has decided is written later", metadata: [LogKey.error: "\(error)"])
        }
    }

    /// A probe found the key accepted (or had no complaint about it: on probation).
    func enable(_ account: Account, onProbation: Bool) async {
        do {
            let reason =
                onProbation
                ? "on probation: the probe says nothing about the key" : "the platform accepts the key again"
            if try await store.setStatus(account: account.id, status: .active, reason: reason, actor: Self.actor) {
                await notifier.tell()
            }
            healthRegistry.restore(account: account.id, onProbation: onProbation)
            try await alerts.clear(kind: .accountDisabled, subject: account.id)
            logger.notice("account is back", metadata: [LogKey.account: "\(account.id)", LogKey.reason: "\(reason)"])
        } catch {
            logger.warning(
                "an account cannot be enabled", metadata: [LogKey.account: "\(account.id)", LogKey.error: "\(error)"])
        }
    }

    private func lookAtAccounts() async throws {
        let known = Set(try await alerts.openSubjects(of: .accountDisabled))
        for account in catalog.current.accounts where account.status == .active {
            guard let health = healthRegistry.health(RouteKey(account: account.id)), health.isDisabled else {
                // Enabled past the administration.
                if known.contains(account.id) { try await alerts.clear(kind: .accountDisabled, subject: account.id) }
                continue
            }
            // A person who changed the account after that (its key, its status) wants it tried again.
            guard try await !store.wasChanged(account: account.id, after: health.changedAt) else {
                healthRegistry.restore(account: account.id, onProbation: false)
                continue
            }
            try await disable(account, health)
        }
        // Nobody can enable an account that was deleted.
        let accounts = Set(catalog.current.accounts.map(\.id))
        for subject in known.subtracting(accounts) { try await alerts.clear(kind: .accountDisabled, subject: subject) }
    }

    private func disable(_ account: Account, _ health: RouteHealth) async throws {
        let reason = "\(Self.refusal) \(health.refusals) times (authentication)"
        // The alert first: once the account is disabled, nobody looks here again.
        try await alerts.raise(
            kind: .accountDisabled, subject: account.id, severity: .critical,
            message: "account \(account.id) was disabled: \(reason)",
            details: ["provider": .string(account.provider.rawValue)])
        guard try await store.setStatus(account: account.id, status: .disabled, reason: reason, actor: Self.actor)
        else { return }
        await notifier.tell()
        logger.warning("account disabled", metadata: [LogKey.account: "\(account.id)", LogKey.reason: "\(reason)"])
    }

    private func lookAtMoney() async throws {
        var known = Set(try await alerts.openSubjects(of: .accountUnpaid))
        for account in catalog.current.accounts where account.status == .active {
            // Until an answer says otherwise, however often it was tried in between.
            guard healthRegistry.health(RouteKey(account: account.id))?.reason == .quotaExhausted,
                known.remove(account.id) == nil
            else { continue }
            try await alerts.raise(
                kind: .accountUnpaid, subject: account.id, severity: .critical,
                message: "account \(account.id): \(account.provider.rawValue) says that no money or quota is left")
            logger.warning("account without money", metadata: [LogKey.account: "\(account.id)"])
        }
        for subject in known { try await alerts.clear(kind: .accountUnpaid, subject: subject) }
    }
}
