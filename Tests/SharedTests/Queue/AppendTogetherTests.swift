import NIOCore
import Shared
import TestSupport
import Testing

/// Deltas of many requests in one call: each has its own verdict, and a shim that can take it hears of all at once.
@Suite(.timeLimit(.minutes(1))) struct AppendTogetherTests {
    private func running(_ queue: QueueFixture, _ count: Int, shim: String?) async throws -> [Claim] {
        var claims: [Claim] = []
        for _ in 0..<count {
            var job = queue.job(JobID.make(now: 1))
            job.shim = shim
            _ = try await queue.queue.submit(job, body: QueueFixture.body)
            let claim = try await queue.claimOne("w1")
            _ = try await queue.queue.start(claim.attempt, usage: queue.row(1))
            claims.append(claim)
        }
        return claims
    }

    /// The verdicts in the order of `claims`, or the prefix of an error.
    private func append(
        _ queue: QueueFixture, _ claims: [Claim], seq: Int = 1, _ text: @escaping @Sendable (Int) -> String
    ) async -> [String] {
        await withTaskGroup(of: (Int, String).self) { group in
            for (index, claim) in claims.enumerated() {
                group.addTask {
                    do throws(RedisError) {
                        let verdict = try await queue.queue.append(
                            claim.attempt, seq: seq, payload: Array(text(index).utf8), tokens: 1)
                        return (index, verdict.rawValue)
                    } catch {
                        return (index, error.prefix ?? "\(error.code)")
                    }
                }
            }
            return await group.reduce(into: [Int: String]()) { $0[$1.0] = $1.1 }.sorted { $0.key < $1.key }
                .map(\.value)
        }
    }

    @Test func `a hundred deltas of one moment are each in their own log, once`() async throws {
        try await QueueFixture.run { queue in
            let claims = try await running(queue, 100, shim: nil)

            let verdicts = await append(queue, claims) { "text \($0)" }
            let again = await append(queue, claims) { "text \($0)" }

            #expect(verdicts == [String](repeating: "ok", count: 100) && again == verdicts)
            for (index, claim) in claims.enumerated() {
                let entries = try await queue.queue.readLog(claim.job.id, after: .beginning, count: 10)
                #expect(entries.map(\.record).last == .delta(ByteBuffer(string: "text \(index)")))
                #expect(entries.count == 2)
            }
        }
    }

    @Test func `a request that has ended, one that is fenced and one that is behind do not concern the others`()
        async throws
    {
        try await QueueFixture.run { queue in
            var claims = try await running(queue, 6, shim: nil)
            _ = try await queue.finish(claims[1].attempt)
            let other = claims[2].attempt
            claims[2].attempt = Attempt(
                id: other.id, lane: other.lane, worker: "thief", entry: other.entry, number: other.number,
                deliveries: other.deliveries, deadline: other.deadline, channel: other.channel)
            try await queue.redis.send(RedisCommand("DEL", .string(queue.keys.log(claims[3].job.id)))).throwIfError()
            try await queue.redis.send(RedisCommand("DEL", .string(queue.keys.log(claims[4].job.id)))).throwIfError()
            try await queue.redis.send(
                RedisCommand("SET", .string(queue.keys.log(claims[4].job.id)), "x", "EX", "100")
            ).throwIfError()

            let verdicts = await append(queue, claims) { _ in "{}" }

            #expect(verdicts == ["ok", "ended", "fenced", "behind", "WRONGTYPE", "ok"])
        }
    }

    @Test func `a shim hears of the deltas of one call together if its name says so, and one by one if not`()
        async throws
    {
        for (shim, isTogether) in [("s1+", true), ("s1", false)] {
            try await QueueFixture.run { queue in
                let claims = try await running(queue, 40, shim: shim)
                let texts = try await queue.messages(shim: shim) {
                    _ = await append(queue, claims) { "a\nb \($0)" }
                }

                let messages = texts.flatMap { ReplyMessage.all(in: ByteBuffer(string: $0)) }

                #expect(Set(messages.map(\.request)) == Set(claims.map(\.job.id)) && messages.count == 40)
                for message in messages {
                    let index = try #require(claims.firstIndex { $0.job.id == message.request })
                    #expect(message.body == .delta(ByteBuffer(string: "a\nb \(index)")))
                    #expect(message.id == RequestLogID(attempt: 1, seq: 1))
                    #expect(message.prev == RequestLogID(attempt: 1, seq: 0))
                }
                #expect(isTogether ? texts.count < 40 : texts.count == 40)
                #expect(texts.contains { $0.hasPrefix("*\n") } == isTogether)
            }
        }
    }

    @Test func `messages of one call that are large together are several, and a large one only tells its size`()
        async throws
    {
        try await QueueFixture.run { queue in
            let claims = try await running(queue, 8, shim: "s1+")
            let sizes = [100_000, 100_000, 100_000, 300_000, 100_000, 10, 20, 0]
            let texts = try await queue.messages(shim: "s1+") {
                _ = await append(queue, claims) { String(repeating: "x", count: sizes[$0]) }
            }

            let messages = texts.flatMap { ReplyMessage.all(in: ByteBuffer(string: $0)) }

            #expect(messages.count == 8)
            #expect(messages.first { $0.request == claims[3].job.id }?.body == .large(bytes: 300_000))
            #expect(texts.allSatisfy { $0.utf8.count < QueueScripts.largestMessage + 2_000 })
        }
    }

    @Test(arguments: [
        ("*\n", 0), ("*\n5\nabc", 0), ("*\n99999999999999999999\nabc", 0), ("*\n-1\nabc", 0), ("*\nabc", 0),
        ("*\n13\n0-x 1-1 1-0 d\n13\n0-x 1-2 1-1 d", 0), ("*\n14\n0-x 1-1 1-0 d\n14\n0-x 1-2 1-1 d\n", 2),
        ("*\n14\n0-x 1-1 1-0 d\n15\n0-x 1-2 1-1 d\n", 1), ("*\n14\n0-x 1-1 1-0 d\n3\nabc", 1),
        ("*\n14\n0-x 1-1 1-0 d\n3\nabc14\n0-x 1-2 1-1 d\n", 2),
        ("0-x 1-1 1-0 d\n", 1), ("", 0),
    ])
    func `of a damaged message what stands before the damage is read`(_ text: String, _ count: Int) {
        #expect(ReplyMessage.all(in: ByteBuffer(string: text)).count == count)
    }

    @Test func `a delta that waits keeps no other delta's bytes`() throws {
        let body = String(repeating: "x", count: 100_000)
        let text = "*\n14\n0-x 1-1 1-0 d\n\(14 + body.utf8.count)\n0-x 1-2 1-1 d\n\(body)"
        let message = try #require(ReplyMessage.all(in: ByteBuffer(string: text)).first)
        guard case .delta(let bytes) = message.body else { Issue.record("no delta"); return }
        #expect(bytes.storageCapacity < 1_000)
    }
}
