import NIOCore
import Shared
import Testing

@testable import Submitter

struct EventStreamTests {
    private func stream(usage: Bool = false, route: Bool = false) -> EventStream {
        let start = StreamStart(id: "0-x", created: 7, includesUsage: usage, requestID: "req_1")
        return route ? NativeFormat().stream(start) : ChatFormat().stream(start)
    }

    private func text(_ write: (inout ByteBuffer) -> Void) -> String {
        var out = ByteBuffer()
        write(&out)
        return String(buffer: out)
    }

    private let meta = ByteBuffer(
        string:
            #"{"usage":{"prompt_tokens":1},"provider":"p","account":"a","cost":0.1,"currency":"USD","attempts":[1]}"#)

    @Test func `every object of a payload is its own event, only the last one has the id`() {
        let text = text {
            stream().append(ByteBuffer(string: "{\"a\":1}\n{\"b\":2}"), id: .init(attempt: 1, seq: 4), to: &$0)
        }

        let head = #"data: {"id":"chatcmpl-0-x","object":"chat.completion.chunk","created":7"#
        #expect(text == "\(head),\"a\":1}\n\nid: 1-4\n\(head),\"b\":2}\n\n")
    }

    @Test func `an object without members needs no comma`() {
        let text = text { stream().append(ByteBuffer(string: "{}"), id: .init(attempt: 1, seq: 1), to: &$0) }

        #expect(text.hasSuffix("\"created\":7}\n\n"))
    }

    @Test func `usage is null until the last chunk`() {
        let delta = text {
            stream(usage: true).append(ByteBuffer(string: "{\"a\":1}"), id: .init(attempt: 1, seq: 1), to: &$0)
        }
        let done = text { stream(usage: true).appendDone(meta: meta, to: &$0) }

        #expect(delta.contains(#""created":7,"usage":null,"a":1}"#))
        #expect(done.contains(#""created":7,"model":"","choices":[],"usage":{"prompt_tokens":1}}"#))
        #expect(done.hasSuffix("\n\ndata: [DONE]\n\n"))
    }

    @Test func `the native stream ends with route and cost`() {
        let done = text { stream(route: true).appendDone(meta: meta, to: &$0) }

        #expect(done.contains(#""provider":"p","account":"a","cost":0.1,"currency":"USD","attempts":[1]}"#))
    }

    @Test func `a plain stream ends with DONE alone`() {
        #expect(text { stream().appendDone(meta: meta, to: &$0) } == "data: [DONE]\n\n")
    }

    @Test func `a restart is an event of its own`() {
        #expect(text { EventStream.appendRestart(attempt: 2, to: &$0) } == "event: restart\ndata: {\"attempt\":2}\n\n")
    }

    @Test func `route members stand in front of an untouched completion`() throws {
        let members = RouteMembers(try JSON(parsing: Array(meta.readableBytesView)))

        let head = #"{"provider":"p","account":"a","cost":0.1,"currency":"USD","attempts":[1]"#
        #expect(
            String(buffer: members.spliced(into: ByteBuffer(string: "{ \"id\" : 1.0}"))) == head + ", \"id\" : 1.0}")
        #expect(String(buffer: members.spliced(into: ByteBuffer(string: "{}"))) == head + "}")
        #expect(String(buffer: members.spliced(into: ByteBuffer(string: "text"))) == "text")
    }
}
