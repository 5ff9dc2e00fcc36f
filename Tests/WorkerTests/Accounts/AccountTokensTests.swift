import Shared
import Synchronization
import TestSupport
import Testing

@testable import Worker

@Suite struct AccountTokensTests {
    /// A platform that hands out `token-1`, `token-2`, … for a minute each.
    private final class Platform: Sendable {
        let asked = Mutex(0)
        let gate = Mutex(true)

        func ask(_ request: UpstreamRequest) async throws(JobFailure) -> UpstreamResponse {
            let number = asked.withLock { count in
                count += 1
                return count
            }
            while !gate.withLock({ $0 }) {
                do { try await EventLoopTimer.sleep(for: .milliseconds(1)) } catch {
                    throw JobFailure(.cancelled, "interrupted")
                }
            }
            return UpstreamResponse(status: 200, headers: { _ in nil }, body: Array("token-\(number)".utf8), now: 0)
        }
    }

    private struct Exchange: TokenExchange {
        var fails = false

        func begin(_ account: AccountView, now: Int64) throws(JobFailure) -> TokenStep {
            .ask(UpstreamRequest(url: "http://127.0.0.1:1/token", headers: [], body: [], isStream: false))
        }

        func token(_ response: UpstreamResponse) throws(JobFailure) -> AccessToken {
            if fails { throw JobFailure(.authentication, "no") }
            return AccessToken(credential: Credential(String(decoding: response.body, as: UTF8.self)), renewAt: 60_000)
        }
    }

    private let platform = Platform()
    private let tokens = AccountTokens()

    private func token(at now: Int64 = 0, fails: Bool = false) async throws(JobFailure) -> String {
        try await tokens.credential(
            of: "a", AccountView(credential: Credential("key")), Exchange(fails: fails), now: now,
            ask: { request throws(JobFailure) in try await platform.ask(request) }
        ).reveal()
    }

    @Test func `a hundred callers at once share one request`() async throws {
        platform.gate.withLock { $0 = false }
        try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<100 { group.addTask { try await token() } }
            try await eventually("somebody asks") { platform.asked.withLock { $0 } == 1 }
            platform.gate.withLock { $0 = true }
            for try await token in group { #expect(token == "token-1") }
        }
        #expect(platform.asked.withLock { $0 } == 1)
    }

    @Test func `a token is used until it is due, and then renewed`() async throws {
        #expect(try await token() == "token-1")
        #expect(try await token(at: 59_999) == "token-1")
        #expect(try await token(at: 60_000) == "token-2")
    }

    @Test func `a token that the platform refused is not used again`() async throws {
        let first = try await token()
        tokens.discard(Credential(first), of: "a")
        #expect(try await token() == "token-2")
        // A late refusal of the old one does not cost the new one.
        tokens.discard(Credential(first), of: "a")
        #expect(try await token() == "token-2")
    }

    @Test func `a refusal reaches all who wait, and the next one asks again`() async throws {
        platform.gate.withLock { $0 = false }
        await withTaskGroup(of: JobFailure?.self) { group in
            for _ in 0..<10 {
                group.addTask {
                    do throws(JobFailure) {
                        _ = try await token(fails: true)
                        return nil
                    } catch { return error }
                }
            }
            platform.gate.withLock { $0 = true }
            for await failure in group { #expect(failure?.kind == .authentication) }
        }
        #expect(try await token().hasPrefix("token-"))
    }

    @Test func `a caller that is interrupted while asking leaves it to the next`() async throws {
        platform.gate.withLock { $0 = false }
        let first = Task { try await token() }
        try await eventually("the first asks") { platform.asked.withLock { $0 } == 1 }
        let second = Task { try await token() }
        first.cancel()
        await #expect(throws: JobFailure.self) { try await first.value }
        try await eventually("the second asks") { platform.asked.withLock { $0 } == 2 }
        platform.gate.withLock { $0 = true }
        #expect(try await second.value == "token-2")
    }

    @Test func `a caller that is interrupted while waiting goes at once`() async throws {
        platform.gate.withLock { $0 = false }
        let first = Task { try await token() }
        try await eventually("the first asks") { platform.asked.withLock { $0 } == 1 }
        let second = Task { try await token() }
        second.cancel()
        await #expect(throws: JobFailure.self) { try await second.value }
        platform.gate.withLock { $0 = true }
        #expect(try await first.value == "token-1")
    }

    @Test func `a platform's clock counts from its first complaint on`() {
        let clocks = PlatformClocks()
        #expect(clocks.now("a", ours: 5_000) == 5_000)

        clocks.note("a", date: "Thu, 01 Jan 1970 00:10:00 GMT", ours: 5_000)
        #expect(clocks.now("a", ours: 6_000) == 601_000)
        #expect(clocks.now("b", ours: 6_000) == 6_000)

        clocks.note("a", date: "Thu, 01 Jan 1970 00:00:07 GMT", ours: 7_000)
        #expect(clocks.now("a", ours: 8_000) == 8_000)
    }
}
