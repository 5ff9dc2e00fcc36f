import Shared
import Testing

@testable import Worker

@Suite struct CandidatesTests {
    private let catalog = CatalogSnapshot(
        models: [
            Model(id: "small", provider: .openai, priority: 1, aliases: ["fast"]),
            Model(id: "big", provider: .openai, priority: 9, aliases: ["fast"]),
            Model(id: "plain", provider: .openai, capabilities: Capabilities(["function_calling": false])),
            Model(id: "off", provider: .openai, isActive: false),
            Model(id: "lonely", provider: .baidu),
            Model(id: "other", provider: .openai),
            Model(id: "glm", provider: .zhipu, priority: 2, aliases: ["chinese"]),
            Model(id: "qwen", provider: .alibaba, priority: 1, aliases: ["chinese"]),
            Model(id: "vectors", provider: .openai, capabilities: Capabilities(["embeddings": true])),
        ],
        accounts: [
            Account(id: "light", provider: .openai, weight: 1), Account(id: "heavy", provider: .openai, weight: 5),
            Account(id: "disabled", provider: .openai, status: .disabled),
            Account(id: "choosy", provider: .openai, weight: 2, models: ["other"]),
            Account(id: "glm", provider: .zhipu), Account(id: "qwen", provider: .alibaba),
        ])

    private func candidates(
        _ model: String, provider: Provider? = nil, tools: Bool = false, extra: JSONObject = [:]
    ) throws -> Candidates {
        var body: JSONObject = ["model": .string(model), "messages": [["role": "user", "content": "hi"]]]
        for member in extra.members { body.set(member.key, member.value) }
        if tools { body.set("tools", [["type": "function", "function": ["name": "f"]]]) }
        return try Candidates(
            for: .chat(ChatRequest(validating: .object(body))), provider: provider, in: catalog)
    }

    @Test func `an alias stands for all its models, each on all its active accounts`() throws {
        let routes = try candidates("fast").routes.map { "\($0.model.id) \($0.account.id)" }
        #expect(routes == ["big heavy", "big light", "small heavy", "small light"])
    }

    @Test func `an account serves the models that it names`() throws {
        #expect(try candidates("other").routes.map(\.account.id) == ["heavy", "choosy", "light"])
        #expect(try !candidates("small").routes.contains { $0.account.id == "choosy" })
    }

    @Test func `a platform that cannot say the request is passed over for one that can`() throws {
        #expect(try candidates("chinese").routes.map(\.model.id) == ["glm", "qwen"])
        #expect(try candidates("chinese", extra: ["stop": ["a", "b"]]).routes.map(\.model.id) == ["qwen"])
    }

    @Test func `accounts of one platform are judged by the mode that each speaks`() throws {
        let mixed = CatalogSnapshot(
            models: [Model(id: "m", provider: .tencent)],
            accounts: [
                Account(id: "a", provider: .tencent, mode: "native"), Account(id: "b", provider: .tencent),
                Account(id: "c", provider: .tencent, mode: "native"), Account(id: "d", provider: .tencent),
            ])
        let body: JSONObject = ["model": "m", "messages": [["role": "user", "content": "hi"]], "max_tokens": 5]
        let found = try Candidates(
            for: .chat(ChatRequest(validating: .object(body))), provider: nil, in: mixed)
        #expect(found.routes.map(\.account.id) == ["b", "d"])
    }

