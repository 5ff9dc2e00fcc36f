import Shared
import Testing

@Suite struct RouteHealthTests {
    private let rules = HealthRules()

    private func health(_ outcomes: [(Int64, Observation.Outcome)], from health: RouteHealth = RouteHealth())
        -> RouteHealth
    {
        var health = health
        for (at, outcome) in outcomes { health.note(Observation(outcome, began: at, ended: at), rules) }
        return health
    }

    private func failures(_ count: Int, from: Int64 = 0) -> [(Int64, Observation.Outcome)] {
        (0..<count).map { (from + Int64($0), .failed(.serverError)) }
    }

    @Test func `five failures in a row open the circuit, four do not`() {
        #expect(health(failures(4)).circuit(at: 10) == .closed)
        let open = health(failures(5))
        #expect(open.circuit(at: 10) == .open)
        #expect(open.reason == .serverError)
    }

    @Test func `more than half of the outcomes within the window open it, older ones do not count`() {
        let mixed: [(Int64, Observation.Outcome)] = [
            (1, .answered(seconds: 1)), (2, .failed(.timeout)), (3, .failed(.timeout)), (4, .answered(seconds: 1)),
            (5, .failed(.timeout)),
        ]
        #expect(health(mixed).circuit(at: 6) == .open)
        let old = mixed.dropLast() + [(70_000, .failed(.timeout))]
        #expect(health(Array(old)).circuit(at: 70_001) == .closed)
    }

    @Test func `an open circuit lets a trial through, which closes it or opens it for longer`() throws {
        let open = health(failures(5))
        let until = try #require(open.openUntil)
        #expect(until == 4 + rules.open.milliseconds)
        #expect(open.circuit(at: until) == .halfOpen)

        let closed = health([(until, .answered(seconds: 0.2))], from: open)
        #expect(closed.circuit(at: until) == .closed)
        #expect(closed.reason == nil)

        let again = health([(until, .failed(.network))], from: open)
        #expect(again.openUntil == until + 2 * rules.open.milliseconds)
        #expect(health([(again.openUntil ?? 0, .answered(seconds: 1))], from: again).openings == 0)
    }

    @Test func `calls from before the opening neither close it nor open it for longer`() throws {
        let open = health(failures(5))
        var late = open
        late.note(Observation(.answered(seconds: 9), began: 1, ended: 9_000), rules)
        late.note(Observation(.failed(.timeout), began: 2, ended: 9_001), rules)
        #expect(late.openUntil == open.openUntil)
    }

    @Test func `the pause between trials has an upper bound`() {
        var health = health(failures(5))
        for _ in 0..<20 {
            let at = health.openUntil ?? 0
            health.note(Observation(.failed(.serverError), began: at, ended: at), rules)
            #expect((health.openUntil ?? 0) - at <= rules.openMost.milliseconds)
        }
    }

    @Test func `a platform's Retry-After is kept to, and a shorter one does not end it`() {
        let limited = health([(0, .limited(.rateLimited, retryAfter: .seconds(20)))])
        #expect(limited.coolDown(at: 19_999) == .milliseconds(1))
        #expect(limited.coolDown(at: 20_000) == nil)
        #expect(limited.circuit(at: 1) == .closed)
        let shorter = health([(1, .limited(.rateLimited, retryAfter: .seconds(2)))], from: limited)
        #expect(shorter.coolDown(at: 19_999) == .milliseconds(1))
        #expect(health([(0, .limited(.rateLimited, retryAfter: nil))]).coolDown(at: 0) == rules.rateLimited)
    }

    @Test func `one blip of refused keys disables nothing, however many calls were under way`() {
        var blip = RouteHealth()
        for at in 0..<50 { blip.note(Observation(.refused, began: 0, ended: Int64(at)), rules) }
        #expect(!blip.isDisabled)
        #expect(blip.refusals == 1)
        let rest = blip.coolDownUntil

        var recovered = blip
        recovered.note(Observation(.answered(seconds: 1), began: rest, ended: rest + 1), rules)
        recovered.note(Observation(.refused, began: rest + 2, ended: rest + 3), rules)
        #expect(!recovered.isDisabled)

        blip.note(Observation(.refused, began: rest, ended: rest + 1), rules)
        #expect(blip.isDisabled)
        #expect(blip.reason == .authentication)
    }

