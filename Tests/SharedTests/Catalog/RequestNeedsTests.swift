import Testing

@testable import Shared

@Suite struct RequestNeedsTests {
    private let needs: RequestNeeds
    private let full = Model(id: "full", provider: .sandbox)
    private let blind = Model(id: "blind", provider: .sandbox, capabilities: Capabilities(["vision": false]))
    private let mute = Model(
        id: "mute", provider: .sandbox, capabilities: Capabilities(["vision": false, "streaming": false]))
    private let vectors = Model(id: "vectors", provider: .sandbox, capabilities: Capabilities(["embeddings": true]))

    init() throws {
        let image = #"{"type":"image_url","image_url":{"url":"https://x/y.png"}}"#
        let body = #"{"model":"m","stream":true,"messages":[{"role":"user","content":[\#(image)]}]}"#
        needs = RequestNeeds(.chat(try ChatRequest(decoding: Array(body.utf8))))
    }

    @Test func `only models that can do everything are able`() throws {
        #expect(needs.areMet(by: full))
        #expect(!needs.areMet(by: blind))
        #expect(try needs.able(among: [blind, full, vectors]).map(\.id) == ["full"])
    }

    @Test func `what no model has is named`() {
        #expect(throws: RequestNeeds.Shortfall.capabilities([.vision])) { try needs.able(among: [blind, mute]) }
    }

    @Test func `models that do not chat serve no chat`() {
        #expect(throws: RequestNeeds.Shortfall.operation) { try needs.able(among: [vectors]) }
    }

    @Test func `a mode that nobody knows is the default, and every mode is one of its platform`() {
        for provider in Provider.allCases {
            #expect(provider.mode(named: "of a newer build") == provider.mode(named: provider.modes.first))
            #expect(Set(provider.modes.map { "\(provider.mode(named: $0))" }).count == provider.modes.count)
        }
    }
}
