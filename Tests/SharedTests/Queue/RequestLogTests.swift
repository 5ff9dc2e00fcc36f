import NIOCore
import Shared
import TestSupport
import Testing

/// Reading logs and messages, as shims and foreign readers do.
@Suite struct RequestLogTests {
    @Test func `a log is read on from any record`() async throws {
        try await QueueFixture.run { queue in
            let claim = try await queue.running("w1")
            for seq in 1...4 {
                _ = try await queue.queue.append(claim.attempt, seq: seq, payload: Array("\(seq)".utf8), tokens: seq)
            }
            _ = try await queue.finish(claim.attempt, lastSeq: 4)
            let id = claim.job.id

            let all = try await queue.queue.readLog(id, count: 100)
            #expect(all.map(\.id.description) == ["1-0", "1-1", "1-2", "1-3", "1-4", QueueScripts.end])
            #expect(all[2].record == .delta(ByteBuffer(string: "2")))
            let some = try await queue.queue.readLog(id, after: RequestLogID(attempt: 1, seq: 2), count: 2)
            #expect(some.map(\.id.description) == ["1-3", "1-4"])
            #expect(try await queue.queue.readLog(id, after: .end, count: 10).isEmpty)
        }
    }

    @Test func `first and last record are the state of a request`() async throws {
        try await QueueFixture.run { queue in
            let claim = try await queue.running("w1")
            #expect(try await queue.queue.logEdges(claim.job.id)?.last.record == .started(channel: ""))
            _ = try await queue.finish(claim.attempt)

            let edges = try #require(try await queue.queue.logEdges(claim.job.id))
            #expect(edges.first.record == .started(channel: ""))
            #expect(
                edges.last.record
                    == .end(
                        RequestEnd(status: .done, meta: ByteBuffer(string: "{}"), result: ByteBuffer(string: "answer")))
            )
            #expect(try await queue.queue.logEdges("0-unknown00") == nil)
        }
    }

    @Test func `the tops of many logs are one round trip`() async throws {
        try await QueueFixture.run { queue in
            let (one, two) = (try await queue.running("w1"), try await queue.running("w1"))
            _ = try await queue.finish(two.attempt)

            let tops = try await queue.queue.logTops([one.job.id, "0-unknown00", two.job.id])

            #expect(tops.map { $0?.id } == [RequestLogID(attempt: 1, seq: 0), nil, .end])
            #expect(try #require(tops[2]).bytes >= "answer".utf8.count)
        }
    }

    @Test func `a large record is published as a pointer, a small one as itself`() async throws {
        try await QueueFixture.run { queue in
            var job = queue.job()
            job.shim = "s1"
            _ = try await queue.queue.submit(job, body: QueueFixture.body)
            let large = [UInt8](repeating: UInt8(ascii: "x"), count: QueueScripts.largestMessage + 1)
            let texts = try await queue.messages(shim: "s1") {
                let claim = try await queue.claimOne("w1")
                _ = try await queue.queue.start(claim.attempt, usage: queue.row(1))
                _ = try await queue.queue.append(claim.attempt, seq: 1, payload: Array(large.dropLast()), tokens: 1)
                _ = try await queue.queue.append(claim.attempt, seq: 2, payload: large, tokens: 1)
                _ = try await queue.queue.finish(
                    claim.attempt, lastSeq: 2, end: .init(status: .done, meta: Array("{}".utf8), result: large),
                    usage: queue.row(9), keepLog: .seconds(60))
            }

            let messages = texts.map { ReplyMessage(ByteBuffer(string: $0)) }

            #expect(messages.map { $0?.id.description } == ["1-1", "1-2", RequestLogID.end.description])
            #expect(messages[0]?.body == .delta(ByteBuffer(bytes: large.dropLast())))
            #expect(messages[1]?.body == .large(bytes: large.count))
            #expect(messages[1]?.prev.description == "1-1")
            #expect(messages[2]?.body == .large(bytes: large.count + 3))
            #expect(texts[1].utf8.count < 200 && texts[2].utf8.count < 200)
        }
    }

    @Test func `what workers publish is what shims understand`() async throws {
        try await QueueFixture.run { queue in
            var job = queue.job()
            job.shim = "s1"
            _ = try await queue.queue.submit(job, body: QueueFixture.body)
            let texts = try await queue.messages(shim: "s1") {
                let claim = try await queue.claimOne("w1")
                _ = try await queue.queue.start(claim.attempt, usage: queue.row(1))
                _ = try await queue.queue.append(claim.attempt, seq: 1, payload: Array("a\nb".utf8), tokens: 1)
                _ = try await queue.finish(claim.attempt, lastSeq: 1)
            }

            let messages = texts.map { ReplyMessage(ByteBuffer(string: $0)) }

            let end = RequestEnd(status: .done, meta: ByteBuffer(string: "{}"), result: ByteBuffer(string: "answer"))
            let (start, delta) = (RequestLogID(attempt: 1, seq: 0), RequestLogID(attempt: 1, seq: 1))
            #expect(
                messages == [
                    ReplyMessage(request: job.id, id: delta, prev: start, body: .delta(ByteBuffer(string: "a\nb"))),
                    ReplyMessage(request: job.id, id: .end, prev: delta, body: .end(end)),
                ])
        }
    }

    @Test(arguments: [
        "", "\n", "id 1-1 1-0 d", "id 1-1 1-0\n", "id 1-1 x d\n", "id 1 1-0 d\n", "id 1-1 1-0 dd\n", "id 1-1 1-0 z\n",
        "id 1-1 1-0 e\n{}\n", "id 1-1 1-0 e what\n{}\n", "id 1-1 1-0 e done\n{}", "id -1-1 1-0 d\n",
    ])
    func `anything else on the channel is nothing`(_ text: String) {
        #expect(ReplyMessage(ByteBuffer(string: text)) == nil)
    }

    @Test(arguments: ["0-0", "1-2", "18446744073709551615-0", "18446744073709551615-18446744073709551615"])
    func `a record's ID is read as it is written`(_ text: String) {
        #expect(RequestLogID(text)?.description == text)
    }

    @Test(arguments: [
        "", "-", "1", "1-", "-1", "1-1-1", "18446744073709551616-0", "a-1", "1- 1", "+1-1", "000000000000000000001-1",
    ])
    func `anything else is no ID`(_ text: String) {
        #expect(RequestLogID(text) == nil)
    }

    @Test func `later records have greater IDs, and the end is the greatest`() {
        let ordered: [RequestLogID] = [
            .beginning, .init(attempt: 0, seq: 1), .init(attempt: 1, seq: 0), .init(attempt: 1, seq: 9),
            .init(attempt: 1, seq: 10), .init(attempt: 2, seq: 0), .end,
        ]
        #expect(ordered.shuffled().sorted() == ordered)
    }
}
