import Hummingbird
import Shared

/// Answers `GET /api/v1/usage`: the attempts of the ledger one by one, newest first.
struct UsageLogRoutes: Sendable {
    let log: UsageLog
    let zones: TimeZones

    private static let names =
        ["request_id", "from", "to", "tz", "format", "limit", "cursor"] + StatisticsDimension.filters.map(\.rawValue)

    func list(_ request: Request, _ context: ShimContext) async throws -> Response {
        let parameters = try QueryFilters(request, Self.names)
        let format = try parameters.format()
        let query = try await query(parameters)
        let page = try await ledger { try await log.page(query) }
        switch format {
        case .json:
            return .json([
                "object": "list", "data": .array(page.rows.map(\.json)),
                "next_cursor": page.next.map { .string($0.text) } ?? .null,
            ])
        case .csv: return .csv(UsageLogCSV.text(page.rows), next: page.next?.text)
        }
    }

    private func query(_ parameters: QueryFilters) async throws(APIError) -> UsageLogQuery {
        var query = UsageLogQuery(filters: try parameters.statisticsFilters(), limit: try parameters.limit())
        if let id = parameters["request_id"] {
            guard (1...Bounds.id).contains(id.utf8.count), !id.utf8.contains(0) else {
                throw APIError(StatisticsError("request_id", expected: "the id of a request"))
            }
            query.requestID = id
        }
        let written = try parameters.zone()
        let zone = try await ledger { try await zones.known(written, field: "tz") }
        query.since = try await moment("from", parameters, zone)
        query.until = try await moment("to", parameters, zone)
        if let text = parameters["cursor"] {
            guard let cursor = UsageLogCursor(text) else {
                throw APIError(StatisticsError("cursor", expected: "the next_cursor of a page of this list"))
            }
            query.after = cursor
        }
        return query
    }

    private func moment(
        _ name: String, _ parameters: QueryFilters, _ zone: StatisticsZone
    ) async throws(APIError) -> Int64? {
        guard let text = parameters[name] else { return nil }
        guard let time = LocalTime(text) else {
            throw APIError(StatisticsError(name, expected: "a date or a time as in 2026-11-29 or 2026-11-29T15:00"))
        }
        return try await ledger { try await zones.moment(time, in: zone) }
    }
}

/// The usage log for a spreadsheet, with times in UTC and costs to their last digit (pure).
enum UsageLogCSV {
    static func text(_ attempts: [LoggedAttempt]) -> String {
        CSV.line(LoggedAttempt.members) + attempts.map(line).joined()
    }

    private static func line(_ attempt: LoggedAttempt) -> String {
        CSV.joined(
            LoggedAttempt.members.map { member in
                switch (member, attempt.json[member]) {
                case ("cost", _): attempt.cost
                case (_, nil), (_, .null): ""
                case ("started_at", let value?), ("ended_at", let value?):
                    value.intValue.map {
                        UTCTime(millisecondsSince1970: Int64($0)).dateAndTimeWithMilliseconds
                    } ?? ""
                case (_, .string(let text)): CSV.text(text)
                case (_, let value?): String(decoding: value.encoded, as: UTF8.self)
                }
            })
    }
}
