import TestSupport
import Testing

@testable import Shared
@testable import Worker

/// Requests whose caller has spent its budget, however they came into the queue.
@Suite(.timeLimit(.minutes(1))) struct BudgetTests {
    private let spent = SpentBudgets(count: 1, asOf: 1, [(.tenant("poor"), .init(budget: "b", until: nil))])

    private func stub() throws -> ProviderStub { try ProviderStub.start { _ in .openAICompletion("fine") } }

    @Test func `no platform is called, no account is to blame, and the caller is told of its budget`() async throws {
        let stub = try stub()
        try await PipelineFixture.run([stub]) { fixture in
            let worker = try fixture.worker()
            worker.budgets.received(spent.encoded)
            let refused = try await fixture.submit(tenant: "poor")
            try await worker.runOne()
            let served = try await fixture.submit(tenant: "rich")
            try await worker.runOne()

            let end = try await fixture.end(refused)
            #expect(end.status == "error" && end.kind == .budgetExhausted && end.code == "budget_exhausted")
            #expect(end.message == "The budget b is used up; it does not begin anew.")
            #expect(end.trail == [" budget_exhausted"])
            #expect(try await fixture.end(served).kind == nil)
            #expect(stub.counters.requests == 1)
            let bill = try #require(try await fixture.bills(refused).first)
            #expect(bill.cost == 0 && bill.usage.input == 0 && bill.model == "m" && bill.errorKind == .budgetExhausted)
            #expect(worker.healthRegistry.all.allSatisfy { $0.value.failuresInRow == 0 })
            #expect(try await fixture.leftovers() == 0)
        }
    }

    @Test func `a request that waits for another attempt is refused at that one`() async throws {
        let stub = try ProviderStub.start { _ in .json(#"{"error":"down"}"#, status: 500) }
        try await PipelineFixture.run([stub]) { fixture in
            let worker = try fixture.worker()
            let id = try await fixture.submit(tenant: "poor")
            try await worker.runOne()
            worker.budgets.received(spent.encoded)
            try await fixture.promoteOne()
            try await worker.runOne()

            let end = try await fixture.end(id)
            #expect(end.kind == .budgetExhausted && end.trail == ["a0 server_error", " budget_exhausted"])
            #expect(stub.counters.requests == 1)
        }
    }
}
