import Logging
import ServiceLifecycle
import Shared
import Synchronization

/// Reports the accounts whose keys this worker cannot open, at its start and whenever that changes.
///
/// In: the catalogue. Out: one CRITICAL line that names them, `/ready` off while another `MASTER_KEY` is to blame (a
/// damaged key is the account's own trouble), and no claims where no account at all can be used.
final class CredentialMonitor: Service, Sendable {
    private let catalog: LiveCatalog
    private let credentials: AccountCredentials
    private let readiness: Readiness
    private let gate: ClaimGate
    private let logger: Logger
    /// As it was reported last.
    private let told = Mutex(Locks())

    private struct Locks: Equatable {
        var otherMasterKey: [String] = []
        var damaged: [String] = []
        var isKeyless = false
    }

    /// Chosen: catalogues are as fresh as that, too.
    private static let interval = Duration.seconds(1)

    init(
        _ catalog: LiveCatalog, _ credentials: AccountCredentials, _ readiness: Readiness,
        _ gate: ClaimGate, _ logger: Logger
    ) {
        self.catalog = catalog
        self.credentials = credentials
        self.readiness = readiness
        self.gate = gate
        self.logger = logger
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await _ in every(Self.interval) { self.look() }
        }
    }

    func look() {
        let locks = locks()
        guard
            told.withLock({ told in
                defer { told = locks }
                return told != locks
            })
        else { return }
        gate.setKeyless(locks.isKeyless)
        readiness.keys(
            locks.otherMasterKey.isEmpty
                ? nil : "MASTER_KEY does not open the keys of accounts \(locks.otherMasterKey.joined(separator: ", "))")
        tell(locks)
    }

    private func locks() -> Locks {
        let active = catalog.current.accounts.filter { $0.status == .active }
        var locks = Locks()
        for account in active {
            switch credentials.lock(of: account) {
            case nil: continue
            case .otherMasterKey: locks.otherMasterKey.append(account.id)
            case .damaged: locks.damaged.append(account.id)
            }
        }
        locks.isKeyless = !active.isEmpty && locks.otherMasterKey.count == active.count
        return locks
    }

    private func tell(_ locks: Locks) {
        guard locks != Locks() else { return logger.notice("the keys of all accounts can be opened") }
        if !locks.otherMasterKey.isEmpty {
            logger.critical(
                "keys of accounts were sealed with another MASTER_KEY, their requests are left to other workers",
                metadata: [LogKey.accounts: "\(locks.otherMasterKey.joined(separator: ","))"])
        }
        if !locks.damaged.isEmpty {
            logger.critical(
                "sealed keys of accounts are damaged, the accounts are not used",
                metadata: [LogKey.accounts: "\(locks.damaged.joined(separator: ","))"])
        }
    }
}
