import Shared
import TestSupport
import Testing

/// A Redis that forgets its scripts, restarts or loses replies in the middle of an operation.
@Suite struct JobQueueOutageTests {
    private let delta = Array("{}".utf8)

    @Test func `operations go on after SCRIPT FLUSH`() async throws {
        let server = try await RedisServer.start()
        try await QueueFixture.run(server: server) { queue in
            let claim = try await queue.running("w1")
            func forget() async throws { _ = try await queue.redis.send(RedisCommand("SCRIPT", "FLUSH")) }

            try await forget()
            #expect(try await queue.queue.append(claim.attempt, seq: 1, payload: delta, tokens: 1) == .ok)
            try await forget()
            #expect(try await queue.queue.renew([claim.attempt]) == [])
            try await forget()
            #expect(try await queue.finish(claim.attempt, lastSeq: 1) == .ok)
        }
        await server.stop()
    }

    @Test func `an operation waits out a restart of Redis`() async throws {
        let server = try await RedisServer.start("--appendfsync", "always")
        try await QueueFixture.run(server: server, patience: .seconds(30)) { queue in
            let claim = try await queue.running("w1")
            try await server.kill9()
            async let appended = queue.queue.append(claim.attempt, seq: 1, payload: delta, tokens: 1)
            try await server.restart()

            #expect(try await appended == .ok)
            #expect(try await queue.finish(claim.attempt, lastSeq: 1) == .ok)
            #expect(try await queue.logIDs(claim.job.id) == ["1-0", "1-1", QueueScripts.end])
        }
        await server.stop()
    }

    @Test func `an operation whose reply is lost is done once`() async throws {
        let server = try await RedisServer.start()
        let proxy = try await FaultProxy.start(to: server.port)
        try await QueueFixture.run(url: proxy.url, patience: .seconds(30)) { queue in
            try await queue.submit()
            let claim = try await queue.claimOne("w1")

            proxy.loseReply()
            #expect(try await queue.queue.start(claim.attempt, usage: queue.row(1)) == .started)
            for seq in 1...5 {
                proxy.loseReply()
                #expect(try await queue.queue.append(claim.attempt, seq: seq, payload: delta, tokens: seq) == .ok)
            }
            proxy.loseReply()
            #expect(try await queue.finish(claim.attempt, lastSeq: 5) == .ok)

            #expect(
                try await queue.logIDs(claim.job.id) == (0...5).map { "1-\($0)" } + [QueueScripts.end])
            #expect(proxy.counters.lostReplies == 7)
        }
        try await proxy.stop()
        await server.stop()
    }

    @Test func `patience ends with the reason`() async throws {
        let server = try await RedisServer.start()
        try await QueueFixture.run(server: server, patience: .zero) { queue in
            let claim = try await queue.running("w1")
            _ = try await queue.redis.send(RedisCommand("CONFIG", "SET", "maxmemory", "1"))

            let error = await #expect(throws: RedisError.self) {
                try await queue.queue.append(claim.attempt, seq: 1, payload: delta, tokens: 1)
            }

            #expect(error?.prefix == "OOM")
        }
        await server.stop()
    }
}
