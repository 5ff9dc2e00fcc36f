import HTTPTypes
import Hummingbird
import Shared

/// Answers `/v1/files`: files of requests are uploaded, listed, read and deleted, and results of batches are read.
struct FileRoutes: Sendable {
    let store: BatchStore
    let upload: FileUpload
    let connections: CallerConnections
    let clock: any WallClock

    /// OpenAI's page by default, and the largest.
    private static let mostRows = 10_000

    func create(_ request: Request, _ context: ShimContext) async throws -> Response {
        let tenant = try RequestOptions(request.headers).tenant
        return .json(try await upload.receive(request, tenant: tenant).openAI)
    }

    /// `?purpose=`, `?limit=`, `?after=` an id, `?order=` asc or desc.
    func list(_ request: Request, _ context: ShimContext) async throws -> Response {
        let tenant = try RequestOptions(request.headers).tenant
        let query = try QueryFilters(request, ["purpose", "limit", "after", "order"])
        let page = try BatchPage(query, default: Self.mostRows, most: Self.mostRows)
        let order = try query.choice("order") as ListOrder? ?? .desc
        let filter = FileFilter(tenant: tenant, purpose: query["purpose"], isOldestFirst: order == .asc)
        let files = try await storage { () async throws(PostgresError) in
            try await store.allFiles(filter, after: page.after, limit: page.rows)
        }
        return page.answer(files.map(\.openAI))
    }

    func show(_ request: Request, _ context: ShimContext) async throws -> Response {
        switch try await find(request, context) {
        case .upload(let file), .results(_, _, let file): .json(file.openAI)
        }
    }

    func content(_ request: Request, _ context: ShimContext) async throws -> Response {
        let content = FileContent(
            store: store, connection: connections.of(context.channel), logger: upload.logger)
        let body =
            switch try await find(request, context) {
            case .upload(let file): try await content.body(of: file)
            case .results(let batch, let kind, _): try await content.body(ofResults: kind, of: batch)
            }
        return Response(status: .ok, headers: [.contentType: "application/octet-stream"], body: body)
    }

    func delete(_ request: Request, _ context: ShimContext) async throws -> Response {
        guard case .upload(let file) = try await find(request, context) else {
            throw APIError.invalid(nil, "Results are kept with their batch until they expire.", code: "result_file")
        }
        let isGone = try await storage { () async throws(PostgresError) in
            try await store.delete(file: file.id, tenant: file.tenant)
        }
        guard isGone else {
            throw APIError(
                .conflict, .invalidRequest, code: "file_in_use", "The file is the input of a batch that has not ended.")
        }
        return .json(["id": .string(file.id), "object": "file", "deleted": true])
    }

    // MARK: -

    private enum Found {
        case upload(BatchFile)
        case results(Batch, BatchResultKind, BatchFile)
    }

    private func find(_ request: Request, _ context: ShimContext) async throws(APIError) -> Found {
        let (id, tenant) = (try context.pathID(), try RequestOptions(request.headers).tenant)
        let found = try await storage { () async throws(PostgresError) -> Found? in
            guard let named = BatchID.resultFile(id) else {
                return try await store.file(id, tenant: tenant).map { .upload($0) }
            }
            let batch = try await store.find(named.batch, tenant: tenant)
            guard let batch, let file = batch.resultFile(named.kind), file.expires > clock.now else { return nil }
            return .results(batch, named.kind, file)
        }
        guard let found else { throw .notFound("such file") }
        return found
    }
}

/// OpenAI's words for the order of a listing.
private enum ListOrder: String, CaseIterable {
    case asc, desc
}