    @Test func `what no platform of the name can say is refused by field and platform`() {
        let failure = #expect(throws: JobFailure.self) {
            try candidates("chinese", extra: ["logit_bias": ["1": 2]])
        }
        #expect(failure?.kind == .unsupportedParameter)
        #expect(failure?.param == "logit_bias")
        #expect(failure?.message.hasPrefix("Zhipu") == true)
    }

    @Test func `a model for vectors does not chat, and the other way round`() throws {
        let chat = #expect(throws: JobFailure.self) { try candidates("vectors") }
        #expect(chat?.param == "model")
        let vectors = try ModelRequest.embeddings(
            EmbeddingsRequest(validating: ["model": "vectors", "input": "a"]))
        func ask(_ request: ModelRequest) throws -> Candidates {
            try Candidates(for: request, provider: nil, in: catalog)
        }
        #expect(try ask(vectors).routes.map(\.account.id) == ["heavy", "light"])
        let small = try ModelRequest.embeddings(EmbeddingsRequest(validating: ["model": "small", "input": "a"]))
        let refused = #expect(throws: JobFailure.self) { try ask(small) }
        #expect(refused?.kind == .unsupportedParameter)
    }

    @Test func `fallback models stand apart, in the order in which they are named, if they fit`() throws {
        let catalog = CatalogSnapshot(
            models: [
                Model(
                    id: "m", provider: .openai,
                    fallbackModels: ["tiny", "off", "deaf", "second", "m", "nobody", "first", "first"]),
                Model(id: "first", provider: .zhipu), Model(id: "second", provider: .openai),
                Model(id: "tiny", provider: .openai, contextTokens: 1),
                Model(id: "off", provider: .openai, isActive: false),
                Model(id: "deaf", provider: .openai, capabilities: Capabilities(["streaming": false])),
            ], accounts: [Account(id: "o", provider: .openai), Account(id: "z", provider: .zhipu)])
        let request = try ModelRequest.chat(
            ChatRequest(validating: [
                "model": "m", "messages": [["role": "user", "content": "hello there"]], "stream": true,
            ]))
        let found = try Candidates(for: request, provider: nil, in: catalog)
        #expect(found.options.map(\.model.id) == ["m"])
        #expect(found.fallbacks.map(\.model.id) == ["second", "first"])
    }

    @Test func `a model without an account is served by its fallback`() throws {
        let catalog = CatalogSnapshot(
            models: [Model(id: "m", provider: .baidu, fallbackModels: ["o"]), Model(id: "o", provider: .openai)],
            accounts: [Account(id: "o", provider: .openai)])
        let request = try ModelRequest.chat(
            ChatRequest(validating: ["model": "m", "messages": [["role": "user", "content": "hi"]]]))
        let found = try Candidates(for: request, provider: nil, in: catalog)
        #expect(found.options.isEmpty && found.fallbacks.map(\.model.id) == ["o"])
    }

    @Test func `a fallback may do what the model cannot, and hold what is too long for it`() throws {
        let catalog = CatalogSnapshot(
            models: [
                Model(
                    id: "m", provider: .openai, contextTokens: 10,
                    capabilities: Capabilities(["function_calling": false]), fallbackModels: ["large"]),
                Model(id: "large", provider: .openai, contextTokens: 1000),
            ], accounts: [Account(id: "o", provider: .openai)])
        let long = String(repeating: "many words ", count: 50)
        let bodies: [JSON] = [
            ["model": "m", "messages": [["role": "user", "content": .string(long)]]],
            [
                "model": "m", "messages": [["role": "user", "content": "hi"]],
                "tools": [["type": "function", "function": ["name": "f"]]],
            ],
        ]
        for body in bodies {
            let found = try Candidates(for: .chat(ChatRequest(validating: body)), provider: nil, in: catalog)
            #expect(found.options.isEmpty && found.fallbacks.map(\.model.id) == ["large"])
        }
        let longer = JSON.string(String(repeating: long, count: 20))
        let body: JSON = ["model": "m", "messages": [["role": "user", "content": longer]]]
        let failure = #expect(throws: JobFailure.self) {
            try Candidates(for: .chat(ChatRequest(validating: body)), provider: nil, in: catalog)
        }
        #expect(failure?.kind == .contextTooLong)
    }

    @Test(arguments: ["nobody", "off"])
    func `an unknown or inactive model is not found`(_ name: String) {
        let failure = #expect(throws: JobFailure.self) { try candidates(name) }
        #expect(failure?.kind == .modelNotFound)
        #expect(failure?.param == "model")
    }

    @Test func `a model on another platform than asked for is not found`() {
        let failure = #expect(throws: JobFailure.self) { try candidates("small", provider: .zhipu) }
        #expect(failure?.kind == .modelNotFound)
    }

    @Test func `a model that cannot do what the request needs is refused by that name`() {
        let failure = #expect(throws: JobFailure.self) { try candidates("plain", tools: true) }
        #expect(failure?.kind == .unsupportedParameter)
        #expect(failure?.message.contains("function_calling") == true)
    }

    @Test func `a platform without an account says so`() {
        let failure = #expect(throws: JobFailure.self) { try candidates("lonely") }
        #expect(failure?.code == "no_active_account")
    }

    @Test func `a model can be named with its platform`() throws {
        #expect(try candidates("zhipu/glm").routes.map(\.model.id) == ["glm"])
        #expect(try candidates("alibaba/chinese").routes.map(\.model.id) == ["qwen"])
        for name in ["zhipu/qwen", "nowhere/glm", "zhipu/", "/glm"] {
            #expect(throws: JobFailure.self) { try candidates(name) }
        }
    }

    /// Model, platform, words of the refusal.
    @Test(arguments: [
        ("nobody", nil, "does not exist"), ("off", nil, "disabled"), ("small", Provider.zhipu, "not served on zhipu"),
        ("lonely", nil, "no active account for baidu"),
    ])
    func `a refusal says which condition failed`(_ model: String, _ provider: Provider?, _ words: String) {
        let failure = #expect(throws: JobFailure.self) { try candidates(model, provider: provider) }
        #expect(failure?.message.contains(words) == true)
    }

    private func fitting(_ request: ModelRequest, contexts: [Int?]) throws -> [String] {
        let models = contexts.enumerated().map {
            Model(
                id: "m\($0.offset)", provider: .sandbox, contextTokens: $0.element,
                capabilities: Capabilities(["embeddings": true, "chat": true]), aliases: ["m"])
        }
        return try Candidates(
            for: request, provider: nil,
            in: CatalogSnapshot(models: models, accounts: [Account(id: "s", provider: .sandbox)])
        ).routes.map(\.model.id)
    }

    @Test func `a model that cannot hold prompt and answer is passed over`() throws {
        // 1,000 Chinese characters are about 667 tokens, and 4 for the frame.
        let body: JSONObject = [
            "model": "m", "messages": [["role": "user", "content": .string(String(repeating: "好", count: 1000))]],
            "max_tokens": 400,
        ]
        let chat = ModelRequest.chat(try ChatRequest(validating: .object(body)))
        // 0.8 × 1,071 = 857.
        #expect(try fitting(chat, contexts: [500, 850, 860, nil, 4096]) == ["m2", "m3", "m4"])

        let failure = #expect(throws: JobFailure.self) { try fitting(chat, contexts: [500, 850]) }
        #expect(failure?.kind == .contextTooLong)
        #expect(failure?.code == "context_length_exceeded")
        #expect(failure?.param == "messages")
        #expect(failure?.message.contains("1071") == true)
        #expect(failure?.message.contains("850") == true)
    }

    @Test func `texts for vectors are measured one by one`() throws {
        let texts = JSON.array((0..<50).map { _ in .string(String(repeating: "word ", count: 80)) })
        let vectors = ModelRequest.embeddings(try EmbeddingsRequest(validating: ["model": "m", "input": texts]))
        #expect(try fitting(vectors, contexts: [512]) == ["m0"])
        let failure = #expect(throws: JobFailure.self) { try fitting(vectors, contexts: [60]) }
        #expect(failure?.param == "input")
        let numbers: JSON = .array([.array((0..<90).map { .int($0) })])
        let tokens = ModelRequest.embeddings(try EmbeddingsRequest(validating: ["model": "m", "input": numbers]))
        #expect(try fitting(tokens, contexts: [80]) == ["m0"])
        #expect(throws: JobFailure.self) { try fitting(tokens, contexts: [70]) }
    }
}

extension Candidates {
    fileprivate var routes: [Route] {
        options.flatMap(\.routes)
    }
}
