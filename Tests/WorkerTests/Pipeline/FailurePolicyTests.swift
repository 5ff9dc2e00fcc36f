import Shared
import Testing

@testable import Worker

@Suite struct FailurePolicyTests {
    private func decide(
        _ kind: JobFailure.Kind, retryAfter: Duration? = nil, isShown: Bool = false, attempts: Int = 1,
        hasOtherRoute: Bool = false, unreadable: Int = 0, earliestCapacity: Duration? = nil,
        timeLeft: Duration = .seconds(600)
    ) -> FailurePolicy.Decision {
        FailurePolicy().decide(
            .init(
                failure: JobFailure(kind, "x", retryAfter: retryAfter), isShown: isShown, attempts: attempts,
                hasOtherRoute: hasOtherRoute, unreadable: unreadable, earliestCapacity: earliestCapacity,
                timeLeft: timeLeft, random: 0.5))
    }

    @Test(arguments: [
        JobFailure.Kind.invalidRequest, .unsupportedParameter, .contentFiltered, .contextTooLong, .modelNotFound,
        .undecodable, .cancelled, .deadlineExceeded, .internal,
    ])
    func `what no other route could mend goes to the caller`(_ kind: JobFailure.Kind) {
        #expect(decide(kind, hasOtherRoute: true) == .fail)
    }

    @Test(arguments: [
        JobFailure.Kind.authentication, .quotaExhausted, .rateLimited, .overloaded, .serverError, .network, .timeout,
        .streamBroken,
    ])
    func `another route is tried at once`(_ kind: JobFailure.Kind) {
        #expect(decide(kind, hasOtherRoute: true) == .nextRoute)
    }

    @Test(arguments: JobFailure.Kind.allCases)
    func `nothing is retried once text was shown`(_ kind: JobFailure.Kind) {
        #expect(decide(kind, isShown: true, hasOtherRoute: true) == .fail)
    }

    @Test func `a rate limit is waited out for as long as the platform asks, however many attempts were made`() {
        #expect(
            decide(.rateLimited, retryAfter: .seconds(90), attempts: 50, timeLeft: .seconds(91)) == .waitForCapacity)
        #expect(decide(.rateLimited, retryAfter: .seconds(90), attempts: 50, timeLeft: .seconds(90)) == .fail)
    }

    @Test func `waiting beyond the deadline is a failure at once`() {
        #expect(decide(.rateLimited, retryAfter: .seconds(90), timeLeft: .seconds(60)) == .fail)
    }

    @Test func `the pause covers the rest of the account that is free first`() {
        #expect(decide(.noCapacity, earliestCapacity: .seconds(7), timeLeft: .seconds(8)) == .waitForCapacity)
        #expect(decide(.noCapacity, earliestCapacity: .seconds(7), timeLeft: .seconds(7)) == .fail)
    }

    @Test func `a wrong key on the only account is not tried again`() {
        #expect(decide(.authentication) == .fail)
        #expect(decide(.quotaExhausted) == .fail)
    }

    @Test func `what a platform calls final goes to another account or to the caller, and is not waited for`() {
        func decide(_ kind: JobFailure.Kind, hasOtherRoute: Bool) -> FailurePolicy.Decision {
            var failure = JobFailure(kind, "x", retryAfter: .seconds(1))
            failure.isFinal = true
            return FailurePolicy().decide(
                .init(
                    failure: failure, isShown: false, attempts: 1, hasOtherRoute: hasOtherRoute,
                    earliestCapacity: .seconds(1), timeLeft: .seconds(600), random: 0.5))
        }
        for kind in [JobFailure.Kind.serverError, .rateLimited, .overloaded] {
            #expect(decide(kind, hasOtherRoute: true) == .nextRoute)
            #expect(decide(kind, hasOtherRoute: false) == .fail)
        }
    }

    @Test func `server errors are tried again with growing pauses, and not for ever`() {
        #expect(decide(.serverError, attempts: 1) == .later(.milliseconds(250)))
        #expect(decide(.serverError, attempts: 3) == .later(.seconds(1)))
        #expect(decide(.serverError, attempts: 6) == .fail)
    }

    @Test func `an answer that nobody can read is bought once more, of another account, and that is all`() {
        #expect(decide(.unreadableAnswer, hasOtherRoute: true, unreadable: 1) == .nextRoute)
        #expect(decide(.unreadableAnswer, attempts: 2, hasOtherRoute: true, unreadable: 2) == .fail)
        #expect(decide(.unreadableAnswer, unreadable: 1) == .fail)
        #expect(decide(.unreadableAnswer, attempts: 6, hasOtherRoute: true, unreadable: 1) == .fail)
    }

    @Test func `another account that is busy is waited for, where there is time`() {
        #expect(decide(.unreadableAnswer, unreadable: 1, earliestCapacity: .seconds(3)) == .later(.seconds(3)))
        #expect(decide(.unreadableAnswer, unreadable: 2, earliestCapacity: .seconds(3)) == .fail)
        #expect(decide(.unreadableAnswer, unreadable: 1, earliestCapacity: .seconds(601)) == .fail)
    }

    @Test func `a wrong key beside a resting account waits for that account`() {
        #expect(decide(.authentication, earliestCapacity: .seconds(3)) == .later(.seconds(3)))
    }
}
