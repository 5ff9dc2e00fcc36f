import Hummingbird
import Logging
import Shared

/// Answers `/api/v1/queue/dead`: dead letters are listed, shown, retried and dropped.
///
/// Prompts are shown only where `body=true` asks for them.
struct DeadLetterRoutes: Sendable {
    let shards: [DeadLetters]
    let logger: Logger

    /// `?why=`, `?before=` an id, `?limit=`.
    ///
    /// Newest first. `total` counts all.
    func list(_ request: Request, _ context: ShimContext) async throws -> Response {
        let query = QueryFilters(lenient: request)
        let (limit, before) = (try query.limit(), try Self.before(query))
        let filter = DeadLetters.Filter(why: query["why"])
        let (rows, total) = try await redis { () async throws(RedisError) in
            (try await shards.list(filter, before: before, limit: limit), try await shards.count())
        }
        return .json(["object": "list", "total": .int(total), "data": .array(rows.map(\.view))])
    }

    func show(_ request: Request, _ context: ShimContext) async throws -> Response {
        let (shard, letter) = try await find(context)
        guard try QueryFilters(lenient: request).flag("body"), var detail = letter.detail.objectValue else {
            return .json(letter.detail)
        }
        let body = try await redis { () async throws(RedisError) in try await shard.body(of: letter) }
        detail.set("body", DeadLetterBody(body).json)
        return .json(.object(detail))
    }

    func retry(_ request: Request, _ context: ShimContext) async throws -> Response {
        let (shard, letter) = try await find(context)
        switch try await redis({ () async throws(RedisError) in try await shard.retry(letter) }) {
        case .gone: throw Self.notFound
        case .impossible(let why):
            throw APIError(
                .conflict, .invalidRequest, code: "not_retryable", "This dead letter can only be dropped: \(why).")
        case .row:
            logger.notice("dead letter retried", metadata: [LogKey.entry: "\(letter.id)"])
            return .json(["object": "ledger_row", "status": "queued"], status: .accepted)
        case .request(let id):
            logger.notice("dead letter retried", metadata: [LogKey.entry: "\(letter.id)", LogKey.job: "\(id)"])
            var response = Response.json(JobReport.queued(id), status: .accepted)
            response.headers[.location] = JobReport.path(id)
            response.headers[.xJobID] = id
            return response
        }
    }

    func drop(_ request: Request, _ context: ShimContext) async throws -> Response {
        let (shard, letter) = try await find(context)
        let dropped = try await redis { () async throws(RedisError) in try await shard.drop([letter.id]) }
        guard dropped == 1 else { throw Self.notFound }
        return self.dropped(dropped)
    }

    /// Wants `?why=` or `?all=true`, because a forgotten filter must not empty everything.
    func dropAll(_ request: Request, _ context: ShimContext) async throws -> Response {
        let query = QueryFilters(lenient: request)
        let why = query["why"]
        guard try query.flag("all") != (why != nil) else {
            throw APIError.invalid("why", "why: expected the reason whose dead letters are dropped, or all=true.")
        }
        let count = try await redis { () async throws(RedisError) in try await shards.dropAll(.init(why: why)) }
        return dropped(count)
    }

    private func dropped(_ count: Int) -> Response {
        logger.notice("dead letters dropped", metadata: [LogKey.count: "\(count)"])
        return .json(["dropped": .int(count)])
    }

    // MARK: -

    private func find(_ context: ShimContext) async throws(APIError) -> (shard: DeadLetters, letter: DeadLetter) {
        guard let id = DeadLetterID(try context.pathID()),
            let found = try await redis({ () async throws(RedisError) in try await shards.find(id) })
        else { throw Self.notFound }
        return found
    }

    private static let notFound = APIError.notFound("such dead letter")

    private static func before(_ query: QueryFilters) throws(APIError) -> DeadLetterID? {
        guard let text = query["before"] else { return nil }
        guard let id = DeadLetterID(text) else { throw .invalid("before", "before: expected the id of a dead letter.") }
        return id
    }

    private func redis<Answer: Sendable>(
        _ operation: () async throws(RedisError) -> Answer
    ) async throws(APIError) -> Answer {
        do { return try await operation() } catch { throw .queueUnavailable }
    }
}

/// Shows a body as JSON where it is JSON, else as text.
struct DeadLetterBody {
    let json: JSON

    /// `nil` is a body that has expired.
    init(_ body: [UInt8]?) {
        guard let body else {
            json = .null
            return
        }
        do throws(JSONError) { json = try JSON(parsing: body) } catch {
            json = .string(String(decoding: body, as: UTF8.self))
        }
    }
}
