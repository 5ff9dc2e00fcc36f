import Logging
import NIOPosix
import Shared
import Synchronization
import TestSupport
import Testing

/// Three primaries: each client at the node that has its slot, also while slots move.
@Suite(.serialized) struct RedisClusterTests {
    private func withClient<Value: Sendable>(
        _ url: String, home: String, _ body: (RedisClient) async throws -> Value
    ) async throws -> Value {
        let client = RedisClient(
            try RedisConfiguration(url: url), name: "test", home: home, group: MultiThreadedEventLoopGroup.singleton,
            logger: quiet)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await client.run() }
            let value = try await body(client)
            group.cancelAll()
            return value
        }
    }

    @Test func `a client is at the node that has its home, whichever node it was told of`() async throws {
        let cluster = try await RedisCluster.start()
        var owners: Set<Int> = []
        for shard in 0..<6 {
            owners.insert(try await cluster.owner(of: "{\(shard)}"))
            let seed = "redis+cluster://127.0.0.1:\(cluster.nodes[shard % 3].port)"
            try await withClient(seed, home: "p:{\(shard)}:") { client in
                let replies = try await client.pipeline([
                    RedisCommand("SET", .string("p:{\(shard)}:a"), "1"),
                    RedisCommand("INCR", .string("p:{\(shard)}:a")),
                ])
                #expect(replies == [.status("OK"), .integer(2)])
            }
        }
        #expect(owners.count > 1, "six shards are not all on one node")
        await cluster.stop()
    }

    @Test func `commands for a slot that moves to another node run once each, and none is lost`() async throws {
        let cluster = try await RedisCluster.start()
        let source = try await cluster.owner(of: "{7}")
        try await withClient(cluster.url, home: "{7}") { client in
            _ = try await client.send(RedisCommand("SET", "{7}:n", "0"))
            let script = RedisScript("return redis.call('INCR', KEYS[1])")
            let load = Load()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        while !load.isOver.withLock({ $0 }) {
                            _ = try await client.evaluate(script, keys: ["{7}:n"], args: [], timeout: .seconds(20))
                            load.done.withLock { $0 += 1 }
                        }
                    }
                }
                for target in [(source + 1) % 3, (source + 2) % 3, source] {
                    let before = load.done.withLock { $0 }
                    try await eventually("it is in use") { load.done.withLock { $0 } > before + 50 }
                    try await cluster.move(slotOf: "{7}", to: target)
                }
                let before = load.done.withLock { $0 }
                try await eventually("it is in use again") { load.done.withLock { $0 } > before + 50 }
                load.isOver.withLock { $0 = true }
                try await group.waitForAll()
            }
            #expect(try await client.send(RedisCommand("GET", "{7}:n")) == .text("\(load.done.withLock { $0 })"))
        }
        await cluster.stop()
    }

    @Test func `a command for a key that is on its way waits for its slot`() async throws {
        let cluster = try await RedisCluster.start()
        let target = (try await cluster.owner(of: "{7}") + 1) % 3
        try await withClient(cluster.url, home: "{7}") { client in
            _ = try await client.send(RedisCommand("SET", "{7}:a", "1"))
            let reading = Mutex<Task<RedisValue, any Error>?>(nil)
            try await cluster.move(slotOf: "{7}", to: target) {
                let task = Task { try await client.send(RedisCommand("GET", "{7}:a"), timeout: .seconds(20)) }
                reading.withLock { $0 = task }
                let error = await #expect(throws: RedisError.self) {
                    try await client.send(RedisCommand("GET", "{7}:a"), timeout: .milliseconds(200))
                }
                #expect(error?.prefix == "ASK")
                #expect(error?.isTransient == true)
            }
            #expect(try await reading.withLock { $0 }?.value == .text("1"))
        }
        await cluster.stop()
    }

    @Test func `a node that is away takes only its own slots with it`() async throws {
        let cluster = try await RedisCluster.start()
        let gone = try await cluster.owner(of: "{0}")
        let other = try #require(
            try await (1..<20).asyncFirst { try await cluster.owner(of: "{\($0)}") != gone })
        try await withClient(cluster.url, home: "{0}") { lost in
            try await withClient(cluster.url, home: "{\(other)}") { kept in
                _ = try await lost.send(RedisCommand("SET", "{0}:a", "1"))
                try await cluster.nodes[gone].kill9()
                _ = await #expect(throws: RedisError.self) {
                    try await lost.send(RedisCommand("GET", "{0}:a"), timeout: .milliseconds(500))
                }
                #expect(try await kept.send(RedisCommand("SET", .string("{\(other)}:a"), "1")) == .status("OK"))
                try await cluster.nodes[gone].restart()
                try await eventually("it is back", timeout: .seconds(20)) {
                    do {
                        return try await lost.send(RedisCommand("GET", "{0}:a"), timeout: .seconds(1)) == .text("1")
                    } catch { return false }
                }
            }
        }
        await cluster.stop()
    }

    @Test func `messages are heard through any node`() async throws {
        let cluster = try await RedisCluster.start()
        let configuration = try RedisConfiguration(url: cluster.url)
        let heard = Mutex<Set<String>>([])
        let isListening = Mutex(false)
        let subscription = RedisSubscription(
            configuration, channels: ["news"], name: "test", group: MultiThreadedEventLoopGroup.singleton,
            logger: quiet,
            onMessage: { _, bytes in _ = heard.withLock { $0.insert(String(decoding: bytes, as: UTF8.self)) } },
            onSubscribed: { isListening.withLock { $0 = true } })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await subscription.run() }
            try await eventually("it listens") { isListening.withLock { $0 } }
            for shard in 0..<6 {
                try await withClient(cluster.url, home: "{\(shard)}") { client in
                    let script = RedisScript(
                        "redis.call('SET', KEYS[1], 1) return redis.call('PUBLISH', 'news', ARGV[1])")
                    _ = try await client.evaluate(script, keys: ["{\(shard)}:k"], args: [.int(shard)])
                }
            }
            try await eventually("all are heard") { heard.withLock { $0.count } == 6 }
            group.cancelAll()
        }
        await cluster.stop()
    }

    @Test func `a cluster's node is refused where one server was expected, and the other way round`() async throws {
        let cluster = try await RedisCluster.start(nodes: 1)
        let single = try await RedisServer.start()
        for url in ["redis://127.0.0.1:\(cluster.nodes[0].port)", "redis+cluster://127.0.0.1:\(single.port)"] {
            try await withClient(url, home: "{0}") { client in
                _ = await #expect(throws: RedisError.self) {
                    try await client.send(RedisCommand("PING"), timeout: .milliseconds(300))
                }
            }
        }
        await cluster.stop()
        await single.stop()
    }
}

private final class Load: Sendable {
    let done = Mutex(0)
    let isOver = Mutex(false)
}

extension Sequence {
    fileprivate func asyncFirst(where isWanted: (Element) async throws -> Bool) async rethrows -> Element? {
        for element in self where try await isWanted(element) { return element }
        return nil
    }
}
