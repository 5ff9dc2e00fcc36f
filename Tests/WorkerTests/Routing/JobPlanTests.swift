import Shared
import Testing

@testable import Worker

@Suite struct JobPlanTests {
    private let catalog = CatalogSnapshot(
        models: [Model(id: "m", provider: .openai, cacheTTL: 60)],
        accounts: [Account(id: "a", provider: .openai), Account(id: "b", provider: .openai)])

    private func plan(_ use: RouteFitness.Use = .ready, lock: KeyLock? = nil) throws -> JobPlan {
        let request = try ModelRequest.chat(
            ChatRequest(validating: ["model": "m", "messages": [["role": "user", "content": "hi"]]]))
        let candidates = try Candidates(for: request, provider: nil, in: catalog)
        let ranked = RankedRoutes(
            candidates, strategy: PriorityStrategy(), dice: RoutingDice(turn: 0),
            cost: ExpectedCost(promptTokens: 1, outputTokens: 1), tokens: { _ in 7 },
            knowledge: { _ in RouteKnowledge(fitness: RouteFitness(use: use, score: 1), lock: lock) })
        return JobPlan(
            Job(id: "0-abcdefgh", deadline: 0, body: .stored), enqueuedAt: 0, request: request,
            choice: .init(candidates: candidates, strategy: .priority, affinity: nil), ranked: ranked)
    }

    @Test func `a usable account is a route, which an attempt is expected to take`() throws {
        let plan = try plan()

        guard case .route(let ranked) = plan.step else {
            Issue.record("no route")
            return
        }
        #expect(ranked.routes.map(\.account.id) == ["a", "b"])
        #expect(plan.expectedBooking == .route(ranked.routes[0], nil))
        #expect(plan.refusal == nil)
    }

    @Test func `a cool-down for a limit is waited for`() throws {
        let plan = try plan(.coolDown(.seconds(20), isForCapacity: true))

        guard case .waiting(.coolDown(let length)) = plan.step else {
            Issue.record("no wait")
            return
        }
        #expect(length == .seconds(20))
        #expect(plan.refusal?.kind == .noCapacity)
        #expect(plan.expectedBooking == .none)
    }

    @Test func `keys that only other workers can open are left to them`() throws {
        let plan = try plan(lock: .otherMasterKey)

        guard case .waiting(.otherWorkers) = plan.step else {
            Issue.record("no wait")
            return
        }
        #expect(plan.refusal?.code == "key_not_opened")
    }

    @Test func `damaged keys and disabled accounts are refused`() throws {
        for plan in [try plan(lock: .damaged), try plan(.disabled)] {
            guard case .refused(let failure) = plan.step else {
                Issue.record("not refused")
                return
            }
            #expect(failure.code == "no_usable_account")
            #expect(plan.cacheTTL == nil)
        }
    }

    @Test func `a kept answer takes the place of a route and of a wait`() throws {
        let kept = CachedAnswer(
            model: "m", upstreamModel: nil, finishReason: "stop", usage: TokenUsage(input: 1, output: 1), body: [])
        for planned in [try plan(), try plan(.coolDown(.seconds(1), isForCapacity: true))] {
            #expect(planned.cacheTTL == 60)

            let plan = JobPlan(planned, CachePlan(key: "k", seconds: 60), kept)

            #expect(plan.cachedAnswer != nil)
            #expect(plan.refusal == nil)
            #expect(plan.expectedBooking == .none)
        }
    }
}
