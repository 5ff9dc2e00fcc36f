import HTTPTypes
import NIOCore
import Testing

@testable import Shared
@testable import Submitter

/// Compares answers of the code with the document: every member is described, and of the right type.
struct OperationSchemaTests {
    /// The mistakes of an answer's body to the route of this entry.
    private func mistakes(_ body: JSON, _ operation: APIOperation, status: Int = 200) throws -> [String] {
        var table = RouteTable(format: ChatFormat())
        table.on("GET /it", operation) { _, _ in throw APIError.stopping }
        let document = table.document.json
        let answer = document["paths"]?["/it"]?["get"]?["responses"]?["\(status)"]
        let schema = try #require(answer?["content"]?["application/json"]?["schema"])
        let check = SchemaCheck(components: try #require(document["components"]?["schemas"]), wantsAllDescribed: true)
        return check.mistakes(body, schema)
    }

    @Test func `models`() throws {
        var model = Model(id: "m", provider: .zhipu)
        #expect(try mistakes(model.view, .showCatalogModel) == [])
        model.costPer1kTokens = 0.5
        (model.maxTokens, model.contextTokens, model.cacheTTL, model.idleTimeout) = (1, 2, 3, 4)
        (model.aliases, model.fallbackModels, model.routingStrategy) = (["a"], ["b"], "adaptive")
        model.capabilities = Capabilities(["vision": true])
        #expect(try mistakes(model.view, .showCatalogModel) == [])
    }

    @Test func `accounts`() throws {
        var account = Account(id: "a", provider: .openai)
        #expect(try mistakes(account.view, .showAccount) == [])
        account.apiKeyEncrypted = "sealed"
        (account.baseURL, account.mode, account.statusReason) = ("https://h", "compatible", "why")
        (account.quotaLimit, account.quotaPeriod, account.models) = (.max, .month, ["m"])
        account.settings = ["organization": "o", "headers": "X-A: b"]
        #expect(try mistakes(account.view, .showAccount) == [])
    }

    @Test func `every field of the catalogue can be given, and no other`() throws {
        func fields(_ operation: APIOperation) -> Set<String> {
            guard let named = operation.body?.contents.first?.schema.named.first else { return [] }
            return Set(named.schema().json["properties"]?.objectValue?.members.map(\.key) ?? [])
        }
        let references: Set<String> = ["api_key_env", "api_key_file", "api_key_encrypted"]
        for operation in [APIOperation.createModel, .patchModel] {
            #expect(fields(operation) == Set(CatalogKind.model.fields.map(\.name) + ["reason"]))
        }
        for operation in [APIOperation.createAccount, .patchAccount] {
            let given = Set(CatalogKind.account.fields.map(\.name)).subtracting(references)
            #expect(fields(operation) == given.union(["reason", "has_key", "status_reason"]))
        }
    }

    @Test func `batches and files`() throws {
        var batch = Batch(id: "batch_1", tenant: "t", inputFile: "file-1", operation: .chat, status: .validating)
        #expect(try mistakes(batch.openAI, .showBatch) == [])
        (batch.status, batch.halt, batch.metadata) = (.cancelled, .cancelled, ["k": "v"])
        (batch.counts.succeeded, batch.counts.failed, batch.counts.cost) = (1, 2, ["USD": 0.5])
        batch.errors = [["code": "invalid_json", "line": 1, "message": "m", "param": .null]]
        batch.times.cancelled = 1_795_402_823_123
        #expect(try mistakes(batch.openAI, .showBatch) == [])
        let file = try #require(batch.resultFile(.succeeded))
        #expect(try mistakes(file.openAI, .showFile) == [])
    }

    @Test func `the health of the service`() throws {
        var health = RouteHealth()
        health.note(Observation(.failed(.serverError), began: 1, ended: 2), HealthRules())
        let account = Account(id: "a", provider: .openai, quotaLimit: 5, requestsPerMinute: 1)
        let reading = PoolReader.Reading(
            account: account, whole: health, models: ["m": health], running: 1, requests: 2, tokens: 3, quotaUsed: 4)
        let report = PoolReport([reading], workers: 0, rooms: [], database: "away", hasCatalog: true, now: 10)
        #expect(try mistakes(report.json, .showHealth, status: 503) == [])
    }

    @Test func `jobs`() throws {
        let queued = RequestLogEntry(
            id: RequestLogID(attempt: 0, seq: 1), record: .queued(bodyHash: "", tenant: "default", channel: ""))
        let place = QueuePlace(position: 2, expectedWait: nil)
        #expect(try mistakes(JobReport.unended("0-A", queued, place), .showJob) == [])
        var meta = AnswerMeta()
        (meta.provider, meta.isCached, meta.dropped) = ("openai", false, ["top_p"])
        meta.attempts = [
            AnswerMeta.Attempt(attempt: 1, model: "m", provider: "openai", account: "a", error: nil, milliseconds: 5)
        ]
        let done = RequestEnd(status: .done, meta: .init(bytes: meta.encoded), result: .init())
        let report = JobReport.ended("0-A", done, .init(bytes: Samples.completion.encoded))
        #expect(try mistakes(report, .showJob) == [])
        let failure = JobFailure(.network, "The platform could not be reached.")
        let failed = RequestEnd(status: .error, meta: .init(bytes: meta.encoded), result: .init(bytes: failure.encoded))
        #expect(try mistakes(JobReport.ended("0-A", failed, .init()), .showJob) == [])
    }

    @Test func `alerts and settings`() throws {
        let alert = Alert(
            id: 1, kind: "circuit_open", subject: "a/m", severity: "warning", message: "m", details: ["a": 1], count: 1,
            raisedAt: 1, lastAt: 2, clearedAt: nil)
        #expect(try mistakes(["object": "list", "data": [alert.view]], .listAlerts) == [])
        var settings = Settings(environment: ["SERVICE_PORT": "1"])
        _ = ShimConfig(&settings)
        let views = JSON.array(settings.declared.map(\.view))
        #expect(try mistakes(["object": "list", "data": views], .showSettings) == [])
    }

    @Test func `budgets`() throws {
        var budget = Budget(id: "b", subject: .user("ada", of: "t"), unit: "USD")
        budget.soft = JSONNumber(1)
        var state = BudgetState(
            budget: budget, spent: JSONNumber(0), remaining: nil, isSoftReached: false, isSpent: false, beginsAt: 0,
            endsAt: nil, createdAt: 1, updatedAt: 2)
        #expect(try mistakes(state.view, .showBudget) == [])
        (state.budget.subject, state.budget.hard, state.remaining) = (.tenant("t"), JSONNumber(2), JSONNumber(-1))
        (state.isSpent, state.endsAt) = (true, 3)
        #expect(try mistakes(["object": "list", "data": [state.view], "has_more": true], .listBudgets) == [])
        let fields = APIOperation.createBudget.body?.contents.first?.schema.named.first?.schema().json["properties"]
        let given = Set(fields?.objectValue?.members.map(\.key) ?? []).subtracting(BudgetState.readOnly)
        #expect(given == Set(BudgetDraft.members + ["reason"]))
    }

    @Test func `every kind of failure has its status at the doors that wait for an answer`() {
        let told = Set(APIOperation.createChatCompletion.refusals.map { "\($0.status) \($0.code)" })
        for kind in JobFailure.Kind.allCases {
            let error = APIError(JobFailure(kind, "m"))
            #expect(told.contains("\(error.status.code) \(error.code ?? "")"))
        }
    }
}
