import NIOCore
import Shared
import Testing

struct ReplyMessageTests {
    private func parsed(_ text: String) -> ReplyMessage? { ReplyMessage(ByteBuffer(string: text)) }

    @Test func `a delta carries its body with all its lines`() throws {
        let message = try #require(parsed("0-abcdefgh 2-7 2-6 d\n{\"a\":1}\n{\"b\":2}"))

        #expect(message.request == "0-abcdefgh")
        #expect(message.id == RequestLogID(attempt: 2, seq: 7))
        #expect(message.prev == RequestLogID(attempt: 2, seq: 6))
        #expect(message.body == .delta(ByteBuffer(string: "{\"a\":1}\n{\"b\":2}")))
    }

    @Test func `an end carries status, meta and result`() throws {
        let message = try #require(parsed("0-x 18446744073709551615-0 1-3 e cancelled\n{\"m\":1}\nresult\nwith lines"))

        #expect(message.id == .end)
        #expect(
            message.body
                == .end(
                    RequestEnd(
                        status: .cancelled, meta: ByteBuffer(string: "{\"m\":1}"),
                        result: ByteBuffer(string: "result\nwith lines"))))
    }

    @Test func `restarts and returns have no body`() {
        #expect(parsed("0-x 2-0 1-4 s\n")?.body == .restart)
        #expect(parsed(ReplyMessage.resumed("0-x"))?.body == .resumed)
        #expect(parsed("0-x 1-3 1-2 p 300000\n")?.body == .large(bytes: 300_000))
    }

    @Test(arguments: [
        "", "\n", "0-x 1-1 1-0 d", "0-x 1-1 d\n", "0-x 1-1 1-0 z\n", "0-x 1 1-0 d\n", "0-x 1-1 -0 d\n",
        "0-x 1-1 1-0 e\n{}\n", "0-x 1-1 1-0 e fine\n{}\n", "0-x 1-1 1-0 e done\n{}",
        "0-x 99999999999999999999-0 1-0 d\n", "0-x 1-1 1-0 dd\n",
        "0-x 1-1 1-0 p\n", "0-x 1-1 1-0 p -1\n", "0-x 1-1 1-0 p x\n",
    ])
    func `anything else is not a message`(text: String) {
        #expect(parsed(text) == nil)
    }

    @Test(arguments: [("1-2", "1-10"), ("1-10", "2-0"), ("9-9", "10-0"), ("2-5", "18446744073709551615-0")])
    func `log ids order as numbers`(one: String, other: String) throws {
        #expect(try #require(RequestLogID(one)) < #require(RequestLogID(other)))
    }

    @Test(arguments: ["", "-", "1-", "-1", "a-1", "1-1-1", "+1-1", "1-18446744073709551616", " 1-1"])
    func `a malformed log id is refused`(text: String) {
        #expect(RequestLogID(text) == nil)
    }
}
