import Shared
import Testing

@testable import Submitter

@Suite struct ImportPlanTests {
    private func plan(
        _ rows: [JSONObject], _ product: ImportProduct = .oneAPI, prefix: String = "x-", isDisabled: Bool = false,
        catalog: CatalogSnapshot = CatalogSnapshot()
    ) throws -> ImportPlan {
        let channels = try rows.map { try #require(ChannelFixtures.row($0)) }
        return ImportPlan(
            channels, .init(product: product, prefix: prefix, isDisabled: isDisabled), catalog: catalog)
    }

    /// Product, type and base_url, then our platform, mode and address.
    private static let addresses: [(ImportProduct, Int, String, Provider, String?, String?)] = [
        (.oneAPI, 1, "", .openai, nil, nil),
        (.oneAPI, 1, "https://api.openai.com/", .openai, nil, nil),
        (.oneAPI, 1, "https://relay.example", .openai, "compatible", "https://relay.example/v1"),
        (.oneAPI, 1, "https://relay.example/v1", .openai, "compatible", "https://relay.example/v1"),
        (.newAPI, 8, "https://x.example/v1/chat/completions", .openai, "compatible", "https://x.example/v1"),
        (
            .oneAPI, 1, "https://gateway.ai.cloudflare.com/v1/a/b/openai", .openai, "compatible",
            "https://gateway.ai.cloudflare.com/v1/a/b/openai"
        ),
        (.oneAPI, 36, "", .openai, "compatible", "https://api.deepseek.com/v1"),
        (.newAPI, 43, "", .openai, "compatible", "https://api.deepseek.com/v1"),
        (.oneAPI, 40, "", .openai, "compatible", "https://ark.cn-beijing.volces.com/api/v3"),
        (.newAPI, 45, "doubao-coding-plan", .openai, "compatible", "https://ark.cn-beijing.volces.com/api/coding/v3"),
        (.newAPI, 25, "kimi-coding-plan", .openai, "compatible", "https://api.kimi.com/coding/v1"),
        (.oneAPI, 29, "", .openai, "compatible", "https://api.groq.com/openai/v1"),
        (.oneAPI, 14, "", .anthropic, nil, nil),
        (.newAPI, 14, "https://claude.example", .anthropic, nil, "https://claude.example"),
        (.oneAPI, 16, "", .zhipu, nil, nil),
        (.newAPI, 26, "https://z.example", .zhipu, nil, "https://z.example/api/paas/v4"),
        (.oneAPI, 17, "", .alibaba, nil, nil),
        (
            .oneAPI, 17, "https://dashscope-intl.aliyuncs.com", .alibaba, nil,
            "https://dashscope-intl.aliyuncs.com/api/v1"
        ),
        (.newAPI, 17, "", .alibaba, "compatible", nil),
        (
            .newAPI, 17, "https://dashscope-intl.aliyuncs.com", .alibaba, "compatible",
            "https://dashscope-intl.aliyuncs.com/compatible-mode/v1"
        ),
        (.oneAPI, 47, "", .baidu, "native", nil),
        (.newAPI, 46, "", .baidu, "native", nil),
        // To be called exactly as they stand.
        (.newAPI, 8, "https://x.example/plan/v3/chat/completions?", .openai, "compatible", "https://x.example/plan/v3"),
        (.oneAPI, 1, "https://x.example/v4/chat/completions#", .openai, "compatible", "https://x.example/v4"),
        (.oneAPI, 8, "https://x.example/v4/chat/completions/#/none", .openai, "compatible", "https://x.example/v4"),
        (.newAPI, 14, "https://c.example/v1/messages?", .anthropic, nil, "https://c.example/v1"),
        (.oneAPI, 50, "http://10.0.0.1:8000/v1", .openai, "compatible", "http://10.0.0.1:8000/v1"),
        (.newAPI, 43, "https://api.deepseek.com/chat/completions#", .openai, "compatible", "https://api.deepseek.com"),
        (.newAPI, 1, " https://x.example/v1/embeddings? ", .openai, "compatible", "https://x.example/v1"),
        // Pasted as they were found somewhere.
        (.newAPI, 1, "https://x.example/v1/\n", .openai, "compatible", "https://x.example/v1"),
        (.oneAPI, 1, "HTTPS://x.example/v1/v1", .openai, "compatible", "https://x.example/v1"),
        (.oneAPI, 8, "https://x.example/v1/v1/chat/completions/", .openai, "compatible", "https://x.example/v1"),
        (.newAPI, 8, "https://x.example/v1/embeddings", .openai, "compatible", "https://x.example/v1"),
        (.newAPI, 8, "https://x.example/v1/completions", .openai, "compatible", "https://x.example/v1"),
        (.oneAPI, 14, "https://c.example/v1/messages", .anthropic, nil, "https://c.example/v1"),
        // The platform's own, in more words.
        (.oneAPI, 1, "https://api.openai.com/v1", .openai, nil, nil),
        (.newAPI, 1, "https://api.openai.com/v1/chat/completions#", .openai, nil, nil),
        (.newAPI, 26, "https://open.bigmodel.cn/api/paas/v4/chat/completions", .zhipu, nil, nil),
        (.newAPI, 17, "https://dashscope.aliyuncs.com/compatible-mode/v1/", .alibaba, "compatible", nil),
    ]

    @Test(arguments: addresses)
    func `a type becomes a platform, a mode and an address`(
        _ product: ImportProduct, _ type: Int, _ url: String, _ provider: Provider, _ mode: String?, _ address: String?
    ) throws {
        let plan = try plan([["type": .int(type), "base_url": .string(url)]], product)
        let account = try #require(plan.accounts.first?.declared.account)
        #expect(account.provider == provider)
        #expect(account.mode == mode)
        #expect(account.baseURL == address)
    }

    /// Row, words of the reason.
    private static let refusals: [(JSONObject, String)] = [
        (["type": 3], "Azure"), (["type": 24], "Gemini"), (["type": 4242], "unknown"),
        (["type": 8], "no base_url"), (["type": 8, "base_url": "ftp://x"], "http"),
        (["type": 8, "base_url": "x.example/v1"], "http"), (["type": 8, "base_url": "https://x .example"], "http"),
        (["type": 8, "base_url": "https://x/v1#"], "exact"), (["type": 8, "base_url": "#"], "no base_url"),
        (["type": 8, "base_url": "https://x/{model}"], "placeholder"),
        (["type": 8, "base_url": "https://x/plan/v3#"], "exact"), (["type": 1, "base_url": "https://x/own?"], "exact"),
        (["type": 8, "base_url": "https://x/v1/chat/completions?key=zanzibar"], "secret"),
        (["type": 8, "base_url": "https://user:zanzibar@x"], "secret"), (["key": ""], "no key"),
        (["type": 15, "key": "zanzibar"], "form"), (["type": 23, "key": "a|zanzibar"], "form"),
        (["models": ""], "no model"), (["models": "whisper-1,tts-1"], "no model"),
    ]

    @Test(arguments: refusals)
    func `what cannot be served is left out with the reason`(_ row: JSONObject, _ words: String) throws {
        let plan = try plan([row])
        #expect(plan.accounts.isEmpty)
        #expect(plan.skipped.first?.text.contains(words) == true, "\(plan.skipped)")
        #expect(!ImportReport(plan: plan, isApplied: false).text.contains("zanzibar"))
    }

    @Test func `keys take our form, and parts of them become settings`() throws {
        func key(_ row: JSONObject) throws -> (String?, [String: String]) {
            let entry = try #require(try plan([row], .newAPI).accounts.first?.declared)
            guard case .plain(let secret) = entry.key else { return (nil, entry.account.settings) }
            return (secret.reveal(), entry.account.settings)
        }
        #expect(try key(["type": 15, "key": "AK|SK"]) == ("AK:SK", [:]))
        #expect(try key(["type": 23, "key": "app|id|key"]) == ("id:key", [:]))
        #expect(try key(["type": 46, "key": "bce-v3/x|app-1"]) == ("bce-v3/x", ["appid": "app-1"]))
        #expect(try key(["type": 4, "key": ""]) == (nil, [:]))
        for column in ["open_ai_organization", "openai_organization"] {
            #expect(try key([column: "org-1"]).1 == ["organization": "org-1"])
        }
        let headers: JSONObject = ["header_override": #"{"X-A":"1","Authorization":"zanzibar","X-B":"{api_key}"}"#]
        #expect(try key(headers).1 == ["headers": "X-A: 1"])
    }

    @Test func `many keys become many accounts, each with its own status`() throws {
        let plan = try plan(
            [
                [
                    "key": "sk-zanzibar-aaaaaaaa\n sk-zanzibar-bbbbbbbb\n", "weight": 4,
                    "channel_info": #"{"multi_key_status_list":{"1":3}}"#,
                ]
            ], .newAPI)
        #expect(plan.accounts.map(\.declared.account.id) == ["x-1-1", "x-1-2"])
        #expect(plan.accounts.map(\.declared.account.status) == [.active, .disabled])
        #expect(plan.accounts.map(\.maskedKey) == ["…aaaa", "…bbbb"])
        #expect(plan.accounts.map(\.declared.account.weight) == [4, 4])
        let array = try self.plan([["key": #"["sk-1\n"," ","sk-2"]"#]], .newAPI)
        #expect(array.accounts.count == 2)
    }

    @Test(arguments: [(1, Account.Status.active), (2, .disabled), (3, .disabled), (9, .disabled)])
    func `the status is carried over`(_ theirs: Int, _ ours: Account.Status) throws {
        #expect(try plan([["status": .int(theirs)]]).accounts.first?.declared.account.status == ours)
        #expect(
            try plan([["status": .int(theirs)]], isDisabled: true).accounts.first?.declared.account.status == .disabled)
    }

    @Test func `models of the catalogue are kept, missing ones made without a price`() throws {
        let known = Model(id: "gpt", provider: .openai, modelID: "gpt-4o", prices: Prices(input: 5))
        let plan = try plan([["models": "gpt-4o,text-embedding-3-small"]], catalog: CatalogSnapshot(models: [known]))
        #expect(plan.models.map(\.isKept) == [true, false])
        #expect(plan.file.models.map(\.id) == ["text-embedding-3-small"])
        #expect(plan.file.models.first?.capabilities.serves(.embeddings) == true)
        #expect(plan.accounts.first?.declared.account.models == ["gpt", "text-embedding-3-small"])
        #expect(
            plan.warnings.contains { $0.text.contains("count as free") && $0.text.contains("text-embedding-3-small") })
    }

    @Test func `a mapped name is a model with the upstream's id`() throws {
        let plan = try plan([
            ["models": "small,big", "model_mapping": #"{"small":"m-1","big":"middle","middle":"m-2","loop":"loop"}"#]
        ])
        #expect(plan.models.map { "\($0.model.id) \($0.model.modelID)" } == ["big m-2", "small m-1"])
    }

    @Test func `a name with several meanings is several models, best priority first`() throws {
        let plan = try plan([
            ["id": 1, "models": "m", "priority": 1],
            ["id": 2, "models": "m", "priority": 5, "model_mapping": #"{"m":"other"}"#],
            ["id": 3, "models": "m", "priority": 1, "type": 14],
        ])
        let models = plan.models.map(\.model)
        #expect(models.map(\.id) == ["m", "m@anthropic", "m@openai"])
        #expect(models.map(\.modelID) == ["other", "m", "m"])
        #expect(models.map(\.priority) == [5, 1, 1])
        #expect(plan.accounts.map(\.declared.account.models) == [["m@openai"], ["m"], ["m@anthropic"]])
        let after = CatalogSnapshot(models: models)
        #expect(after.models(matching: "m").count == 3)

        let again = ImportPlan(
            try [1, 2].map { try #require(ChannelFixtures.row(["id": .int($0), "models": "m", "priority": 1])) },
            .init(product: .oneAPI, prefix: "x-"), catalog: after)
        #expect(again.file.models.isEmpty)
        #expect(again.accounts.map(\.declared.account.models) == [["m@openai"], ["m@openai"]])
    }

    @Test func `a second import updates accounts and leaves their status`() throws {
        let catalog = CatalogSnapshot(accounts: [
            Account(
                id: "x-1", provider: .openai, quotaLimit: 9, requestsPerMinute: 7, settings: ["project": "p"],
                models: ["m"]),
            Account(id: "x-2", provider: .zhipu),
        ])
        let plan = try plan([["id": 1], ["id": 2]], catalog: catalog)
        #expect(plan.accounts.map(\.isKnown) == [true])
        #expect(plan.accounts.first?.declared.givesStatus == false)
        let account = plan.accounts.first?.declared.account
        #expect(account?.quotaLimit == 9)
        #expect(account?.requestsPerMinute == 7)
        #expect(account?.settings == ["project": "p"])
        #expect(plan.skipped.first?.text.contains("--prefix") == true)
    }

    @Test func `accounts that would be asked for the imported models are named`() throws {
        let catalog = CatalogSnapshot(accounts: [Account(id: "open", provider: .openai)])
        #expect(try plan([[:]], catalog: catalog).warnings.contains { $0.about == "account open" })
    }

    @Test func `what is not carried over is told`() throws {
        let warnings = try plan([
            [
                "group": "default,vip", "param_override": #"{"temperature":0}"#, "setting": #"{"proxy":""}"#,
                "system_prompt": "be brief",
            ]
        ]).warnings.map(\.text)
        #expect(warnings.contains { $0.contains("vip") })
        #expect(warnings.contains { $0.contains("param_override") })
        #expect(warnings.contains { $0.contains("system_prompt") })
        #expect(!warnings.contains { $0.contains("its setting") })
    }

    @Test func `a short key is not shown at all`() {
        #expect(ImportPlan.mask(Secret("short")) == "…")
        #expect(ImportPlan.mask(nil) == "none")
    }
}
