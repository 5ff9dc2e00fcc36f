import HTTPTypes
import Shared

/// The entries of models and accounts: lists for callers, and changes by people.
extension APIOperation {
    // MARK: - Lists for callers

    static var listModels: APIOperation {
        APIOperation(
            "listModels", .models, "The active models, as OpenAI lists them",
            answers: [
                .ok(
                    "The models.", .page(of: .openAIModel),
                    example: ["object": "list", "data": [Self.openAIModel]])
            ],
            refusals: [.catalogAway])
    }

    static var showModel: APIOperation {
        APIOperation(
            "showModel", .models, "An active model, as OpenAI shows it",
            parameters: [.id("Its name, alias or id.", example: "sandbox")],
            answers: [.ok("The model.", .openAIModel, example: Self.openAIModel)],
            refusals: [.values, .modelNotFound, .catalogAway])
    }

    static var listCatalogModels: APIOperation {
        APIOperation(
            "listCatalogModels", .catalog, "The active models with prices, limits and capabilities",
            parameters: [.query("provider", .words(Provider.self), "Only this platform's.")],
            answers: [Self.models], refusals: [.values, .catalogAway])
    }

    static var listModelsOfPlatform: APIOperation {
        APIOperation(
            "listModelsOfPlatform", .catalog, "The active models of one platform",
            parameters: [.id("The platform.", .words(Provider.self), example: "sandbox")],
            answers: [Self.models], refusals: [.values, .catalogAway])
    }

    // MARK: - Models

    static var createModel: APIOperation { create("Model", .model, .newModel, Self.newModel, Self.model) }
    static var showCatalogModel: APIOperation { show("CatalogModel", .model, Self.model) }
    static var replaceModel: APIOperation { replace("Model", .model, .modelFields, Self.newModel, Self.model) }
    static var patchModel: APIOperation { patch("Model", .model, .modelFields, ["priority": 5], Self.model) }
    static var deleteModel: APIOperation { delete("Model", .model) }
    static var enableModel: APIOperation { enable("Model", .model, Self.model) }
    static var disableModel: APIOperation { disable("Model", .model, Self.model) }

    // MARK: - Accounts

    static var listAccounts: APIOperation {
        APIOperation(
            "listAccounts", .catalog, "The accounts at the platforms",
            parameters: [
                .query("provider", .words(Provider.self), "Only this platform's."),
                .query("status", .words(Account.Status.self), "Only those."),
            ],
            answers: [
                .ok("The accounts.", .page(of: .account), example: ["object": "list", "data": [Self.account]])
            ],
            refusals: [.values, .databaseAway])
    }

    static var createAccount: APIOperation {
        create("Account", .account, .newAccount, Self.newAccount, Self.account)
    }
    static var showAccount: APIOperation { show("Account", .account, Self.account) }
    static var replaceAccount: APIOperation {
        replace("Account", .account, .accountFields, Self.newAccount, Self.account)
    }
    static var patchAccount: APIOperation {
        patch("Account", .account, .accountFields, ["rpm": 500, "reason": "a larger plan"], Self.account)
    }
    static var deleteAccount: APIOperation { delete("Account", .account) }
    static var enableAccount: APIOperation { enable("Account", .account, Self.account) }
    static var disableAccount: APIOperation { disable("Account", .account, Self.account) }

    static var rotateAccountKey: APIOperation {
        APIOperation(
            "rotateAccountKey", .catalog, "Give an account another key",
            details: "Keys are sealed as they come in. No answer shows one.", parameters: [.row(.account), .actor],
            body: .json(
                .object([.must("api_key", .text(from: 1, upTo: 4096))]), example: ["api_key": "sk-…"]),
            answers: [.ok("The account.", .account, example: Self.account)],
            refusals: [.jsonBody, .notFound("such account"), .databaseAway, .noMasterKey])
    }

    static var testAccount: APIOperation {
        APIOperation(
            "testAccount", .catalog, "Call an account's platform once, as cheaply as it allows",
            details: "A worker makes the call. The answer is 200 however the platform answered.",
            parameters: [.row(.account)],
            answers: [
                .ok(
                    "How it went.", .accountTest,
                    example: [
                        "ok": false, "ms": 80,
                        "error": ["kind": "authentication", "message": "The platform refused the key."],
                    ])
            ],
            refusals: [
                .values, .notFound("such account"), .databaseAway, .redisAway,
                [
                    APIRefusal(
                        APIError(
                            .serviceUnavailable, .server, code: "no_worker", "No worker tried the account in time.",
                            retryAfter: .seconds(5)))
                ],
            ])
    }

    // MARK: - Examples

    private static let openAIModel: JSON = [
        "id": "sandbox", "object": "model", "created": 0, "owned_by": "sandbox",
    ]

    private static let newModel: JSON = [
        "id": "gpt-4.1-mini", "provider": "openai", "input_price": 0.4, "output_price": 1.6, "priority": 5,
        "capabilities": ["vision": true],
    ]

    private static var model: JSON {
        Model(
            id: "gpt-4.1-mini", provider: .openai, prices: Prices(input: 0.4, output: 1.6), priority: 5,
            capabilities: Capabilities(["vision": true])
        ).view
    }

    private static let newAccount: JSON = [
        "id": "openai-1", "provider": "openai", "api_key": "sk-…", "rpm": 500, "tpm": 200_000, "concurrency": 50,
    ]

    private static var account: JSON {
        Account(
            id: "openai-1", provider: .openai, apiKeyEncrypted: "sealed", requestsPerMinute: 500,
            tokensPerMinute: 200_000, concurrency: 50
        ).view
    }

    private static var models: APIAnswer {
        .ok("The models.", .page(of: .model), example: ["object": "list", "data": [model]])
    }
}
