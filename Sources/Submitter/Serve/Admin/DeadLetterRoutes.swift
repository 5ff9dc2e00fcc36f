import Hummingbird
import Logging
import Shared

/// `/api/v1/queue/dead`: what the queue gave up on, looked at, retried, dropped; prompts only where `body=true` asks for them.
struct DeadLetterRoutes: Sendable {
    let shards: [DeadLetters]
    let logger: Logger

    func add(to table: inout RouteTable) {
        table.on(.get, "/api/v1/queue/dead") { request, _ in try await list(request) }
        table.on(.delete, "/api/v1/queue/dead") { request, _ in try await dropAll(request) }
        table.on(.get, "/api/v1/queue/dead/:id") { try await show($0, $1) }
        table.on(.delete, "/api/v1/queue/dead/:id") { _, context in try await drop(context) }
        table.on(.post, "/api/v1/queue/dead/:id/retry") { _, context in try await retry(context) }
    }

    /// `?why=`, `?before=` an id, `?limit=`; newest first, `total` counts all.
    private func list(_ request: Request) async throws -> Response {
        let (limit, before) = (try Self.limit(request), try Self.before(request))
        let filter = DeadLetters.Filter(why: Self.query("why", request))
        let (rows, total) = try await redis { () async throws(RedisError) in
            (try await shards.list(filter, before: before, limit: limit), try await shards.count())
        }
        return .json(["object": "list", "total": .int(total), "data": .array(rows.map(\.view))])
    }

    private func show(_ request: Request, _ context: ShimContext) async throws -> Response {
        let (shard, letter) = try await find(context)
        guard try Self.flag("body", request), var detail = letter.detail.objectValue else {
            return .json(letter.detail)
        }
        let body = try await redis { () async throws(RedisError) in try await shard.body(of: letter) }
        detail.set("body", DeadLetterBody(body).json)
        return .json(.object(detail))
    }

    private func retry(_ context: ShimContext) async throws -> Response {
        let (shard, letter) = try await find(context)
        switch try await redis({ () async throws(RedisError) in try await shard.retry(letter) }) {
        case .gone: throw Self.notFound
        case .impossible(let why):
            throw APIError(
                .conflict, .invalidRequest, code: "not_retryable", "This dead letter can only be dropped: \(why).")
        case .row:
            logger.notice("dead letter retried", metadata: ["entry": "\(letter.id)"])
            return .json(["object": "ledger_row", "status": "queued"], status: .accepted)
        case .request(let id):
            logger.notice("dead letter retried", metadata: ["entry": "\(letter.id)", LogKey.job: "\(id)"])
            var response = Response.json(JobReport.queued(id), status: .accepted)
            response.headers[.location] = JobReport.path(id)
            response.headers[.xJobID] = id
            return response
        }
    }

    private func drop(_ context: ShimContext) async throws -> Response {
        let (shard, letter) = try await find(context)
        let dropped = try await redis { () async throws(RedisError) in try await shard.drop([letter.id]) }
        guard dropped == 1 else { throw Self.notFound }
        return self.dropped(dropped)
    }

    /// `?why=` or `?all=true`: a forgotten filter must not empty everything.
    private func dropAll(_ request: Request) async throws -> Response {
        let why = Self.query("why", request)
        guard try Self.flag("all", request) != (why != nil) else {
            throw APIError.invalid("why", "why: expected the reason whose dead letters are dropped, or all=true.")
        }
        let count = try await redis { () async throws(RedisError) in try await shards.dropAll(.init(why: why)) }
        return dropped(count)
    }

    private func dropped(_ count: Int) -> Response {
        logger.notice("dead letters dropped", metadata: ["count": "\(count)"])
        return .json(["dropped": .int(count)])
    }

    // MARK: -

    private func find(_ context: ShimContext) async throws(APIError) -> (shard: DeadLetters, letter: DeadLetter) {
        guard let id = DeadLetterID(try context.entryID()),
            let found = try await redis({ () async throws(RedisError) in try await shards.find(id) })
        else { throw Self.notFound }
        return found
    }

    private static let notFound = APIError.notFound("such dead letter")

    private static func query(_ name: String, _ request: Request) -> String? {
        request.uri.queryParameters[name[...]].map(String.init)
    }

    private static func flag(_ name: String, _ request: Request) throws(APIError) -> Bool {
        switch query(name, request) {
        case nil, "false": false
        case "true": true
        default: throw .invalid(name, "\(name): expected true or false.")
        }
    }

    private static func before(_ request: Request) throws(APIError) -> DeadLetterID? {
        guard let text = query("before", request) else { return nil }
        guard let id = DeadLetterID(text) else { throw .invalid("before", "before: expected the id of a dead letter.") }
        return id
    }

    private static func limit(_ request: Request) throws(APIError) -> Int {
        guard let text = query("limit", request) else { return 100 }
        guard let limit = Int(text), (1...1000).contains(limit) else {
            throw .invalid("limit", "limit: expected a whole number from 1 to 1000.")
        }
        return limit
    }

    private func redis<Answer: Sendable>(
        _ operation: () async throws(RedisError) -> Answer
    ) async throws(APIError) -> Answer {
        do { return try await operation() } catch {
            throw APIError(
                .serviceUnavailable, .server, code: "queue_unavailable", "The queue cannot be reached at the moment.",
                retryAfter: .seconds(2))
        }
    }
}

/// A body as it is shown: JSON where it is JSON, else text.
struct DeadLetterBody {
    let json: JSON

    /// `nil` has expired.
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
