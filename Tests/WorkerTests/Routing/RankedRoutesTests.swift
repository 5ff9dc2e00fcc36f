import Shared
import Testing

@testable import Worker

@Suite struct RankedRoutesTests {
    private typealias Use = RouteFitness.Use

    private let catalog = CatalogSnapshot(
        models: [
            Model(id: "big", provider: .openai, priority: 9, aliases: ["any"], fallbackModels: ["spare"]),
            Model(id: "small", provider: .zhipu, priority: 1, aliases: ["any"]),
            Model(id: "spare", provider: .sandbox),
        ],
        accounts: [
            Account(id: "o1", provider: .openai, weight: 2), Account(id: "o2", provider: .openai),
            Account(id: "z", provider: .zhipu), Account(id: "s", provider: .sandbox),
        ])

    private func rank(_ uses: [String: Use] = [:], scores: [String: Double] = [:], tried: [Route] = []) throws
        -> RankedRoutes
    {
        let request = try ModelRequest.chat(
            ChatRequest(validating: ["model": "any", "messages": [["role": "user", "content": "hi"]]]))
        return RankedRoutes(
            try Candidates(for: request, provider: nil, in: catalog), strategy: PriorityStrategy(),
            dice: RoutingDice(turn: 0), cost: ExpectedCost(promptTokens: 1, outputTokens: 1), tried: tried,
            tokens: { _ in 7 },
            knowledge: { route in
                .init(fitness: .init(use: uses[route.account.id] ?? .ready, score: scores[route.account.id] ?? 1))
            })
    }

    private func names(_ ranked: RankedRoutes) -> [String] { ranked.routes.map { "\($0.model.id) \($0.account.id)" } }

    @Test func `models in the strategy's order, then fallbacks, one group each`() throws {
        let ranked = try rank()
        #expect(names(ranked) == ["big o1", "big o2", "small z", "spare s"])
        #expect(ranked.candidates.map(\.group) == [0, 0, 1, 2])
        #expect(ranked.candidates.allSatisfy { $0.tokens == 7 && $0.factor == 1 && $0.trial == nil })
    }

    @Test func `disabled, resting and open routes are left out; what rests for a limit comes back`() throws {
        let ranked = try rank([
            "o1": .disabled, "o2": .coolDown(.seconds(20), isForCapacity: true),
            "z": .coolDown(.seconds(5), isForCapacity: false), "s": .ready,
        ])
        #expect(names(ranked) == ["spare s"])
        #expect(ranked.earliest == .seconds(20))
    }

    @Test func `accounts that are out are named with their state`() throws {
        let ranked = try rank(["o1": .disabled, "o2": .disabled, "z": .disabled, "s": .disabled])
        #expect(names(ranked).isEmpty)
        #expect(ranked.excluded == ["o1": "disabled", "o2": "disabled", "z": "disabled", "s": "disabled"])
        let plan = JobPlan(
            Job(id: "0-abcdefgh", deadline: 0, body: .stored), enqueuedAt: 0,
            request: .chat(
                try ChatRequest(validating: ["model": "any", "messages": [["role": "user", "content": "hi"]]])),
            choice: .init(
                candidates: try Candidates(
                    for: .chat(
                        ChatRequest(validating: ["model": "any", "messages": [["role": "user", "content": "hi"]]])),
                    provider: nil, in: catalog),
                strategy: .priority, affinity: nil),
            ranked: ranked)
        #expect(plan.refusal?.code == "no_usable_account")
        #expect(plan.refusal?.message == "o1 is disabled, o2 is disabled, s is disabled, z is disabled")
    }

    @Test func `a half-open circuit takes part by a trial`() throws {
        let ranked = try rank(["o1": .trial("o1 big")])
        #expect(ranked.candidates.first?.trial == "o1 big")
    }

    @Test func `open circuits are tried only where nothing else is left`() throws {
        #expect(try names(rank(["o1": .open, "o2": .open])) == ["small z", "spare s"])
        let all: [String: Use] = ["o1": .open, "o2": .disabled, "z": .open, "s": .open]
        #expect(try names(rank(all)) == ["big o1", "small z", "spare s"])
        var waiting = all
        waiting["z"] = .coolDown(.seconds(3), isForCapacity: true)
        #expect(try names(rank(waiting)).isEmpty)
    }

    @Test func `a key that was refused a moment ago is tried where nothing else is left`() throws {
        var uses: [String: Use] = [
            "o1": .coolDown(.seconds(5), isForCapacity: false), "o2": .disabled, "z": .disabled, "s": .disabled,
        ]
        #expect(try names(rank(uses)) == ["big o1"])
        uses["s"] = .coolDown(.seconds(20), isForCapacity: true)
        #expect(try names(rank(uses)).isEmpty)
        uses["s"] = .ready
        #expect(try names(rank(uses)) == ["spare s"])
        // One that is well and has just failed is waited for.
        let spare = try #require(try rank(uses).routes.first)
        #expect(try names(rank(uses, tried: [spare])).isEmpty)
    }

    @Test func `routes that failed are not tried again`() throws {
        let tried = try rank().routes.prefix(2)
        #expect(try names(rank(tried: Array(tried))) == ["small z", "spare s"])
    }

    @Test func `small differences of health do not decide between accounts`() throws {
        let ranked = try rank(scores: ["o1": 0.97, "o2": 1, "z": 0.42, "s": 0])
        #expect(ranked.candidates.map(\.factor) == [1, 1, 0.4, 0.05])
    }
}
