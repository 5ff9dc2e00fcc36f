import Shared
import TestSupport
import Testing

@testable import Worker

/// Bodies that travel beside their entries: there for as long as somebody may need them, and no longer.
@Suite(.timeLimit(.minutes(1))) struct BodyTests {
    private static let large =
        #"{"model":"m","messages":[{"role":"user","content":"\#(String(repeating: "u", count: 20_000))"}]}"#

    private func hasBody(_ fixture: PipelineFixture, _ id: String) async throws -> Bool {
        try await fixture.queue.ttl(fixture.queue.keys.request(id)) > 0
    }

    private func held(by gates: [Gate]) throws -> ProviderStub {
        try ProviderStub.start { request in
            var reply = StubReply.openAICompletion("fine")
            reply.steps.insert(.waitFor(gates[request.index]), at: 0)
            return reply
        }
    }

    @Test func `21: a fenced worker leaves the body to the one that runs the request now`() async throws {
        let gates = [Gate(), Gate()]
        let stub = try held(by: gates)
        try await PipelineFixture.run([stub]) { fixture in
            let id = try await fixture.submit(Self.large)
            let (old, new) = (try fixture.worker("w1"), try fixture.worker("w2"))
            async let fenced: Void = old.runOne()
            _ = try await stub.request(0)
            async let living: Void = new.takeOverOne()
            _ = try await stub.request(1)

            gates[0].release()
            try await fenced
            #expect(try await fixture.logIDs(id).last == "2-0")
            #expect(try await hasBody(fixture, id))

            gates[1].release()
            try await living
            #expect(try await fixture.end(id).status == "done")
            #expect(try await !hasBody(fixture, id))
        }
    }

    @Test func `a body goes with a request that was cancelled while it ran`() async throws {
        let gate = Gate()
        let stub = try held(by: [gate])
        try await PipelineFixture.run([stub]) { fixture in
            let id = try await fixture.submit(Self.large)
            let worker = try fixture.worker()
            async let run: Void = worker.runOne()
            _ = try await stub.request(0)

            try await worker.cancel(id)
            try await run

            #expect(try await !hasBody(fixture, id))
            #expect(try await fixture.leftovers() == 0)
        }
    }
}
