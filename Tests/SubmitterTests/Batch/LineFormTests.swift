import Shared
import Testing

@testable import Submitter

/// Every form of a line becomes OpenAI's.
@Suite struct LineFormTests {
    private func normal(_ line: String, model: String? = nil, number: Int = 7) throws -> JSON {
        try LineForm(model: model).normal(Array(line.utf8), number: number).line
    }

    private func mistake(_ line: String, model: String? = nil) -> BatchLine.Mistake? {
        do throws(BatchLine.Mistake) {
            _ = try LineForm(model: model).normal(Array(line.utf8), number: 1)
            return nil
        } catch { return error }
    }

    private let user: JSON = ["role": "user", "content": "hi"]

    @Test func `OpenAI's own line stays, and gets the model that it lacks`() throws {
        let line = #"{"custom_id":"a","method":"POST","url":"/v1/embeddings","body":{"input":"x"}}"#

        #expect(try normal(line)["body"] == ["input": "x"])
        #expect(try normal(line, model: "m")["body"] == ["input": "x", "model": "m"])
    }

    @Test func `a model that a line names is kept`() throws {
        #expect(try normal(#"{"prompt":"hi","model":"own"}"#, model: "m")["body"]?["model"] == "own")
    }

    @Test func `a prompt becomes a chat with the line's number as id`() throws {
        let line = try normal(#"{"prompt":"hi","system":"be brief","temperature":0,"model":"m"}"#)

        #expect(line["custom_id"] == "7" && line["url"] == "/v1/chat/completions" && line["method"] == "POST")
        #expect(line["body"]?["messages"] == [["role": "system", "content": "be brief"], user])
        #expect(line["body"]?["temperature"] == 0)
        #expect(line["body"]?["prompt"] == nil && line["body"]?["custom_id"] == nil)
    }

    @Test func `a body alone is a chat or embeddings by its members`() throws {
        let chat = try normal(#"{"custom_id":"a","messages":[{"role":"user","content":"hi"}],"model":"m"}"#)
        let vectors = try normal(#"{"input":["x"],"model":"m"}"#)

        #expect(chat["custom_id"] == "a" && chat["body"] == ["messages": [user], "model": "m"])
        #expect(vectors["custom_id"] == "7" && vectors["url"] == "/v1/embeddings")
    }

    @Test func `plain text needs a model`() throws {
        #expect(try normal("hi", model: "m")["body"] == ["messages": [user], "model": "m"])
        #expect(mistake("hi") != nil)
    }

    @Test func `Anthropic's line is translated`() throws {
        let line = try normal(
            """
            {"custom_id":"a","params":{"model":"c","max_tokens":9,"system":[{"type":"text","text":"be "},\
            {"type":"text","text":"brief"}],"stop_sequences":["."],"top_k":3,"metadata":{"user_id":"u"},\
            "messages":[{"role":"user","content":[{"type":"text","text":"hi"}]},{"role":"assistant","content":"yo"}]}}
            """)

        #expect(line["custom_id"] == "a" && line["url"] == "/v1/chat/completions")
        #expect(
            line["body"]?["messages"]
                == [["role": "system", "content": "be brief"], user, ["role": "assistant", "content": "yo"]])
        #expect(line["body"]?["max_tokens"] == 9 && line["body"]?["stop"] == ["."] && line["body"]?["user"] == "u")
        #expect(line["body"]?["top_k"] == 3)
    }

    @Test(arguments: [
        (#"{"params":{"messages":[],"tools":[]}}"#, "params.tools"),
        (#"{"params":{"messages":[],"the secret key":1}}"#, "params.?"),
        (#"{"params":{}}"#, "params.messages"), (#"{"params":7}"#, "params"),
        (#"{"params":{"messages":[{"role":"system","content":"x"}]}}"#, "params.messages[0].role"),
        (
            #"{"params":{"messages":[{"role":"user","content":[{"type":"image","source":{}}]}]}}"#,
            "params.messages[0].content[0]"
        ),
        (#"{"prompt":7}"#, "prompt"), (#"{"prompt":"x","system":[]}"#, "system"),
    ])
    func `what cannot be translated is refused by its name`(line: String, field: String) {
        #expect(mistake(line)?.field == field)
    }

    @Test func `an object of no form is refused with the forms`() {
        #expect(mistake(#"{"question":"secret"}"#)?.message == "expected body, params, prompt, messages or input in it")
    }
}
