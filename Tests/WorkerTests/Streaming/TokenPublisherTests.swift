import Shared
import TestSupport
import Testing

@testable import Worker

/// Deltas to the log, and what happens when Redis has lost some of them.
@Suite struct TokenPublisherTests {
    private func publisher(
        _ queue: QueueFixture, _ attempt: Attempt,
        _ replay: TokenPublisher.Replay = .init(bytes: 1 << 20, time: .seconds(60))
    ) -> TokenPublisher {
        TokenPublisher(
            queue: queue.queue, attempt: attempt, startRow: { AttemptRecord(startedAt: 1, enqueuedAt: 1).encoded },
            replay: replay)
    }

    private func say(_ text: String, _ publisher: inout TokenPublisher) async throws -> TokenPublisher.Verdict {
        try await publisher.publish(Array(text.utf8), tokens: 1)
    }

    private func texts(_ queue: QueueFixture, _ id: String) async throws -> [String] {
        try await queue.stream(queue.keys.log(id)).compactMap { $0.fields["d"] }
    }

    @Test func `deltas stand in the log in the order they were published`() async throws {
        try await QueueFixture.run { queue in
            let claim = try await queue.running("w1")
            var publisher = publisher(queue, claim.attempt)

            for text in ["a", "b", "c"] { #expect(try await say(text, &publisher) == .goOn) }

            #expect(try await queue.logIDs(claim.job.id) == ["1-0", "1-1", "1-2", "1-3"])
            #expect(try await texts(queue, claim.job.id) == ["a", "b", "c"])
            #expect(publisher.lastSeq == 3)
        }
    }

    @Test func `a log that Redis has lost is written again from memory`() async throws {
        try await QueueFixture.run(lease: .seconds(60)) { queue in
            let claim = try await queue.running("w1")
            var publisher = publisher(queue, claim.attempt)
            for text in ["a", "b"] { #expect(try await say(text, &publisher) == .goOn) }
            _ = try await queue.redis.send(RedisCommand("DEL", .string(queue.keys.log(claim.job.id))))

            #expect(try await say("c", &publisher) == .goOn)

            #expect(try await queue.logIDs(claim.job.id) == ["1-0", "1-1", "1-2", "1-3"])
            #expect(try await texts(queue, claim.job.id) == ["a", "b", "c"])
        }
    }

    @Test(arguments: [
        TokenPublisher.Replay(bytes: 1, time: .seconds(60)), TokenPublisher.Replay(bytes: 1 << 20, time: .zero),
    ])
    func `an attempt whose lost text is no longer in memory gives up`(_ replay: TokenPublisher.Replay) async throws {
        try await QueueFixture.run(lease: .seconds(60)) { queue in
            let claim = try await queue.running("w1")
            var publisher = publisher(queue, claim.attempt, replay)
            for text in ["a", "b"] { #expect(try await say(text, &publisher) == .goOn) }
            _ = try await queue.redis.send(RedisCommand("DEL", .string(queue.keys.log(claim.job.id))))

            #expect(try await say("c", &publisher) == .fenced)
        }
    }

    @Test func `a cancelled request takes no more deltas`() async throws {
        try await QueueFixture.run { queue in
            let claim = try await queue.running("w1")
            var publisher = publisher(queue, claim.attempt)
            _ = try await queue.queue.cancel(claim.job.id)

            #expect(try await say("a", &publisher) == .ended)
            #expect(try await texts(queue, claim.job.id).isEmpty)
        }
    }

    @Test func `a zombie's delta is refused after another worker took over`() async throws {
        try await QueueFixture.run { queue in
            let claim = try await queue.running("w1")
            var publisher = publisher(queue, claim.attempt)
            _ = try await queue.reapOne("w2")

            #expect(try await say("a", &publisher) == .fenced)
            #expect(try await queue.logIDs(claim.job.id) == ["1-0", "2-0"])
        }
    }
}
