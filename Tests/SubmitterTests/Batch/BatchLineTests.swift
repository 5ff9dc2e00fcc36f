import Shared
import Testing

@testable import Submitter

/// A line in OpenAI's form.
@Suite struct BatchLineTests {
    private func mistake(_ line: String, operation: Job.Operation? = nil) -> BatchLine.Mistake? {
        do throws(BatchLine.Mistake) {
            _ = try BatchLine(parsing: Array(line.utf8), operation: operation)
            return nil
        } catch { return error }
    }

    private static let messages = #""messages":[{"role":"user","content":"hi"}]"#

    @Test func `a chat is read, and its stream is left out`() throws {
        let text = """
            {"custom_id":"a","method":"POST","url":"/v1/chat/completions",\
            "body":{"model":"m",\(Self.messages),"stream":true,"stream_options":{"include_usage":true}}}
            """

        let line = try BatchLine(parsing: Array(text.utf8))

        #expect(line.customID == "a")
        #expect(line.request.operation == .chat && line.request.model == "m" && !line.request.isStream)
    }

    @Test func `embeddings are read`() throws {
        let text = #"{"custom_id":"a","url":"/v1/embeddings","body":{"model":"m","input":["x"]}}"#

        #expect(try BatchLine(parsing: Array(text.utf8)).request.operation == .embeddings)
    }

    @Test(arguments: [
        (#"[1]"#, nil), (#"{"#, nil),
        (#"{"url":"/v1/embeddings","body":{}}"#, "custom_id"),
        (#"{"custom_id":"","url":"/v1/embeddings","body":{}}"#, "custom_id"),
        (#"{"custom_id":7,"url":"/v1/embeddings","body":{}}"#, "custom_id"),
        (#"{"custom_id":"a","method":"GET","url":"/v1/embeddings","body":{}}"#, "method"),
        (#"{"custom_id":"a","body":{}}"#, "url"),
        (#"{"custom_id":"a","url":"/v1/images","body":{}}"#, "url"),
        (#"{"custom_id":"a","url":"/v1/embeddings"}"#, "body"),
        (#"{"custom_id":"a","url":"/v1/embeddings","body":{"input":"x"}}"#, "body.model"),
        (
            #"{"custom_id":"a","url":"/v1/chat/completions","body":{"model":"m","messages":[{"role":"user"}]}}"#,
            "body.messages[0].content"
        ),
    ])
    func `a mistake names its field`(line: String, field: String?) throws {
        let found = try #require(mistake(line))

        #expect(found.field == field)
    }

    @Test func `a line of another endpoint than the batch's is refused`() {
        let line = #"{"custom_id":"a","url":"/v1/embeddings","body":{"model":"m","input":"x"}}"#

        #expect(mistake(line, operation: .chat)?.code == "mismatched_endpoint")
        #expect(mistake(line, operation: .embeddings) == nil)
    }

    @Test func `an id is new once`() {
        var ids = CustomIDs()

        let inserted = ["a", "b", "a"].map { ids.insert($0) }

        #expect(inserted == [true, true, false])
    }

    @Test func `of many ids each is new once`() {
        var ids = CustomIDs()

        let inserted = (0..<2).map { _ in (0..<20_000).count { ids.insert("\($0)") } }

        #expect(inserted == [20_000, 0])
    }
}
