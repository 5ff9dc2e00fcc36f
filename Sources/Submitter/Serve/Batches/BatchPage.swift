import Hummingbird
import Shared

/// One page of a listing in OpenAI's shape, whose cursor is the id of the row before it.
struct BatchPage {
    let after: String?
    let limit: Int

    init(_ query: QueryFilters, default standard: Int, most: Int) throws(APIError) {
        limit = try query.limit(default: standard, most: most)
        after = query["after"]
        if let after, !RequestOptions.isName(after, max: Bounds.id) {
            throw .invalid("after", "after: expected the id of the last row before the page.")
        }
    }

    /// Rows to ask for: one more than the page has, to know whether there is another page.
    var rows: Int { limit + 1 }

    func answer(_ views: [JSON]) -> Response {
        let page = views.prefix(limit)
        return .json([
            "object": "list", "data": .array(Array(page)), "first_id": page.first?["id"] ?? .null,
            "last_id": page.last?["id"] ?? .null, "has_more": .bool(views.count > limit),
        ])
    }
}

/// Tells an HTTP caller that PostgreSQL, which files and batches are in, did not answer.
func storage<Answer: Sendable>(
    _ operation: () async throws(PostgresError) -> Answer
) async throws(APIError) -> Answer {
    do { return try await operation() } catch { throw .storageUnavailable }
}

extension APIError {
    static let storageUnavailable = APIError(
        .serviceUnavailable, .server, code: "database_unavailable",
        "Files and batches cannot be reached at the moment.", retryAfter: .seconds(2))
}
