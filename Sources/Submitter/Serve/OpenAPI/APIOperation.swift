/// The entry of one route in `/openapi.json`: what the route takes and what it answers.
///
/// Every route is registered together with one (`RouteTable.on`). Entries stand in `Serve/Operations`, one file for
/// each resource. They are made when the document is asked for, and not kept.
struct APIOperation: Sendable {
    /// Unique, and the name of the function that generators of clients make.
    let id: String
    let group: APIGroup
    /// A few words for lists.
    let summary: String
    /// More than that, in Markdown.
    var details: String?
    var parameters: [APIParameter] = []
    var body: APIBody?
    let answers: [APIAnswer]
    /// Errors beside those of every route.
    var refusals: [APIRefusal] = []

    init(
        _ id: String, _ group: APIGroup, _ summary: String, details: String? = nil, parameters: [APIParameter] = [],
        body: APIBody? = nil, answers: [APIAnswer], refusals: [[APIRefusal]] = []
    ) {
        self.id = id
        self.group = group
        self.summary = summary
        self.details = details
        self.parameters = parameters
        self.body = body
        self.answers = answers
        self.refusals = refusals.flatMap { $0 }
    }
}

/// The groups of operations, in the order of the document.
enum APIGroup: String, Sendable, CaseIterable {
    case models = "Asking models"
    case jobs = "Jobs"
    case batches = "Files and batches"
    case catalog = "Models and accounts"
    case budgets = "Budgets"
    case audit = "Audit and alerts"
    case deadLetters = "Dead letters"
    case statistics = "Statistics"
    case status = "Status"
    case pages = "API pages"

    var text: String {
        switch self {
        case .models: "Chat, texts and embeddings, whole or streamed, on every platform."
        case .jobs: "Requests that are answered later, and whose streams can be read again."
        case .batches: "Files of requests to any platform, in OpenAI's shape."
        case .catalog: "The catalogue: models with their prices, and accounts at the platforms with their limits."
        case .budgets: "The most that tenants and users may spend, and what they have spent."
        case .audit: "Changes of models, accounts and budgets by people, and conditions that people should know of."
        case .deadLetters: "Requests and ledger rows that the queue gave up on."
        case .statistics: "The ledger: sums by model, platform, account, user and time, and attempts one by one."
        case .status: "The state of this process, of the service and of every account."
        case .pages: "This document and the pages that show it."
        }
    }
}
