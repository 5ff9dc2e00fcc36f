import Testing

@testable import Shared

/// Look-ups that routing does for every request.
@Suite struct CatalogSnapshotTests {
    private let snapshot = CatalogSnapshot(
        models: [
            Model(id: "m2", name: "Mini", provider: .zhipu, modelID: "glm-mini", aliases: ["fast"]),
            Model(id: "m1", name: "Mini", provider: .openai, modelID: "gpt-mini", aliases: ["fast", "m1"]),
            Model(id: "m3", provider: .openai, isActive: false),
        ],
        accounts: [
            Account(id: "c", provider: .openai, weight: 1),
            Account(id: "b", provider: .openai, weight: 5),
            Account(id: "a", provider: .openai, weight: 5),
            Account(id: "d", provider: .openai, status: .disabled, weight: 9),
            Account(id: "e", provider: .zhipu),
        ])

    @Test(arguments: [
        ("m1", ["m1"]), ("gpt-mini", ["m1"]), ("Mini", ["m1", "m2"]), ("fast", ["m1", "m2"]), ("m3", ["m3"]),
        ("mini", []), ("", []), ("FAST", []),
    ])
    func `a model is found by id, name, the platform's id and alias, each once`(_ name: String, _ ids: [String]) {
        #expect(snapshot.models(matching: name).map(\.id) == ids)
    }

    @Test func `a provider narrows the search`() {
        #expect(snapshot.models(matching: "fast", provider: .zhipu).map(\.id) == ["m2"])
        #expect(snapshot.models(matching: "fast", provider: .baidu).isEmpty)
    }

    @Test func `active accounts come by weight, then by id`() {
        let m1 = snapshot.models(matching: "m1")[0]
        #expect(snapshot.routes(of: m1).map(\.account.id) == ["a", "b", "c"])
        #expect(snapshot.routes(of: m1).allSatisfy { $0.model == m1 })
        #expect(snapshot.routes(of: Model(id: "x", provider: .tencent)).isEmpty)
    }

    @Test func `only an explicit false takes a capability away`() {
        let capabilities = Capabilities(["vision": false, "streaming": true])

        #expect(!capabilities.has(.vision))
        #expect(capabilities.has(.streaming))
        #expect(capabilities.has(.jsonMode))
    }
}
