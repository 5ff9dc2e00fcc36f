import Shared

/// All paths of the HTTP API: method and path, the door whose format its errors have, the entry in `/openapi.json`, and
/// the function that answers.
///
/// An `:id` may have slashes in it (`RouteTable`). Without a format, errors have OpenAI's. Entries stand in
/// `Serve/Operations`.
struct Routes: Sendable {
    let shim: ShimParts
    let models: ModelRoutes
    let health: HealthRoutes
    let status: StatusRoutes
    let monitoring: MonitoringRoutes
    let deadLetters: DeadLetterRoutes
    /// `nil` without a database: its paths do not exist then.
    let admin: AdminRoutes?
    /// The same.
    let batches: BatchRoutes?
    /// The same.
    let ledger: LedgerRoutes?
    let pages: PageRoutes
    /// `nil` without `DEBUG`: its path does not exist then.
    let debug: DebugRoutes?

    var table: RouteTable {
        var table = RouteTable(format: ChatFormat())
        addDoors(to: &table)
        addJobs(to: &table)
        addModels(to: &table)
        addOperations(to: &table)
        if let batches { addBatches(batches, to: &table) }
        if let admin { addAdmin(admin, to: &table) }
        if let ledger { addLedger(ledger, to: &table) }
        addPages(to: &table)
        return table
    }

    private func addDoors(to table: inout RouteTable) {
        let native = NativeRoutes(shim: shim)
        table.on("POST /v1/chat/completions", in: ChatFormat(), .createChatCompletion, ChatRoutes(shim: shim).complete)
        table.on("POST /api/v1/chat/completions", in: NativeFormat(), .createNativeChatCompletion, native.complete)
        table.on("POST /api/v1/chat/completions/stream", in: NativeFormat(), .streamNativeChatCompletion, native.stream)
        table.on("POST /v1/completions", in: TextFormat(), .createCompletion, CompletionsRoutes(shim: shim).complete)
        table.on("POST /v1/embeddings", in: ChatFormat(), .createEmbedding, EmbeddingsRoutes(shim: shim).embed)
    }

    private func addJobs(to table: inout RouteTable) {
        let jobs = JobRoutes(shim: shim)
        table.on("POST /api/v1/jobs", in: NativeFormat(), .createJob, jobs.create)
        table.on("GET /api/v1/jobs/:id", in: NativeFormat(), .showJob, jobs.show)
        table.on("DELETE /api/v1/jobs/:id", in: NativeFormat(), .cancelJob, jobs.cancel)
        table.on("GET /api/v1/jobs/:id/stream", in: NativeFormat(), .streamJob, jobs.stream)
    }

    private func addBatches(_ batches: BatchRoutes, to table: inout RouteTable) {
        table.on("POST /v1/files", .uploadFile, batches.files.create)
        table.on("GET /v1/files", .listFiles, batches.files.list)
        table.on("GET /v1/files/:id", .showFile, batches.files.show)
        table.on("DELETE /v1/files/:id", .deleteFile, batches.files.delete)
        table.on("GET /v1/files/:id/content", .downloadFile, batches.files.content)
        table.on("POST /v1/batches", .createBatch, batches.create)
        table.on("GET /v1/batches", .listBatches, batches.list)
        table.on("GET /v1/batches/:id", .showBatch, batches.show)
        table.on("POST /v1/batches/:id/cancel", .cancelBatch, batches.cancel)
    }

    private func addModels(to table: inout RouteTable) {
        table.on("GET /v1/models", .listModels, models.list)
        table.on("GET /v1/models/:id", .showModel, models.show)
        table.on("GET /api/v1/models", .listCatalogModels, models.listNative)
        table.on("GET /api/v1/models/:id/models", .listModelsOfPlatform, models.listOfProvider)
    }

    private func addOperations(to table: inout RouteTable) {
        table.on("GET /live", .live, health.live)
        table.on("GET /ready", .ready, health.ready)
        table.on("GET /api/v1/queue/dead", .listDeadLetters, deadLetters.list)
        table.on("DELETE /api/v1/queue/dead", .dropDeadLetters, deadLetters.dropAll)
        table.on("GET /api/v1/queue/dead/:id", .showDeadLetter, deadLetters.show)
        table.on("DELETE /api/v1/queue/dead/:id", .dropDeadLetter, deadLetters.drop)
        table.on("POST /api/v1/queue/dead/:id/retry", .retryDeadLetter, deadLetters.retry)
        table.on("GET /api/v1/status/health", .showHealth, status.health)
        table.on("GET /api/v1/status/metrics", .showFigures, monitoring.status)
        table.on("GET /api/v1/queue/scaling", .showScaling, monitoring.scaling)
        table.on("GET /metrics", .scrape, monitoring.metrics)
    }

