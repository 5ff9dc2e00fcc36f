import Shared

/// The parameters that questions to the ledger share, read from a query.
///
/// Each mistake is a 400 that names the parameter and what is expected.
extension QueryFilters {
    enum Format: String, CaseIterable { case json, csv }

    /// The format of the answer, JSON unless asked for.
    func format() throws(APIError) -> Format { try choice("format") ?? .json }

    func zone() throws(APIError) -> StatisticsZone {
        guard let text = self["tz"] else { return .utc }
        guard let zone = StatisticsZone(text) else {
            throw APIError(StatisticsError("tz", expected: StatisticsZone.expected))
        }
        return zone
    }

    /// Values to filter by, under the names of the dimensions.
    func statisticsFilters() throws(APIError) -> StatisticsFilters {
        var filters: StatisticsFilters = [:]
        for dimension in StatisticsDimension.filters {
            guard let value = self[dimension.rawValue] else { continue }
            let known = dimension.known
            guard known.isEmpty || known.contains(value) else {
                let all = known.filter { !$0.isEmpty }.joined(separator: ", ")
                throw APIError(StatisticsError(dimension.rawValue, expected: "one of \(all)"))
            }
            guard value.utf8.count <= Bounds.user, !value.utf8.contains(0) else {
                throw APIError(StatisticsError(dimension.rawValue, expected: "\(Bounds.user) bytes at most"))
            }
            filters[dimension] = value
        }
        return filters
    }

    func groups() throws(APIError) -> [StatisticsDimension] {
        guard let text = self["group_by"] else { return [] }
        var groups: [StatisticsDimension] = []
        for name in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let group = StatisticsDimension(anyCase: String(name)), !groups.contains(group) else {
                let all = StatisticsDimension.allCases.map(\.rawValue).joined(separator: ", ")
                throw APIError(
                    StatisticsError(
                        "group_by", expected: "one or several of \(all), each once, with commas between them"))
            }
            groups.append(group)
        }
        return groups
    }
}

extension StatisticsDimension {
    /// The values that there can be, or none where they are not a closed list.
    fileprivate var known: [String] {
        switch self {
        case .status: AttemptRecord.Status.allCases.map(\.rawValue)
        case .errorKind: JobFailure.Kind.allCases.map(\.rawValue) + [""]
        // Kept answers have a platform of their own, and refusals have none.
        case .provider: Provider.allCases.map(\.rawValue) + ["cache", ""]
        default: []
        }
    }
}
