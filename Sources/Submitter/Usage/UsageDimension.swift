import ArgumentParser
import Shared

/// The ways in which `submitter usage` groups the ledger's sums.
enum UsageDimension: String, CaseIterable, Sendable, ExpressibleByArgument {
    case model, user, account, platform, tenant, hour, day

    /// `provider` is the word of the catalogue for a platform.
    init?(argument: String) { self.init(anyCase: argument.lowercased() == "provider" ? "platform" : argument) }

    var dimension: StatisticsDimension {
        switch self {
        case .model: .model
        case .user: .user
        case .account: .account
        case .platform: .provider
        case .tenant: .tenant
        case .hour: .hour
        case .day: .day
        }
    }
}
