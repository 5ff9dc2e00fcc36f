import Testing

@testable import Shared
@testable import Submitter

@Suite struct PoolReportTests {
    private let rules = HealthRules()
    private let now: Int64 = 1_000_000

    private func health(_ outcomes: Observation.Outcome...) -> RouteHealth {
        var health = RouteHealth()
        for outcome in outcomes { health.note(Observation(outcome, began: now - 1, ended: now), rules) }
        return health
    }

    /// The report's only account.
    private func account(
        whole: RouteHealth? = nil, models: [String: RouteHealth] = [:], quota: (used: Int64, limit: Int64)? = nil
    ) throws -> JSON {
        var account = Account(id: "a", provider: .openai)
        account.quotaLimit = quota?.limit
        let reading = PoolReader.Reading(
            account: account, whole: whole, models: models, running: 0, requests: 0, tokens: 0, quotaUsed: quota?.used)
        let report = PoolReport([reading], workers: 1, rooms: [], database: nil, hasCatalog: true, now: now)
        return try #require(report.json["accounts"]?.arrayValue?.first)
    }

    @Test func `an account rests until the first of its models is back, though it was probed meanwhile`() throws {
        let limited = { (seconds: Int) in
            self.health(.limited(.rateLimited, retryAfter: .seconds(seconds)))
        }
        let found = try account(
            whole: health(.answered(seconds: 1)), models: ["m": limited(20), "n": limited(9)])
        #expect(found["state"] == "resting")
        #expect(found["reason"] == "rate_limited")
        #expect(found["rests_ms"] == 9000)
        #expect(found["models"]?.arrayValue?.map { $0["rests_ms"] } == [20000, 9000])
    }

    @Test func `a circuit that is open for all models is the account's`() throws {
        let broken = health(
            .failed(.serverError), .failed(.serverError), .failed(.serverError), .failed(.serverError),
            .failed(.serverError))
        let found = try account(whole: health(.answered(seconds: 1)), models: ["m": broken])
        #expect(found["state"] == "circuit_open" && found["circuit"] == "open" && found["reason"] == "server_error")
        #expect(found["opens_again_ms"] == .int(Int(rules.open.milliseconds)))
        #expect(try account(models: ["m": broken, "n": health(.answered(seconds: 1))])["state"] == "ok")
    }

    @Test func `a quota that is used up is a reason`() throws {
        let found = try account(quota: (used: 10, limit: 10))
        #expect(found["state"] == "quota_exhausted" && found["reason"] == "quota_limit")
        #expect(try account(quota: (used: 9, limit: 10))["state"] == "ok")
    }
}
