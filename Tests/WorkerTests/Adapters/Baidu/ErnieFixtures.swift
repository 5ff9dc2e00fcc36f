import Shared
import Testing

@testable import Worker

/// Requests and answers of Baidu's v1 as they are on the wire (docs/platforms.md).
enum ErnieFixtures {
    static let now: Int64 = 1_763_856_000_123
    static let user = #""messages":[{"role":"user","content":"你好"}]"#

    static func target(
        _ model: String = "ERNIE-4.0-8K", credential: String = "24.tok+en/=", baseURL: String? = nil,
        settings: [String: String] = [:]
    ) -> Target {
        let account = AccountView(credential: Credential(credential), baseURL: baseURL, settings: settings)
        return Target(model: model, account: account, now: now)
    }

    static func chat(_ fields: String) throws -> ChatRequest {
        try ChatRequest(decoding: Array(#"{"model":"ernie",\#(fields)}"#.utf8))
    }

    /// The body that goes out.
    static func body(_ fields: String) throws -> String {
        let chat = try chat(fields)
        try ErnieV1Adapter().check(chat, model: "ERNIE-4.0-8K", settings: [:])
        return String(decoding: try ErnieV1Adapter().makeRequest(chat, target()).body, as: UTF8.self)
    }

    static func refusal(_ fields: String) throws -> JobFailure? {
        let chat = try chat(fields)
        do throws(JobFailure) {
            try ErnieV1Adapter().check(chat, model: "ERNIE-4.0-8K", settings: [:])
            return nil
        } catch {
            return error
        }
    }

    // MARK: - Answers

    static func completion(_ members: String) -> [UInt8] {
        Array(
            (#"{"id":"as-1","object":"chat.completion","created":1795380000,\#(members),"#
                + #""usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}"#).utf8)
    }

    static let text = completion(
        #""result":"你好 🙂","is_truncated":false,"need_clear_history":false,"finish_reason":"normal""#)
    static let call = completion(
        ##""result":"","finish_reason":"function_call","function_call":{"name":"w","arguments":"{\"city\":\"北京\"}","thoughts":"t"}"##
    )

    /// One event, with `members` beside the ones that all have.
    static func event(_ members: String, isEnd: Bool = false, output: Int = 1, lineEnd: String = "\n") -> String {
        #"data: {"id":"as-1","object":"chat.completion","created":1,"sentence_id":\#(output),"is_end":\#(isEnd),"#
            + #""is_truncated":false,\#(members),"need_clear_history":false,"#
            + #""usage":{"prompt_tokens":9,"completion_tokens":\#(output),"total_tokens":\#(9 + output)}}"#
            + lineEnd + lineEnd
    }

    static func textStream(lineEnd: String = "\n") -> [UInt8] {
        bytes(
            event(#""result":"你""#, lineEnd: lineEnd), ": ping\(lineEnd)",
            event(#""result":"好 🙂""#, output: 2, lineEnd: lineEnd),
            event(#""result":"","finish_reason":"normal""#, isEnd: true, output: 4, lineEnd: lineEnd))
    }

    static let callStream = bytes(
        event(
            ##""result":"","function_call":{"name":"w","arguments":"{\"city\":\"北京\"}"},"finish_reason":"function_call""##
        ),
        event(
            ##""result":"","function_call":{"name":"w","arguments":"{\"city\":\"北京\"}"},"finish_reason":"function_call""##,
            isEnd: true, output: 8))

    static func error(_ code: String, _ message: String = "why") -> [UInt8] {
        Array(#"{"error_code":\#(code),"error_msg":"\#(message)","id":"as-1"}"#.utf8)
    }

    static func bytes(_ events: String...) -> [UInt8] { Array(events.joined().utf8) }
}

/// The decoder's result for some bytes.
func ernieOutcome(
    _ bytes: [UInt8], cuts: [Int] = [], isStream: Bool = true, contentType: String? = "text/event-stream",
    maxEventBytes: Int = SSEDecoder.defaultMaxEventBytes
) -> DecodedAnswer {
    let shape = ResponseContext(
        isStream: isStream, contentType: contentType, model: "ERNIE-4.0-8K", now: 1_795_380_000_123)
    return DecodedAnswer(bytes, cuts: cuts, ErnieV1Adapter.decoder(shape, maxEventBytes: maxEventBytes))
}
