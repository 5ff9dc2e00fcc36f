import HTTPTypes
import Hummingbird
import NIOCore
import Shared

/// Answers `GET /api/v1/status/usage`, `…/performance`, `…/cost` and `…/errors`: sums of the ledger.
///
/// They take `period`, `tz`, `group_by`, `format`, `limit`, `cursor` and a filter by each dimension.
struct StatisticsRoutes: Sendable {
    let pool: PostgresPool
    let zones: TimeZones
    let clock: any WallClock

    /// Chosen: a page of that many groups is written in some milliseconds.
    static let mostGroups = 10_000
    private static let standardPeriod = "24h"

    func usage(_ request: Request, _ context: ShimContext) async throws -> Response {
        try await answer(.usage, request)
    }

    func performance(_ request: Request, _ context: ShimContext) async throws -> Response {
        try await answer(.performance, request)
    }

    func cost(_ request: Request, _ context: ShimContext) async throws -> Response { try await answer(.cost, request) }

    func errors(_ request: Request, _ context: ShimContext) async throws -> Response {
        try await answer(.errors, request)
    }

    private func answer(_ view: StatisticsView, _ request: Request) async throws(APIError) -> Response {
        let parameters = try QueryFilters(
            request,
            ["period", "tz", "group_by", "format", "limit", "cursor"] + StatisticsDimension.filters.map(\.rawValue))
        let format = try parameters.format()
        let question = StatisticsCursor.question(
            [view.rawValue] + ["period", "tz", "group_by"].map { parameters[$0] ?? "" }
                + StatisticsDimension.filters.map { parameters[$0.rawValue].map { "=\($0)" } ?? "" })
        let query = try await query(view, parameters, question)
        let answer = try await ledger { try await query.answer(pool) }
        var report = StatisticsReport(query: query, answer: answer)
        let shown = query.offset + answer.rows.count
        if shown < answer.groups {
            report.next = StatisticsCursor(window: query.window, offset: shown, question: question).text
        }
        switch format {
        case .json: return .json(report.json)
        case .csv: return .csv(report.csv, next: report.next, fields: [.xPeriod: report.period])
        }
    }

    private func query(
        _ view: StatisticsView, _ parameters: QueryFilters, _ question: String
    ) async throws(APIError) -> StatisticsQuery {
        let (asked, filters) = (try parameters.groups(), try parameters.statisticsFilters())
        let limit = try parameters.limit(most: Self.mostGroups)
        guard let period = StatisticsPeriod(parameters["period"] ?? Self.standardPeriod) else {
            throw APIError(StatisticsError("period", expected: StatisticsPeriod.expected))
        }
        let written = try parameters.zone()
        let zone = try await ledger { try await zones.known(written, field: "tz") }
        let cursor = try cursor(parameters["cursor"], question)
        let window: StatisticsWindow
        if let cursor {
            window = cursor.window
        } else {
            window = try await ledger { try await zones.window(period, in: zone, now: clock.now) }
        }
        return StatisticsQuery(
            view: view, window: window, groups: asked.isEmpty ? view.standard : asked, filters: filters, zone: zone,
            limit: limit, offset: cursor?.offset ?? 0, now: clock.now)
    }

    private func cursor(_ text: String?, _ question: String) throws(APIError) -> StatisticsCursor? {
        guard let text else { return nil }
        guard let cursor = StatisticsCursor(text), cursor.question == question else {
            throw APIError(
                StatisticsError("cursor", expected: "the next_cursor of an answer to the same question"))
        }
        return cursor
    }
}

extension Response {
    /// Rows for a spreadsheet, with the cursor of the next page in `X-Next-Cursor`.
    static func csv(_ text: String, next: String?, fields: HTTPFields = [:]) -> Response {
        var headers: HTTPFields = [.contentType: "text/csv; charset=utf-8"]
        for field in fields { headers[field.name] = field.value }
        headers[.xNextCursor] = next
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}