    private func addPages(to table: inout RouteTable) {
        // The document is made of the whole table, at the first request.
        let document = DocumentRoutes { self.table.document.json }
        table.on("GET /openapi.json", .showDocument, document.show)
        table.on("GET /docs", .page("showSwaggerUI", "Swagger UI"), pages.swaggerUI)
        table.on("GET /redoc", .page("showReDoc", "ReDoc"), pages.reDoc)
        table.on("GET /docs/:id", .downloadPageFile, pages.file)
        if let debug { table.on("GET /debug/config", .showSettings, debug.config) }
    }

    private func addAdmin(_ admin: AdminRoutes, to table: inout RouteTable) {
        table.on("POST /api/v1/models", .createModel, admin.models.create)
        table.on("GET /api/v1/models/:id", .showCatalogModel, admin.models.show)
        table.on("PUT /api/v1/models/:id", .replaceModel, admin.models.replace)
        table.on("PATCH /api/v1/models/:id", .patchModel, admin.models.patch)
        table.on("DELETE /api/v1/models/:id", .deleteModel, admin.models.delete)
        table.on("POST /api/v1/models/:id/enable", .enableModel, admin.models.enable)
        table.on("POST /api/v1/models/:id/disable", .disableModel, admin.models.disable)
        table.on("GET /api/v1/accounts", .listAccounts, admin.accounts.list)
        table.on("POST /api/v1/accounts", .createAccount, admin.accounts.rows.create)
        table.on("GET /api/v1/accounts/:id", .showAccount, admin.accounts.rows.show)
        table.on("PUT /api/v1/accounts/:id", .replaceAccount, admin.accounts.rows.replace)
        table.on("PATCH /api/v1/accounts/:id", .patchAccount, admin.accounts.rows.patch)
        table.on("DELETE /api/v1/accounts/:id", .deleteAccount, admin.accounts.rows.delete)
        table.on("POST /api/v1/accounts/:id/enable", .enableAccount, admin.accounts.rows.enable)
        table.on("POST /api/v1/accounts/:id/disable", .disableAccount, admin.accounts.rows.disable)
        table.on("POST /api/v1/accounts/:id/rotate-key", .rotateAccountKey, admin.accounts.rotateKey)
        table.on("POST /api/v1/accounts/:id/test", .testAccount, admin.accounts.test)
        table.on("GET /api/v1/audit", .listAudit, admin.audit.list)
        table.on("GET /api/v1/alerts", .listAlerts, admin.alerts.list)
        table.on("GET /api/v1/alerts/silences", .listSilences, admin.alerts.listSilences)
        table.on("POST /api/v1/alerts/silences", .createSilence, admin.alerts.silence)
        table.on("DELETE /api/v1/alerts/silences/:id", .endSilence, admin.alerts.endSilence)
        table.on("GET /api/v1/budgets", .listBudgets, admin.budgets.list)
        table.on("POST /api/v1/budgets", .createBudget, admin.budgets.create)
        table.on("GET /api/v1/budgets/:id", .showBudget, admin.budgets.show)
        table.on("PUT /api/v1/budgets/:id", .replaceBudget, admin.budgets.replace)
        table.on("PATCH /api/v1/budgets/:id", .patchBudget, admin.budgets.patch)
        table.on("DELETE /api/v1/budgets/:id", .deleteBudget, admin.budgets.delete)
    }

    private func addLedger(_ ledger: LedgerRoutes, to table: inout RouteTable) {
        table.on("GET /api/v1/status/usage", in: NativeFormat(), .showUsage, ledger.statistics.usage)
        table.on("GET /api/v1/status/performance", in: NativeFormat(), .showPerformance, ledger.statistics.performance)
        table.on("GET /api/v1/status/cost", in: NativeFormat(), .showCost, ledger.statistics.cost)
        table.on("GET /api/v1/status/errors", in: NativeFormat(), .showErrors, ledger.statistics.errors)
        table.on("GET /api/v1/usage", in: NativeFormat(), .listAttempts, ledger.log.list)
        table.on("GET /api/v1/jobs/:id/trail", in: NativeFormat(), .showTrail, ledger.trail.show)
    }
}
