import TestSupport
import Testing

@testable import Shared

/// The copy of the catalogue in Redis.
@Suite struct VersionedCatalogTests {
    private static let model = Model(
        id: "m", name: "Mödel", provider: .alibaba, modelID: "qwen", maxTokens: 5, contextTokens: 9,
        prices: Prices(input: 0.1, cachedInput: 0.025, output: 1e-7, currency: "CNY"), costPer1kTokens: 0.0001,
        priority: -3, weight: 7, isActive: false, capabilities: Capabilities(["vision": false, "chat": true]),
        aliases: ["a,b", "q\"uote"], fallbackModels: ["n"], routingStrategy: "cost_based", cacheTTL: 60, idleTimeout: 90
    )
    private static let account = Account(
        id: "a", accountName: "Ännie", provider: .tencent, apiKeyEncrypted: "v1.x.y.z", baseURL: "http://h/v1",
        mode: "legacy", quotaLimit: 9_000_000_000_000_000, quotaUsed: 8_999_999_999_999_999, status: .disabled,
        statusReason: "why \"so\"", healthScore: 0.25, requestsPerMinute: 1, tokensPerMinute: 2, concurrency: 3,
        weight: 4, settings: ["organization": "o'rg", "x": "\n"], models: ["m"], quotaPeriod: .month,
        quotaResetHour: 16, quotaResetDay: 28)
    private static let stamp = VersionedCatalog.Stamp(version: "0f ab", asOf: 1_700_000_000_123)

    private func copy(_ models: [Model], _ accounts: [Account]) -> VersionedCatalog {
        VersionedCatalog(snapshot: CatalogSnapshot(models: models, accounts: accounts), stamp: Self.stamp)
    }

    @Test(arguments: [
        ([], []), ([model], [account]),
        ([model, Model(id: "n", provider: .sandbox)], [account, Account(id: "b", provider: .sandbox)]),
    ])
    func `every field of every row comes back as it was`(models: [Model], accounts: [Account]) throws {
        let copy = copy(models, accounts)

        let read = try #require(VersionedCatalog(models: copy.encodedModels, accounts: copy.encodedAccounts))

        #expect(read.snapshot.models == models)
        #expect(read.snapshot.accounts == accounts)
        #expect(read.stamp == Self.stamp)
    }

    /// A field that is added to a row and forgotten in its JSON would be lost only while PostgreSQL is away.
    @Test func `the rows of this test differ from the defaults in every field`() {
        for (full, bare) in [
            (Mirror(reflecting: Self.model), Mirror(reflecting: Model(id: "x", provider: .openai))),
            (Mirror(reflecting: Self.account), Mirror(reflecting: Account(id: "x", provider: .openai))),
        ] {
            for (one, other) in zip(full.children, bare.children) {
                #expect("\(one.value)" != "\(other.value)", "\(one.label ?? "")")
            }
        }
    }

    @Test func `the stamp is read from the first bytes, and that of a pair is the older one`() throws {
        let copy = copy([Self.model], [Self.account])
        var older = copy
        older.stamp = VersionedCatalog.Stamp(version: "", asOf: 5)

        let head = String(decoding: copy.encodedModels.prefix(VersionedCatalog.Stamp.headLength), as: UTF8.self)

        #expect(VersionedCatalog.Stamp(head: head) == Self.stamp)
        #expect(VersionedCatalog(models: older.encodedModels, accounts: copy.encodedAccounts)?.stamp == older.stamp)
        #expect(VersionedCatalog(models: copy.encodedModels, accounts: older.encodedAccounts)?.stamp == older.stamp)
    }

    @Test(arguments: ["", "{}", "[1]", #"{"as_of":1,"version":"x"}"#, "\u{0}"])
    func `what no version has written is no copy`(text: String) {
        let good = copy([], []).encodedModels

        #expect(VersionedCatalog(models: Array(text.utf8), accounts: good) == nil)
        #expect(VersionedCatalog.Stamp(head: text) == nil || text.contains("version"))
    }

    @Test func `a platform that only a newer build knows is left out`() throws {
        let text = #"{"as_of":1,"version":"x","rows":[{"id":"m","provider":"mistral"},{"id":"n","provider":"zhipu"}]}"#

        let read = try #require(VersionedCatalog(models: Array(text.utf8), accounts: Array(text.utf8)))

        #expect(read.snapshot.models.map(\.id) == ["n"])
        #expect(read.snapshot.accounts.map(\.id) == ["n"])
    }

    @Test func `a copy is replaced by newer ones only, and is there as a pair or not at all`() async throws {
        try await QueueFixture.run { fixture in
            let keys = CatalogKeys(prefix: fixture.keys.prefix)
            let copies = CatalogRedisCache(
                redis: fixture.redis, keys: keys, lifetimes: .init(models: .seconds(60), accounts: .seconds(30)))
            var newer = copy([Self.model], [Self.account])
            newer.stamp.asOf += 1

            #expect(try await copies.stamp() == nil)
            #expect(try await copies.read()?.stamp == nil)
            try await copies.write(newer)
            try await copies.write(copy([], []))

            #expect(try await copies.stamp() == newer.stamp)
            #expect(try await copies.read()?.snapshot.models == [Self.model])
            let life = try await fixture.redis.send(RedisCommand("PTTL", .string(keys.accounts))).int ?? 0
            #expect((1...30_000).contains(life))
            _ = try await fixture.redis.send(RedisCommand("DEL", .string(keys.accounts)))
            #expect(try await copies.read()?.stamp == nil)
        }
    }
}
