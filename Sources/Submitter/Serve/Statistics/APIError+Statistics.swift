import Hummingbird
import Shared

/// Tells a caller why a question to the ledger has no answer.
extension APIError {
    init(_ error: StatisticsError) { self = .invalid(error.field, error.message) }

    /// A question that PostgreSQL did not answer.
    init(statistics error: PostgresError) {
        guard error.code == .timeout else {
            self.init(
                .serviceUnavailable, .server, code: "database_unavailable",
                "The ledger cannot be reached at the moment.", retryAfter: .seconds(2))
            return
        }
        self.init(
            .gatewayTimeout, .server, code: "statistics_timeout",
            "The answer took too long: ask for a shorter time, for days in place of hours, or for fewer groups.")
    }
}

/// Asks the ledger, and tells its errors as those of the API.
func ledger<Answer: Sendable>(_ operation: () async throws -> Answer) async throws(APIError) -> Answer {
    do { return try await operation() } catch let error as StatisticsError { throw APIError(error) } catch {
        throw APIError(statistics: error as? PostgresError ?? PostgresError(.server, "the ledger could not be asked"))
    }
}
