import Shared
import Testing

@testable import Worker

/// Whole answers of servers with OpenAI's wire that leave members out, and answers that are kept.
@Suite struct OpenAIShapeTests: OpenAIShapeReading {
    private let good = #"""
        {"id":"x","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant",
        "content":null,"refusal":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},
        "logprobs":null,"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}
        """#

    @Test func `an answer that lacks nothing passes byte for byte`() throws {
        let answer = try whole(good)
        #expect(answer.end.body == Array(good.utf8))
    }

    @Test func `members that OpenAI's schema requires are completed`() throws {
        let body = try whole(#"{"id":"","created":null,"choices":[{"finish_reason":"length"}],"usage":null}"#).body

        #expect(body["id"] == "chatcmpl-job-1")
        #expect(body["object"] == "chat.completion")
        #expect(body["created"] == 1_795_380_000)
        #expect(body["model"] == "asked")
        #expect(body["usage"] == nil)
        let message: JSON = ["role": "assistant", "content": .null, "refusal": .null]
        let choice: JSONObject = ["finish_reason": "length", "index": 0, "message": message, "logprobs": .null]
        for member in choice.members { #expect(body["choices"]?[0]?[member.key] == member.value) }
    }

    @Test(
        arguments: [
            (#"{"id":"","type":"function","function":{"name":"f","arguments":{"a":1}}}"#, #"{"a":1}"#),
            (#"{"function":{"name":"f","arguments":null}}"#, "{}"), (#"{"function":{"name":"f"}}"#, "{}"),
            (#"{"id":null,"type":null,"function":{"name":"f","arguments":""}}"#, "{}"),
            (#"{"name":"f","arguments":"{}"}"#, "{}"), (#"{"function":{"name":"f","arguments":[1]}}"#, "[1]"),
        ])
    func `calls get an id, a type and a text of arguments`(_ call: String, _ arguments: String) throws {
        let given =
            #"{"choices":[{"message":{"content":null,"tool_calls":[\#(call),\#(call)]},"finish_reason":"stop"}]}"#
        let choice = try whole(given).body["choices"]?[0]
        let calls = try #require(choice?["message"]?["tool_calls"]?.arrayValue)

        #expect(choice?["finish_reason"] == "tool_calls")
        #expect(calls.count == 2)
        #expect(Set(calls.map { $0["id"]?.stringValue ?? "" }).count == 2)
        for call in calls {
            #expect(call["id"]?.text?.hasPrefix("call_") == true)
            #expect(call["type"] == "function")
            #expect(call["function"]?["name"] == "f")
            #expect(call["function"]?["arguments"]?.stringValue == arguments)
        }
    }

    @Test(
        arguments: [
            (#"{"role":"assistant","content":"a","reasoning":"b"}"#, "a", "b"),
            (#"{"content":"a","reasoning_content":"b","reasoning":"b"}"#, "a", "b"),
            (
                #"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"b"}]},{"type":"text","text":"a"}]}"#,
                "a", "b"
            ),
            (#"{"content":"a","reasoning_details":[{"type":"reasoning.summary","summary":"b"}]}"#, "a", "b"),
            (#"{"content":["a"],"thinking":"b"}"#, "a", "b"),
        ])
    func `text and thinking stand where OpenAI's clients look`(
        _ message: String, _ content: String, _ thinking: String
    ) throws {
        let body = try whole(#"{"choices":[{"message":\#(message),"finish_reason":"stop"}]}"#).body
        let mended = body["choices"]?[0]?["message"]
        #expect(mended?["content"]?.stringValue == content)
        #expect(mended?["reasoning_content"]?.stringValue == thinking)
        #expect(mended?["reasoning"] == nil)
    }

    @Test func `parts that are no text are kept beside it`() throws {
        let body = try whole(
            #"{"choices":[{"message":{"content":[{"type":"text","text":"a"},{"type":"reference","reference_ids":[1]}]}}]}"#
        ).body
        #expect(body["choices"]?[0]?["message"]?["content"] == "a")
        #expect(body["choices"]?[0]?["message"]?["content_parts"]?[0]?["reference_ids"] == [1])
    }

    @Test(
        arguments: [
            ("[1,0]", [0, 1], ["b", "a"]), ("[0,0]", [0, 1], ["a", "b"]), ("[null,null]", [0, 1], ["a", "b"]),
            ("[2,1]", [1, 2], ["b", "a"]),
        ])
    func `choices come in the order of their numbers, each with its own`(
        _ given: String, _ indexes: [Int], _ texts: [String]
    ) throws {
        let numbers = try #require(try JSON(parsing: Array(given.utf8)).arrayValue)
        let choices = zip(numbers, ["a", "b"]).map { number, text -> JSON in
            ["index": number, "message": ["content": .string(text)], "finish_reason": "stop"]
        }
        let body: JSONObject = ["choices": .array(choices)]
        let mended = try whole(String(decoding: body.encoded, as: UTF8.self)).body["choices"]?.arrayValue

        #expect(mended?.map { $0["index"]?.intValue } == indexes)
        #expect(mended?.map { $0["message"]?["content"]?.stringValue } == texts)
    }

    @Test func `usage has all three counts or is not there`() throws {
        let body = try whole(#"{"choices":[{"message":{}}],"usage":{"prompt_tokens":9,"total_tokens":9}}"#).body
        #expect(body["usage"] == ["prompt_tokens": 9, "total_tokens": 9, "completion_tokens": 0])
    }

    @Test func `what a stream is put together to is the whole answer of the same content`() throws {
        let call = #"{"function":{"name":"f","arguments":{"a":1}}}"#
        let message = #"{"content":"hi","reasoning":"hm","tool_calls":[\#(call)]}"#
        let (_, end) = try whole(
            #"{"id":"i","created":7,"model":"m","choices":[{"message":\#(message),"finish_reason":"stop"}]}"#)
        let (chunks, _) = try stream([
            delta(#"{"reasoning":"hm"}"#), delta(#"{"content":"hi"}"#), delta(#"{"tool_calls":[\#(call)]}"#),
            delta("{}", finish: #""stop""#),
        ])
        var assembly = CompletionAssembly()
        for chunk in chunks { assembly.add(chunk.encoded) }
        let assembled = assembly.completion(id: "i", created: 7, usage: nil)

        let whole = try JSON(parsing: end.body)
        for (one, other) in [(whole, assembled), (assembled, whole)] {
            for member in one["choices"]?[0]?["message"]?.objectValue?.members ?? [] {
                #expect(other["choices"]?[0]?["message"]?[member.key] == member.value)
            }
            for name in ["index", "logprobs", "finish_reason"] {
                #expect(one["choices"]?[0]?[name] == other["choices"]?[0]?[name])
            }
        }
    }
}
