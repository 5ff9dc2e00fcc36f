import TestSupport
import Testing

@testable import Shared
@testable import Worker

/// A worker with another `MASTER_KEY` than the accounts were sealed with hands its requests to other workers.
@Suite(.timeLimit(.minutes(1))) struct LockedAccountTests {
    private let right = try? SecretBox(masterKey: Secret(String(repeating: "0a", count: 32)))
    private let wrong = try? SecretBox(masterKey: Secret(String(repeating: "0b", count: 32)))

    private func seal(_ account: inout Account) {
        account.apiKeyEncrypted = try? right?.seal(Secret("sk-\(account.id)"), for: account.id)
    }

    @Test func `a request whose accounts it cannot open is handed back, uncounted, and served by another worker`()
        async throws
    {
        let stub = try ProviderStub.start { _ in .openAICompletion("fine") }
        try await PipelineFixture.run([stub], settings: ["HANDBACK_PAUSE": "3"], limits: seal) { fixture in
            let blind = try fixture.worker("blind", box: wrong)
            let able = try fixture.worker("able", box: right)
            let id = try await fixture.submit()

            try await blind.runOne()
            #expect(blind.pipeline.gate.isClosed)
            #expect(blind.healthRegistry.all.isEmpty)
            #expect(try await fixture.queue.stream(fixture.queue.keys.usage).isEmpty)
            try await fixture.promoteOne()
            try await able.runOne()

            #expect(try await fixture.end(id).status == "done")
            #expect(try await fixture.bills(id).count == 1)
        }
    }

    @Test func `without a MASTER_KEY it is the same`() async throws {
        let stub = try ProviderStub.start { _ in .openAICompletion("fine") }
        try await PipelineFixture.run([stub], settings: ["HANDBACK_PAUSE": "0.05"], limits: seal) { fixture in
            let id = try await fixture.submit()
            try await fixture.worker(box: nil).runOne()

            #expect(try await fixture.logIDs(id).isEmpty)
            #expect(try await fixture.waiting() == 1)
        }
    }

    @Test func `accounts that it can open are used`() async throws {
        let stubs = [
            try ProviderStub.start { _ in .openAICompletion("locked") },
            try ProviderStub.start { _ in .openAICompletion("open") },
        ]
        try await PipelineFixture.run(stubs, limits: { if $0.id == "a0" { seal(&$0) } }) { fixture in
            let id = try await fixture.submit()
            try await fixture.worker(box: wrong).runOne()

            #expect(try await fixture.end(id).trail == ["a1 ok"])
        }
    }

    @Test func `where its own accounts fail, the request is left to workers that have others`() async throws {
        let stubs = [
            try ProviderStub.start { _ in .openAICompletion("locked") },
            try ProviderStub.start { _ in
                .openAIError(status: 401, type: "invalid_request_error", code: "invalid_api_key")
            },
        ]
        let settings = ["HANDBACK_PAUSE": "0.05"]
        try await PipelineFixture.run(stubs, settings: settings, limits: { if $0.id == "a0" { seal(&$0) } }) {
            fixture in
            let id = try await fixture.submit()
            try await fixture.worker("blind", box: wrong).runOne()
            #expect(try await fixture.waiting() == 1)
            try await fixture.promoteOne()
            try await fixture.worker("able", box: right).runOne()

            #expect(try await fixture.end(id).status == "done")
        }
    }

    @Test func `a job of a dead worker that it takes over goes on with another worker`() async throws {
        let stub = try ProviderStub.start { _ in .openAICompletion("fine") }
        try await PipelineFixture.run([stub], limits: seal) { fixture in
            let id = try await fixture.submit()
            _ = try await fixture.queue.claimOne("dead")

            try await fixture.worker("blind", box: wrong).takeOverOne()
            #expect(try await fixture.waiting() == 1)
            try await fixture.promoteOne()
            try await fixture.worker("able", box: right).runOne()

            #expect(try await fixture.end(id).status == "done")
        }
    }

    @Test func `who handed something back claims nothing for as long, and nothing at all without an account`() {
        let gate = ClaimGate()
        #expect(!gate.isClosed)
        gate.close(for: .seconds(3600))
        #expect(gate.isClosed)

        let blind = ClaimGate()
        blind.setKeyless(true)
        #expect(blind.isClosed)
        blind.setKeyless(false)
        #expect(!blind.isClosed)
    }

    @Test func `an account whose sealed key is damaged is no candidate, and its requests end`() async throws {
        let stub = try ProviderStub.start { _ in .openAICompletion("fine") }
        try await PipelineFixture.run([stub], limits: { $0.apiKeyEncrypted = "v1.broken" }) { fixture in
            let worker = try fixture.worker(box: right)
            let id = try await fixture.submit()
            try await worker.runOne()

            #expect(try await fixture.end(id).code == "no_usable_account")
            #expect(worker.healthRegistry.all.isEmpty)
        }
    }

    @Test func `a key that cannot be opened is never the account's failure`() throws {
        var account = Account(id: "a", provider: .openai)
        seal(&account)
        let credentials = AccountCredentials(box: wrong)

        let error = #expect(throws: JobFailure.self) { try credentials.credential(of: account) }

        #expect(credentials.lock(of: account) == .otherMasterKey)
        #expect(error.map { Observation.outcome(of: $0) } == .nothing)
        #expect(error?.kind.blame == .ours)
        #expect(AccountCredentials(box: right).lock(of: account) == nil)
        let opened = try AccountCredentials(box: right).credential(of: account)
        #expect(opened.reveal() == "sk-a")
    }
}
