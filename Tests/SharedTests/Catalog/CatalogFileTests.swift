import Foundation
import TestSupport
import Testing

@testable import Shared

/// The catalogue as people write it: what is read, and what is said about mistakes.
@Suite struct CatalogFileTests {
    private static let sandboxFile = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../catalog.sandbox.yaml").standardized.path

    @Test func `the catalogue of the first run is right`() throws {
        let file = try CatalogFile(path: Self.sandboxFile)

        #expect(file.models.map(\.id) == ["sandbox", "sandbox-embedding"])
        #expect(file.models.first?.provider == .sandbox)
        #expect(file.models.first?.prices == Prices())
        #expect(file.accounts.map(\.account.id) == ["sandbox-1"])
    }

    @Test func `the catalogue of the six platforms is right, and its fallbacks and prices are there`() throws {
        let path = URL(filePath: Self.sandboxFile).deletingLastPathComponent().appending(path: "catalog.example.yaml")
        let file = try CatalogFile(path: path.path)

        #expect(Set(file.models.map(\.provider)) == Set(Provider.allCases).subtracting([.sandbox]))
        #expect(Set(file.accounts.map(\.account.provider)) == Set(Provider.allCases).subtracting([.sandbox]))
        let ids = Set(file.models.map(\.id))
        for model in file.models {
            #expect(Set(model.fallbackModels).isSubset(of: ids))
            #expect(model.contextTokens != nil)
        }
        // Free, or without a public price.
        let unpriced = file.models.filter { $0.prices.input == 0 }.map(\.id)
        #expect(unpriced == ["hy3", "glm-4-flash-250414"])
    }

    @Test func `its commented examples are right too`() throws {
        let text = try String(contentsOfFile: Self.sandboxFile, encoding: .utf8)
        let uncommented = text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.hasPrefix("#  ") ? $0.dropFirst(1) : $0 }.joined(separator: "\n")

        let file = try CatalogFile(text: uncommented)

