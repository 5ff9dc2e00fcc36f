import Shared
import Testing

@testable import Worker

@Suite struct HunyuanEmbeddingsTests {
    private let embeddings = HunyuanEmbeddings()

    private func request(_ fields: String) throws -> EmbeddingsRequest {
        try EmbeddingsRequest(decoding: Array(#"{"model":"hunyuan-embedding",\#(fields)}"#.utf8))
    }

    @Test func `texts go out as a list, signed`() throws {
        let sent = try embeddings.makeRequest(
            try request(#""input":["你好","b"],"dimensions":1024,"encoding_format":"float","user":"u""#),
            HunyuanFixtures.target("hunyuan-embedding"))

        #expect(String(decoding: sent.body, as: UTF8.self) == #"{"InputList":["你好","b"]}"#)
        #expect(sent.header("x-tc-action") == "GetEmbedding")
        #expect(sent.header("authorization")?.hasPrefix("TC3-HMAC-SHA256 Credential=AKIDEXAMPLE0001/") == true)
    }

    @Test(arguments: [
        (#""input":[1,2]"#, "input"), (#""input":"a","dimensions":512"#, "dimensions"),
        (#""input":"a","task":"x""#, "task"),
        (#""input":[\#(Array(repeating: #""a""#, count: 51).joined(separator: ","))]"#, "input"),
    ])
    func `what the platform cannot do is refused`(_ fields: String, _ param: String) throws {
        let given = try request(fields)
        let failure = #expect(throws: JobFailure.self) {
            _ = try embeddings.makeRequest(given, HunyuanFixtures.target())
        }
        #expect(failure?.kind == .unsupportedParameter)
        #expect(failure?.param == param)
    }

    private func read(_ body: String, _ fields: String) throws -> ChatCompletionEnd {
        try embeddings.read(
            Array(body.utf8), try request(fields),
            ResponseContext(isStream: false, contentType: "application/json", model: "hunyuan-embedding"))
    }

    @Test func `vectors come back in the order of the texts`() throws {
        let body =
            #"{"Response":{"Data":[{"Embedding":[0.5,1],"Index":1,"Object":"embedding"},{"Embedding":[0.25,-1],"Index":0}],"Usage":{"PromptTokens":4,"TotalTokens":4},"RequestId":"r"}}"#
        let end = try read(body, #""input":["a","b"]"#)

        #expect(
            String(decoding: end.body, as: UTF8.self)
                == #"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.25,-1]},"#
                + #"{"object":"embedding","index":1,"embedding":[0.5,1]}],"model":"hunyuan-embedding","#
                + #""usage":{"prompt_tokens":4,"total_tokens":4}}"#)
        #expect(end.requestID == "r")
        #expect(end.usage == TokenUsage(input: 4))
    }

    @Test func `an index that is always 0 says nothing`() throws {
        let body = #"{"Response":{"Data":[{"Embedding":[1],"Index":0},{"Embedding":[2],"Index":0}]}}"#
        let end = try read(body, #""input":["a","b"]"#)
        #expect(String(decoding: end.body, as: UTF8.self).contains(#""index":1,"embedding":[2]"#))
    }

    @Test(arguments: [
        (HunyuanFixtures.error("FailedOperation.ServiceStopArrears"), JobFailure.Kind.quotaExhausted),
        (#"{"Response":{"Data":[{"Embedding":[1]}]}}"#, .unreadableAnswer), ("<html>", .unreadableAnswer),
        (#"{"Response":{"Data":[{"Embedding":[1]},{"Embedding":null}]}}"#, .unreadableAnswer),
    ])
    func `what is no answer fails`(_ body: String, _ kind: JobFailure.Kind) {
        let failure = #expect(throws: JobFailure.self) { _ = try read(body, #""input":["a","b"]"#) }
        #expect(failure?.kind == kind)
    }
}
