import TestSupport
import Testing

@testable import Shared

@Suite struct ResponseCacheTests {
    private func answer(_ text: String) -> CachedAnswer {
        CachedAnswer(model: "m", upstreamModel: nil, finishReason: "stop", usage: TokenUsage(), body: Array(text.utf8))
    }

    private func with(
        memory: Int = 1 << 20, maxBytes: Int = 1 << 10, _ body: (ResponseCache, QueueFixture) async throws -> Void
    ) async throws {
        try await QueueFixture.run { fixture in
            var limits = ResponseCache.Limits()
            (limits.memory, limits.maxBytes) = (memory, maxBytes)
            try await body(ResponseCache(redis: fixture.redis, keys: fixture.keys, limits: limits), fixture)
        }
    }

    private func counted(_ fixture: QueueFixture) async throws -> Int64 {
        try await fixture.redis.send(RedisCommand("GET", .string(fixture.keys.cacheBytes))).int ?? 0
    }

    @Test func `an answer is found under its name until its time is over`() async throws {
        try await with { (cache, fixture) async throws in
            #expect(try await cache.answer("k") == nil)
            #expect(try await cache.keep(answer("one"), as: "k", seconds: 60))
            #expect(try await cache.answer("k") == answer("one"))
            #expect(try await cache.answer("other") == nil)
            let left = try await fixture.redis.send(RedisCommand("PTTL", .string(fixture.keys.cached("k")))).int ?? 0
            #expect((1...60_000).contains(left))

            try await cache.keep(answer("two"), as: "k", seconds: 1)
            #expect(try await cache.answer("k") == answer("two"))
            try await eventually("the answer expires") { try await cache.answer("k") == nil }
        }
    }

    @Test func `an answer that is too large, or for no time, is not kept`() async throws {
        try await with(maxBytes: 100) { (cache, _) async throws in
            #expect(try await !cache.keep(answer(String(repeating: "x", count: 101)), as: "k", seconds: 60))
            #expect(try await !cache.keep(answer("x"), as: "k", seconds: 0))
            #expect(try await cache.answer("k") == nil)
        }
    }

    @Test func `all answers together stay within the memory, and the first to expire makes room`() async throws {
        let size = answer(String(repeating: "x", count: 500)).encoded.count
        try await with(memory: 3 * size + 10) { (cache, fixture) async throws in
            for (index, seconds) in [60, 30, 90, 120, 20].enumerated() {
                try await cache.keep(answer(String(repeating: "x", count: 500)), as: "k\(index)", seconds: seconds)
                #expect(try await counted(fixture) <= Int64(3 * size + 10))
            }
            var kept: [Int] = []
            for index in 0..<5 where try await cache.answer("k\(index)") != nil { kept.append(index) }
            #expect(kept == [2, 3, 4])
            #expect(try await counted(fixture) == Int64(3 * size))

            // Replaced, not added.
            try await cache.keep(answer("y"), as: "k2", seconds: 90)
            #expect(try await counted(fixture) == Int64(2 * size + answer("y").encoded.count))
        }
    }

    @Test func `what has expired is no longer counted`() async throws {
        try await with { (cache, fixture) async throws in
            try await cache.keep(answer("short"), as: "a", seconds: 1)
            try await eventually("the answer expires") { try await cache.answer("a") == nil }
            try await cache.keep(answer("long"), as: "b", seconds: 60)
            #expect(try await counted(fixture) == Int64(answer("long").encoded.count))
        }
    }

    @Test func `what somebody else wrote there is no answer`() async throws {
        try await with { (cache, fixture) async throws in
            _ = try await fixture.redis.send(
                RedisCommand("SET", .string(fixture.keys.cached("k")), .string("junk"), .string("EX"), .int(60)))
            #expect(try await cache.answer("k") == nil)
        }
    }
}
