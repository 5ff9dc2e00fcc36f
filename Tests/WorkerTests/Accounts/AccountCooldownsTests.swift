import Shared
import Testing

@testable import Worker

@Suite struct AccountCooldownsTests {
    private let now = ContinuousClock.now

    @Test func `a rate-limited account rests as long as the platform says and then is used again`() {
        let cooldowns = AccountCooldowns()
        cooldowns.note(JobFailure(.rateLimited, "x", retryAfter: .seconds(20)), account: "a", now: now)

        #expect(cooldowns.rest(of: "a", now: now)?.left == .seconds(20))
        #expect(cooldowns.rest(of: "b", now: now) == nil)
        #expect(cooldowns.rest(of: "a", now: now + .seconds(20)) == nil)
    }

    @Test func `a shorter rest does not end a longer one`() {
        let cooldowns = AccountCooldowns()
        cooldowns.note(JobFailure(.rateLimited, "x", retryAfter: .seconds(20)), account: "a", now: now)
        cooldowns.note(JobFailure(.rateLimited, "x", retryAfter: .seconds(1)), account: "a", now: now)

        #expect(cooldowns.rest(of: "a", now: now)?.left == .seconds(20))
    }

    @Test(arguments: [JobFailure.Kind.serverError, .network, .timeout, .invalidRequest, .contentFiltered, .cancelled])
    func `one blip does not rest an account`(_ kind: JobFailure.Kind) {
        let cooldowns = AccountCooldowns()
        cooldowns.note(JobFailure(kind, "x"), account: "a", now: now)
        #expect(cooldowns.rest(of: "a", now: now) == nil)
    }

    @Test func `only limits that pass by themselves are capacity to wait for`() {
        let cooldowns = AccountCooldowns()
        cooldowns.note(JobFailure(.rateLimited, "x", retryAfter: .seconds(20)), account: "limited", now: now)
        cooldowns.note(JobFailure(.authentication, "x"), account: "wrong key", now: now)
        let accounts = ["limited", "wrong key", "fresh"].map { Account(id: $0, provider: .openai) }

        #expect(cooldowns.earliestCapacity(of: accounts, now: now) == .seconds(20))
        #expect(cooldowns.earliestCapacity(of: Array(accounts.dropFirst()), now: now) == nil)
    }
}
