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
        _ model: String, provider: Provider? = nil, tools: Bool = false, extra: JSONObject = [:],
        resting: Set<String> = []
    ) throws -> Candidates {
        var body: JSONObject = ["model": .string(model), "messages": [["role": "user", "content": "hi"]]]
        for member in extra.members { body.set(member.key, member.value) }
        if tools { body.set("tools", [["type": "function", "function": ["name": "f"]]]) }
        return try Candidates(
            for: .chat(ChatRequest(validating: .object(body))), provider: provider, strategy: PriorityStrategy(),
            in: catalog,
            isResting: { resting.contains($0.id) })
    }

    @Test func `an alias stands for all its models, best priority first, on all active accounts`() throws {
        let routes = try candidates("fast").ready.map { "\($0.model.id) \($0.account.id)" }
        #expect(routes == ["big heavy", "big light", "small heavy", "small light"])
    }

    @Test func `an account serves the models that it names`() throws {
        #expect(try candidates("other").ready.map(\.account.id) == ["heavy", "choosy", "light"])
        #expect(try !candidates("small").accounts.contains { $0.id == "choosy" })
    }

    @Test func `a platform that cannot say the request is passed over for one that can`() throws {
        #expect(try candidates("chinese").ready.map(\.model.id) == ["glm", "qwen"])
        #expect(try candidates("chinese", extra: ["stop": ["a", "b"]]).ready.map(\.model.id) == ["qwen"])
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
            for: .chat(ChatRequest(validating: .object(body))), provider: nil, strategy: PriorityStrategy(), in: mixed,
            isResting: { _ in false })
        #expect(found.ready.map(\.account.id) == ["b", "d"])
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
            try Candidates(
                for: request, provider: nil, strategy: PriorityStrategy(), in: catalog, isResting: { _ in false })
        }
        #expect(try ask(vectors).ready.map(\.account.id) == ["heavy", "light"])
        let small = try ModelRequest.embeddings(EmbeddingsRequest(validating: ["model": "small", "input": "a"]))
        let refused = #expect(throws: JobFailure.self) { try ask(small) }
        #expect(refused?.kind == .unsupportedParameter)
    }

    @Test func `a resting account is left out, but known`() throws {
        let found = try candidates("small", resting: ["heavy"])
        #expect(found.ready.map(\.account.id) == ["light"])
        #expect(found.accounts.map(\.id) == ["heavy", "light"])
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
}
