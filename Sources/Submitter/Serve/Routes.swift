import Shared

/// All paths of the HTTP API: method and path, the door whose format its errors have, and the function that answers.
///
/// An `:id` may have slashes in it (`RouteTable`). Without a format, errors have OpenAI's.
struct Routes: Sendable {
    let shim: ShimParts
    let models: ModelRoutes
    let health: HealthRoutes
    let status: StatusRoutes
    let deadLetters: DeadLetterRoutes
    /// `nil` without a database: its paths do not exist then.
    let admin: AdminRoutes?
    /// The same.
    let batches: BatchRoutes?

    var table: RouteTable {
        var table = RouteTable(format: ChatFormat())
        addDoors(to: &table)
        addJobs(to: &table)
        addModels(to: &table)
        addOperations(to: &table)
        if let batches { addBatches(batches, to: &table) }
        if let admin { addAdmin(admin, to: &table) }
        return table
    }

    private func addDoors(to table: inout RouteTable) {
        let native = NativeRoutes(shim: shim)
        table.on("POST /v1/chat/completions", in: ChatFormat(), ChatRoutes(shim: shim).complete)
        table.on("POST /api/v1/chat/completions", in: NativeFormat(), native.complete)
        table.on("POST /api/v1/chat/completions/stream", in: NativeFormat(), native.stream)
        table.on("POST /v1/completions", in: TextFormat(), CompletionsRoutes(shim: shim).complete)
        table.on("POST /v1/embeddings", in: ChatFormat(), EmbeddingsRoutes(shim: shim).embed)
    }

    private func addJobs(to table: inout RouteTable) {
        let jobs = JobRoutes(shim: shim)
        table.on("POST /api/v1/jobs", in: NativeFormat(), jobs.create)
        table.on("GET /api/v1/jobs/:id", in: NativeFormat(), jobs.show)
        table.on("DELETE /api/v1/jobs/:id", in: NativeFormat(), jobs.cancel)
        table.on("GET /api/v1/jobs/:id/stream", in: NativeFormat(), jobs.stream)
    }

    private func addBatches(_ batches: BatchRoutes, to table: inout RouteTable) {
        table.on("POST /v1/files", batches.files.create)
        table.on("GET /v1/files", batches.files.list)
        table.on("GET /v1/files/:id", batches.files.show)
        table.on("DELETE /v1/files/:id", batches.files.delete)
        table.on("GET /v1/files/:id/content", batches.files.content)
        table.on("POST /v1/batches", batches.create)
        table.on("GET /v1/batches", batches.list)
        table.on("GET /v1/batches/:id", batches.show)
        table.on("POST /v1/batches/:id/cancel", batches.cancel)
    }

    private func addModels(to table: inout RouteTable) {
        table.on("GET /v1/models", models.list)
        table.on("GET /v1/models/:id", models.show)
        table.on("GET /api/v1/models", models.listNative)
        table.on("GET /api/v1/models/:id/models", models.listOfProvider)
    }

    private func addOperations(to table: inout RouteTable) {
        table.on("GET /live", health.live)
        table.on("GET /ready", health.ready)
        table.on("GET /api/v1/queue/dead", deadLetters.list)
        table.on("DELETE /api/v1/queue/dead", deadLetters.dropAll)
        table.on("GET /api/v1/queue/dead/:id", deadLetters.show)
        table.on("DELETE /api/v1/queue/dead/:id", deadLetters.drop)
        table.on("POST /api/v1/queue/dead/:id/retry", deadLetters.retry)
        table.on("GET /api/v1/status/health", status.health)
    }

    private func addAdmin(_ admin: AdminRoutes, to table: inout RouteTable) {
        table.on("POST /api/v1/models", admin.models.create)
        table.on("GET /api/v1/models/:id", admin.models.show)
        table.on("PUT /api/v1/models/:id", admin.models.replace)
        table.on("PATCH /api/v1/models/:id", admin.models.patch)
        table.on("DELETE /api/v1/models/:id", admin.models.delete)
        table.on("POST /api/v1/models/:id/enable", admin.models.enable)
        table.on("POST /api/v1/models/:id/disable", admin.models.disable)
        table.on("GET /api/v1/accounts", admin.accounts.list)
        table.on("POST /api/v1/accounts", admin.accounts.rows.create)
        table.on("GET /api/v1/accounts/:id", admin.accounts.rows.show)
        table.on("PUT /api/v1/accounts/:id", admin.accounts.rows.replace)
        table.on("PATCH /api/v1/accounts/:id", admin.accounts.rows.patch)
        table.on("DELETE /api/v1/accounts/:id", admin.accounts.rows.delete)
        table.on("POST /api/v1/accounts/:id/enable", admin.accounts.rows.enable)
        table.on("POST /api/v1/accounts/:id/disable", admin.accounts.rows.disable)
        table.on("POST /api/v1/accounts/:id/rotate-key", admin.accounts.rotateKey)
        table.on("POST /api/v1/accounts/:id/test", admin.accounts.test)
        table.on("GET /api/v1/audit", admin.audit.list)
        table.on("GET /api/v1/alerts", admin.alerts.list)
        table.on("GET /api/v1/alerts/silences", admin.alerts.listSilences)
        table.on("POST /api/v1/alerts/silences", admin.alerts.silence)
        table.on("DELETE /api/v1/alerts/silences/:id", admin.alerts.endSilence)
    }
}
