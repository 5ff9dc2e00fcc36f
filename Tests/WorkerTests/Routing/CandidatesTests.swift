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
            Model(id: "lonely", provider: .zhipu),
        ],
        accounts: [
            Account(id: "light", provider: .openai, weight: 1), Account(id: "heavy", provider: .openai, weight: 5),
            Account(id: "disabled", provider: .openai, status: .disabled),
        ])

    private func candidates(
        _ model: String, provider: Provider? = nil, tools: Bool = false, resting: Set<String> = []
    ) throws -> Candidates {
        var body: JSONObject = ["model": .string(model), "messages": [["role": "user", "content": "hi"]]]
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
