import NIOPosix
import ServiceLifecycle
import Shared
import TestSupport
import Testing

@testable import Worker

@Suite(.timeLimit(.minutes(1))) struct PingResponderTests {
    private static let models = StubReply.json(#"{"object":"list","data":[]}"#)

    private func catalog(_ address: String) -> CatalogSnapshot {
        CatalogSnapshot(
            models: [Model(id: "m", provider: .openai)],
            accounts: [Account(id: "a", provider: .openai, baseURL: address)])
    }

    private func stored(_ address: String) -> String {
        #"accounts: [{id: a, provider: openai, base_url: "\#(address)"}]"#
    }

    /// Runs an responder with a connection of its own while `body` asks.
    private func answering(
        _ seen: CatalogSnapshot, stored: String?, _ body: (SupervisionFixture) async throws -> Void
    ) async throws {
        try await SupervisionFixture.run(seen, stored: stored) { fixture in
            let blocking = RedisClient(
                fixture.queue.redis.configuration, name: "pings", group: MultiThreadedEventLoopGroup.singleton,
                logger: PipelineFixture.silent)
            try await SupervisionFixture.running(blocking, fixture.responder(blocking: blocking)) {
                try await body(fixture)
            }
        }
    }

    private func ask(_ fixture: SupervisionFixture, _ account: String = "a") async throws -> JSON {
        try #require(try await fixture.pings.ask(account: account, patience: .seconds(30)))
    }

    @Test func `the account that PostgreSQL has now is tried`() async throws {
        let stub = try ProviderStub.start { _ in Self.models }
        try await answering(catalog("http://127.0.0.1:1"), stored: stored(stub.url)) { fixture in
            let answer = try await ask(fixture)
            #expect(answer["ok"]?.boolValue == true)
            #expect(try #require(answer["ms"]?.intValue) >= 0)
            #expect(stub.requests.map(\.path) == ["/models"])
        }
    }

    @Test func `a refusal is told with its kind and what the platform said`() async throws {
        let stub = try ProviderStub.start { _ in
            .openAIError(status: 401, message: "no such key", code: "invalid_api_key")
        }
        try await answering(catalog(stub.url), stored: stored(stub.url)) { fixture in
            let answer = try await ask(fixture)
            #expect(answer["ok"]?.boolValue == false)
            #expect(answer["error"]?["kind"]?.stringValue == "authentication")
            #expect(answer["error"]?["message"]?.stringValue?.isEmpty == false)
        }
    }

    @Test func `an account that does not exist is named as such`() async throws {
        try await answering(catalog("http://127.0.0.1:1"), stored: stored("http://127.0.0.1:1")) {
            fixture async throws in
            #expect(try await ask(fixture, "other")["error"]?["kind"]?.stringValue == "unknown_account")
        }
    }

    @Test func `while PostgreSQL is away the account in memory is tried`() async throws {
        let stub = try ProviderStub.start { _ in Self.models }
        try await answering(catalog(stub.url), stored: nil) { fixture async throws in
            #expect(try await ask(fixture)["ok"]?.boolValue == true)
        }
    }

    @Test func `a ping whose caller has given up costs no call`() async throws {
        let stub = try ProviderStub.start { _ in Self.models }
        try await answering(catalog(stub.url), stored: stored(stub.url)) { fixture in
            let late: JSON = ["account": "a", "id": "late", "until": .int(Int(SystemWallClock().now - 1))]
            _ = try await fixture.queue.redis.send(
                RedisCommand("LPUSH", .string(fixture.keys.pings), .bytes(late.encoded)))

            // Behind the late one, in the order they came.
            #expect(try await ask(fixture)["ok"]?.boolValue == true)
            #expect(stub.counters.requests == 1)
        }
    }

    @Test func `a slow platform does not hold up the next ping`() async throws {
        let slow = Gate()
        let stub = try ProviderStub.start { request in
            request.path == "/slow/models" ? StubReply([.waitFor(slow)] + Self.models.steps) : Self.models
        }
        let stored = #"""
            accounts: [{id: slow, provider: openai, base_url: "\#(stub.url)/slow"},
              {id: a, provider: openai, base_url: "\#(stub.url)"}]
            """#
        try await answering(catalog(stub.url), stored: stored) { fixture in
            async let first = fixture.pings.ask(account: "slow", patience: .seconds(30))
            _ = try await stub.request(0)
            #expect(try await ask(fixture)["ok"]?.boolValue == true)
            slow.release()
            #expect(try await first?["ok"]?.boolValue == true)
        }
    }
}
