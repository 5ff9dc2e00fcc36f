import Hummingbird
import Logging
import Shared

/// Answers `/v1/batches`: batches are made, listed, looked at and cancelled.
///
/// A runner does the work (`Submitter/BatchRun`). What stands in its row is all that is answered here.
struct BatchRoutes: Sendable {
    let store: BatchStore
    let files: FileRoutes
    private let settings: BatchSettings
    private let bodies: BodyReader
    private let clock: any WallClock

    init(_ store: BatchStore, _ settings: BatchSettings, _ shim: Parts) {
        self.store = store
        self.settings = settings
        bodies = shim.bodies
        clock = shim.clock
        files = FileRoutes(
            store: store,
            upload: FileUpload(
                store: store, settings: settings, budget: shim.bodies.budget, clock: shim.clock, logger: shim.logger),
            connections: shim.connections, clock: shim.clock)
    }

    /// Parts of the shim that these routes share.
    struct Parts {
        let bodies: BodyReader
        let connections: CallerConnections
        let clock: any WallClock
        let logger: Logger
    }

    func create(_ request: Request, _ context: ShimContext) async throws -> Response {
        let headers = try RequestOptions(request.headers)
        let body = try await bodies.json(request)
        var asked = try BatchRequest(body.json)
        // Spans of so many lines are made only where the caller records the trace itself.
        if TraceContext(request.headers)?.isSampled == true { asked.options.trace = context.trace }
        guard let key = headers.idempotencyKey else {
            return .json(try await create(asked, BatchID.batch(), headers.tenant).openAI)
        }
        let (id, hash) = (BatchID.batch(tenant: headers.tenant, idempotencyKey: key), body.bytes.sha256Hex)
        var keyed = asked
        keyed.options.requestHash = hash
        // Its input may be gone by now, so that it could not be made again.
        let known = try await storage { () async throws(PostgresError) in try await store.find(id) }
        let batch: Batch
        if let known { batch = known } else { batch = try await create(keyed, id, headers.tenant) }
        guard batch.options.requestHash == hash else { throw APIError.idempotencyConflict }
        return .json(batch.openAI)
    }

    private func create(_ asked: BatchRequest, _ id: String, _ tenant: String) async throws(APIError) -> Batch {
        let file = try await storage { () async throws(PostgresError) in
            try await store.file(asked.inputFile, tenant: tenant)
        }
        guard file != nil else {
            throw .invalid("input_file_id", "input_file_id: there is no such file with the purpose batch.")
        }
        var batch = Batch(
            id: id, tenant: tenant, inputFile: asked.inputFile, operation: asked.operation, status: .validating)
        batch.options = asked.options
        batch.metadata = asked.metadata
        batch.times.deadline = clock.now + Int64(asked.window.seconds) * 1000
        let life = asked.resultLife.map { Int64($0) * 1000 } ?? settings.resultLife.milliseconds
        batch.times.resultsExpire = batch.times.deadline + life
        return try await storage { [batch] () async throws(PostgresError) in try await store.create(batch) }
    }

    /// `?limit=`, `?after=` an id.
    ///
    /// Newest first.
    func list(_ request: Request, _ context: ShimContext) async throws -> Response {
        let tenant = try RequestOptions(request.headers).tenant
        let page = try BatchPage(QueryFilters(request, ["limit", "after"]), default: 20, most: 100)
        let batches = try await storage { () async throws(PostgresError) in
            try await store.list(tenant: tenant, after: page.after, limit: page.rows)
        }
        return page.answer(batches.map(\.openAI))
    }

    func show(_ request: Request, _ context: ShimContext) async throws -> Response {
        let (id, tenant) = (try context.pathID(), try RequestOptions(request.headers).tenant)
        let batch = try await storage { () async throws(PostgresError) in try await store.find(id, tenant: tenant) }
        return .json(try Self.known(batch).openAI)
    }

    func cancel(_ request: Request, _ context: ShimContext) async throws -> Response {
        let (id, tenant) = (try context.pathID(), try RequestOptions(request.headers).tenant)
        let changed = try await storage { () async throws(PostgresError) in try await store.cancel(id, tenant: tenant) }
        let batch = try Self.known(changed)
        guard !batch.status.isEnded || batch.status == .cancelled else {
            throw APIError(
                .conflict, .invalidRequest, code: "batch_ended",
                "The batch is \(batch.status.rawValue): it cannot be cancelled any more.")
        }
        return .json(batch.openAI)
    }

    private static func known(_ batch: Batch?) throws(APIError) -> Batch {
        guard let batch else { throw .notFound("such batch") }
        return batch
    }
}