        #expect(file.models.map(\.id) == ["sandbox", "sandbox-embedding", "gpt-4.1-mini"])
        #expect(file.accounts.map(\.account.id) == ["sandbox-1", "openai-1"])
    }

    @Test func `every field is read, from YAML and from JSON`() throws {
        let yaml = """
            models:
              - id: gpt-3.5-turbo
                name: GPT-3.5 Turbo
                provider: openai
                model_id: gpt-3.5-turbo-0125
                max_tokens: 4096
                context_tokens: 16385
                input_price: 0.5
                cached_input_price: 0.25
                output_price: 1.5
                currency: EUR
                priority: 5
                weight: 3
                is_active: false
                capabilities: { chat: true, vision: false }
                aliases: [cheap, fast]
                fallback_models: [gpt-4]
                routing_strategy: priority
            accounts:
              - id: openai-account-1
                account_name: Team
                provider: openai
                api_key: sk-secret
                base_url: https://example.org/v1
                mode: compatible
                quota_limit: 1000000
                quota_used: 45000
                status: disabled
                health_score: 0.95
                rpm: 60
                tpm: 90000
                concurrency: 8
                weight: 2
                settings: { organization: org-1 }
                models: [gpt-3.5-turbo]
            """
        let json = """
            {"models": [{"id": "gpt-3.5-turbo", "name": "GPT-3.5 Turbo", "provider": "openai", "model_id": "gpt-3.5-turbo-0125",
            "max_tokens": 4096, "context_tokens": 16385, "input_price": 0.5, "cached_input_price": 0.25, "output_price": 1.5,
            "currency": "EUR", "priority": 5, "weight": 3, "is_active": false, "capabilities": {"chat": true, "vision": false},
            "aliases": ["cheap", "fast"], "fallback_models": ["gpt-4"], "routing_strategy": "priority"}],
            "accounts": [{"id": "openai-account-1", "account_name": "Team", "provider": "openai", "api_key": "sk-secret",
            "base_url": "https://example.org/v1", "mode": "compatible", "quota_limit": 1000000, "quota_used": 45000,
            "status": "disabled", "health_score": 0.95, "rpm": 60, "tpm": 90000, "concurrency": 8, "weight": 2,
            "settings": {"organization": "org-1"}, "models": ["gpt-3.5-turbo"]}]}
            """
        for text in [yaml, json] {
            let file = try CatalogFile(text: text)

            #expect(
                file.models == [
                    Model(
                        id: "gpt-3.5-turbo", name: "GPT-3.5 Turbo", provider: .openai, modelID: "gpt-3.5-turbo-0125",
                        maxTokens: 4096, contextTokens: 16385,
                        prices: Prices(input: 0.5, cachedInput: 0.25, output: 1.5, currency: "EUR"), priority: 5,
                        weight: 3,
                        isActive: false, capabilities: Capabilities(["chat": true, "vision": false]),
                        aliases: ["cheap", "fast"], fallbackModels: ["gpt-4"], routingStrategy: "priority")
                ])
            #expect(
                file.accounts.map(\.account) == [
                    Account(
                        id: "openai-account-1", accountName: "Team", provider: .openai,
                        baseURL: "https://example.org/v1",
                        mode: "compatible", quotaLimit: 1_000_000, quotaUsed: 45_000, status: .disabled,
                        healthScore: 0.95,
                        requestsPerMinute: 60, tokensPerMinute: 90_000, concurrency: 8, weight: 2,
                        settings: ["organization": "org-1"], models: ["gpt-3.5-turbo"])
                ])
        }
    }

    @Test func `a price per thousand tokens holds for input and output`() throws {
        let file = try CatalogFile(text: "models: [{id: m, provider: openai, cost_per_1k_tokens: 0.002}]")

        #expect(file.models.first?.prices == Prices(input: 2, output: 2))
    }

    @Test(arguments: [Provider.anthropic, .alibaba])
    func `one price for both sides is that of the cache, too`(_ provider: Provider) throws {
        let text = "models: [{id: m, provider: \(provider.rawValue), cost_per_1k_tokens: 0.002}]"
        let model = try #require(try CatalogFile(text: text).models.first)

        #expect(model.prices == Prices(input: 2, output: 2))
        #expect(Model(json: model.json)?.prices == model.prices)
    }

    /// A wrong file and everything that is said about it.
    static let mistakes: [(text: String, said: [String])] = [
        ("models: [{provider: openai}]", ["models[0].id: expected a text"]),
        (
            "models: [{id: m, provider: openia}]",
            ["models[0].provider (m): expected one of openai, anthropic, baidu, alibaba, tencent, zhipu, sandbox"]
        ),
        (
            "accounts: [{id: a, provider: openai, rpm: 0}, {id: b, provider: openai, rpm: many}]",
            [
                "accounts[0].rpm (a): expected a whole number from 1",
                "accounts[1].rpm (b): expected a whole number from 1",
            ]
        ),
        ("accounts: [{id: a, provider: openai, rmp: 5}]", ["accounts[0].rmp (a): expected a known field, perhaps rpm"]),
        ("modles: []", ["modles: expected a known field, perhaps models"]),
        ("models: {id: m}", ["models: expected a list"]),
        (
            "models: [m]",
            ["models[0]: expected named fields"]
        ),
        ("[]", ["the file: expected named fields"]),
        (
            "models: [{id: m, provider: openai}, {id: m, provider: openai}]",
            ["models[1].id (m): expected an id that no other entry has"]
        ),
        (
            "models: [{id: m, provider: openai, input_price: -1, is_active: perhaps, aliases: x, capabilities: [a]}]",
            [
                "models[0].input_price (m): expected a number from 0",
                "models[0].is_active (m): expected true or false",
                "models[0].capabilities (m): expected names with true or false",
                "models[0].aliases (m): expected a list of texts",
            ]
        ),
        (
            "models: [{id: m, provider: openai, input_price: .inf}]",
            ["models[0].input_price (m): expected a number from 0"]
        ),
        (
            "accounts: [{id: a, provider: openai, health_score: 1.5, status: broken, base_url: example.org}]",
            [
                "accounts[0].status (a): expected one of active, disabled",
                "accounts[0].health_score (a): expected a number from 0 to 1",
                "accounts[0].base_url (a): expected an http:// or https:// URL without user, query and fragment",
            ]
        ),
        (
            "accounts: [{id: a, provider: openai, api_key: sk-secret, api_key_env: X}]",
            ["accounts[0].api_key_env (a): expected only one of api_key, api_key_env, api_key_file, api_key_encrypted"]
        ),
        ("models: []\nmodels: []", ["line 1: a field is there twice"]),
    ]

    @Test(arguments: mistakes.indices) func `all mistakes are told together, each by its field`(_ index: Int) {
        let (text, said) = Self.mistakes[index]

        let error = #expect(throws: CatalogFile.Mistakes.self) { try CatalogFile(text: text) }

        #expect(error?.list == said)
    }

    @Test(arguments: [
        "accounts: [{id: a, provider: openai, api_key: sk-secret", "accounts: [{id: a, api_key: \"sk-secret\\q\"}]",
        "api_key: sk-secret: x", "accounts:\n\t- api_key: sk-secret", "sk-secret", "{sk-secret: 1}",
        "accounts: *sk-secret",
        "accounts: [{id: a, provider: sk-secret, status: sk-secret, weight: sk-secret, api_key: [sk-secret]}]",
    ])
    func `what is said about a mistake never shows a value`(_ text: String) {
        let error = #expect(throws: CatalogFile.Mistakes.self) { try CatalogFile(text: text) }

        // A misspelt field is told by its name: that is all that may appear.
        let shown = (error?.description ?? "").replacing("sk-secret: expected a known field", with: "")
        #expect(!shown.contains("sk-secret"))
    }

    @Test func `a file that is not there is told by its path`() {
        let error = #expect(throws: CatalogFile.Mistakes.self) { try CatalogFile(path: "/no/such/file.yaml") }

        #expect(error?.description.contains("/no/such/file.yaml") == true)
    }

    @Test func `keys come from the text, a file or the environment, and are sealed`() throws {
        let directory = try TemporaryDirectory()
        try "  sk-file\n".write(toFile: directory.file("key"), atomically: true, encoding: .utf8)
        let box = try SecretBox(masterKey: Secret(String(repeating: "0f", count: 32)))
        let name = try #require(ProcessInfo.processInfo.environment["PATH"])
        let file = try CatalogFile(
            text: """
                accounts:
                  - { id: a, provider: openai, api_key: sk-text }
                  - { id: b, provider: openai, api_key_file: \(directory.file("key")) }
                  - { id: c, provider: openai, api_key_env: PATH }
                  - { id: d, provider: sandbox }
                """)

        let sealed = try file.accounts.map { try $0.sealedKey(box) }

        #expect(try sealed[0].map { try box.open($0, for: "a") } == Secret("sk-text"))
        #expect(try sealed[1].map { try box.open($0, for: "b") } == Secret("sk-file"))
        #expect(try sealed[2].map { try box.open($0, for: "c") } == Secret(name))
        #expect(sealed[3] == nil)
    }

    @Test(arguments: ["api_key: sk-secret", "api_key_env: NO_SUCH_NAME_HERE", "api_key_file: /no/such/key"])
    func `a key that cannot be had or sealed is told by its field`(_ field: String) throws {
        let file = try CatalogFile(text: "accounts: [{id: mine, provider: openai, \(field)}]")

        let error = #expect(throws: CatalogFile.Mistakes.self) { try file.accounts[0].sealedKey(nil) }

        #expect(error?.list.first?.hasPrefix(field.prefix { $0 != ":" } + ": expected") == true)
        #expect(error?.description.contains("sk-secret") == false)
    }

    @Test(arguments: ["api_key_env: sk-secret-1", "api_key_file: sk-secret-1"])
    func `a key that stands where its variable or file belongs is not shown`(_ field: String) throws {
        let file = try CatalogFile(text: "accounts: [{id: mine, provider: openai, \(field)}]")

        let error = #expect(throws: CatalogFile.Mistakes.self) { try file.accounts[0].sealedKey(nil) }

        #expect(error?.description.contains("sk-secret") == false)
    }

    @Test func `platforms, modes and other words are taken in any case`() throws {
        let file = try CatalogFile(
            text: """
                models: [{id: m, provider: OpenAI, routing_strategy: Cost_Based}]
                accounts: [{id: a, provider: Zhipu, mode: JWT, status: Disabled, quota_period: Month}]
                """)

        #expect(file.models[0].provider == .openai && file.models[0].routingStrategy == "cost_based")
        let account = file.accounts[0].account
        #expect(
            (account.provider, account.mode, account.status, account.quotaPeriod) == (.zhipu, "jwt", .disabled, .month))
    }

    @Test func `names that enter an index are bounded`() {
        let long = String(repeating: "n", count: 257)

        let error = #expect(throws: CatalogFile.Mistakes.self) {
            try CatalogFile(text: "models: [{id: \(long), provider: openai, aliases: [\(long)]}]")
        }

        #expect(error?.list.count == 2)
    }
}
