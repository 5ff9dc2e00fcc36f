/// The ways to group the ledger's sums and, but for times, to filter them.
enum StatisticsDimension: String, CaseIterable, Sendable {
    case model, provider, account, user, tenant, status
    case errorKind = "error_kind"
    case currency, hour, day

    var isTime: Bool { self == .hour || self == .day }

    /// True for what only the larger tables have.
    var isOfUsers: Bool { self == .user || self == .tenant }

    /// The column in the tables of sums and of attempts, for all but times.
    var column: String { self == .user ? "user_id" : rawValue }

    /// Those that can be filtered by.
    static let filters = allCases.filter { !$0.isTime }
}

/// A value for each dimension that is filtered by: the empty text for attempts without a user or an error.
typealias StatisticsFilters = [StatisticsDimension: String]