    @Test func `a key that is refused again and again is disabled, though it is tried all the time`() {
        var health = RouteHealth()
        for at in stride(from: Int64(0), through: 6_000, by: 100) {
            health.note(Observation(.refused, began: at, ended: at + 1), rules)
        }
        #expect(health.isDisabled)
    }

    @Test func `an answer ends a rest for a refused key, unless it was asked for before`() {
        let refused = health([(1_000, .refused)])
        var late = refused
        late.note(Observation(.answered(seconds: 1), began: 900, ended: 1_100), rules)
        #expect(late.coolDown(at: 1_101) != nil)
        late.note(Observation(.answered(seconds: 1), began: 1_050, ended: 1_200), rules)
        #expect(late.coolDown(at: 1_201) == nil && late.reason == nil && late.refusals == 0)
        var limited = health([(1_000, .limited(.rateLimited, retryAfter: .seconds(20)))])
        limited.note(Observation(.answered(seconds: 1), began: 1_050, ended: 1_200), rules)
        #expect(limited.coolDown(at: 1_201) != nil)
    }

    @Test func `what was disabled comes back whole, or on probation`() {
        var disabled = RouteHealth()
        for at in [0, 10_000, 20_000] as [Int64] { disabled.note(Observation(.refused, began: at, ended: at), rules) }
        var restored = disabled
        restored.restore(at: 30_000, rules: rules)
        #expect(!restored.isDisabled && restored.coolDown(at: 30_000) == nil)
        restored.note(Observation(.refused, began: 30_001, ended: 30_002), rules)
        #expect(!restored.isDisabled)

        disabled.restore(at: 30_000, rules: rules, onProbation: true)
        disabled.note(Observation(.refused, began: 30_001, ended: 30_002), rules)
        #expect(disabled.isDisabled)
    }

    @Test func `the score sinks with failures and slowness and rises with answers`() {
        let fine = health([(0, .answered(seconds: 0.5))])
        #expect(fine.score(rules) == 1)
        let failed = health(failures(3))
        #expect(failed.score(rules) < 0.75)
        let slow = health([(0, .answered(seconds: 20))])
        #expect(slow.score(rules) == 0.5)
        let better = health((0..<30).map { ($0 + 10, .answered(seconds: 0.5)) }, from: failed)
        #expect(better.score(rules) > 0.95)
    }

    @Test func `a request's own fault says nothing about a route`() {
        #expect(Observation.outcome(of: JobFailure(.invalidRequest, "")) == .nothing)
        #expect(Observation.outcome(of: JobFailure(.cancelled, "")) == .nothing)
        #expect(
            Observation.outcome(of: JobFailure(.overloaded, "", retryAfter: .seconds(1)))
                == .limited(.overloaded, retryAfter: .seconds(1)))
        #expect(Observation.outcome(of: JobFailure(.overloaded, "")) == .failed(.overloaded))
        #expect(Observation.outcome(of: JobFailure(.unreadableAnswer, "")) == .nothing)
        let page = JobFailure(.unreadableAnswer, "", code: JobFailure.webPageCode)
        #expect(Observation.outcome(of: page) == .failed(.unreadableAnswer))
    }

    @Test func `health is the same after a journey through Redis`() {
        let states = [
            RouteHealth(), health(failures(7)), health([(5, .limited(.rateLimited, retryAfter: .seconds(9)))]),
            health([(0, .refused), (9_000, .refused)]),
            health([(3, .answered(seconds: 0.25)), (4, .failed(.network))]),
        ]
        for state in states { #expect(RouteHealth(decoding: state.encoded) == state) }
        #expect(RouteHealth(decoding: Array("[]".utf8)) == nil)
        for route in [RouteKey(account: "a"), RouteKey(account: "a b", model: "m/x:1")] {
            #expect(RouteKey(text: route.text) == route)
        }
    }
}
