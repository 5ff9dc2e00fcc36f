import Shared
import Testing

@testable import Worker

@Suite struct ErnieEmbeddingsTests {
    private let embeddings = ErnieEmbeddings()

    private func request(_ fields: String) throws -> EmbeddingsRequest {
        try EmbeddingsRequest(decoding: Array(#"{"model":"e",\#(fields)}"#.utf8))
    }

    @Test(arguments: [
        ("Embedding-V1", "embedding-v1"), ("bge-large-zh", "bge_large_zh"), ("bge-large-en", "bge_large_en"),
        ("tao-8k", "tao_8k"), ("bge_large_zh", "bge_large_zh"),
    ])
    func `the model is the path`(_ model: String, _ endpoint: String) throws {
        let sent = try embeddings.makeRequest(
            try request(#""input":["你好","b"],"user":"u""#), ErnieFixtures.target(model))

        #expect(String(decoding: sent.body, as: UTF8.self) == #"{"input":["你好","b"],"user_id":"u"}"#)
        #expect(sent.url.contains("/wenxinworkshop/embeddings/\(endpoint)?access_token="))
    }

    @Test(arguments: [
        (#""input":[1,2]"#, "input"), (#""input":"a","dimensions":512"#, "dimensions"), (#""input":"a","x":1"#, "x"),
        (#""input":[\#(Array(repeating: #""a""#, count: 17).joined(separator: ","))]"#, "input"),
    ])
    func `what the platform cannot do is refused`(_ fields: String, _ param: String) throws {
        let given = try request(fields)
        let failure = #expect(throws: JobFailure.self) {
            _ = try embeddings.makeRequest(given, ErnieFixtures.target())
        }
        #expect(failure?.kind == .unsupportedParameter)
        #expect(failure?.param == param)
    }

    private func read(_ body: [UInt8]) throws -> ChatCompletionEnd {
        try embeddings.read(
            body, try request(#""input":["a","b"]"#),
            ResponseContext(isStream: false, contentType: "application/json", model: "embedding-v1"))
    }

    @Test func `vectors come back in the order of the texts`() throws {
        let body =
            #"{"id":"as-1","object":"embedding_list","data":[{"object":"embedding","embedding":[0.5],"index":1},{"embedding":[0.25],"index":0}],"usage":{"prompt_tokens":4,"total_tokens":4}}"#
        let end = try read(Array(body.utf8))

        #expect(
            String(decoding: end.body, as: UTF8.self)
                == #"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.25]},"#
                + #"{"object":"embedding","index":1,"embedding":[0.5]}],"model":"embedding-v1","#
                + #""usage":{"prompt_tokens":4,"total_tokens":4}}"#)
        #expect(end.requestID == "as-1")
    }

    @Test(arguments: [
        (ErnieFixtures.error("17"), JobFailure.Kind.quotaExhausted), (Array("<html>".utf8), .unreadableAnswer),
        (Array(#"{"data":[{"embedding":[1]}]}"#.utf8), .unreadableAnswer),
        (Array(#"{"data":[{"embedding":[1]},{"embedding":[]}]}"#.utf8), .unreadableAnswer),
    ])
    func `what is no answer fails`(_ body: [UInt8], _ kind: JobFailure.Kind) {
        let failure = #expect(throws: JobFailure.self) { _ = try read(body) }
        #expect(failure?.kind == kind)
    }
}
