import Shared
import Testing

@testable import Worker

@Suite struct DashScopeAdapterTests {
    private let adapter = DashScopeAdapter()

    private func target(
        _ key: String = "sk-1", base: String? = nil, model: String = "m", settings: [String: String] = [:]
    ) -> Target {
        Target(
            model: model, account: AccountView(credential: Credential(key), baseURL: base, settings: settings), now: 0)
    }

    @Test(
        arguments: [
            (nil, "https://dashscope.aliyuncs.com/compatible-mode/v1/models"),
            (
                "https://w.ap-southeast-1.maas.aliyuncs.com/api/v1/",
                "https://w.ap-southeast-1.maas.aliyuncs.com/compatible-mode/v1/models"
            ),
            ("http://localhost:8080/proxy", "http://localhost:8080/proxy/models"),
        ] as [(String?, String)])
    func `the ping lists the models of the compatible mode`(_ base: String?, _ url: String) throws {
        let ping = try #require(try adapter.makePing(target(base: base)))
        #expect(ping.method == "GET")
        #expect(ping.url == url)
        #expect(ping.body.isEmpty)
        #expect(ping.header("authorization") == "Bearer sk-1")
    }

    @Test func `settings become headers`() throws {
        let ping = try #require(
            try adapter.makePing(
                target(settings: ["workspace": "ws-1", "headers": "X-DashScope-DataInspection: enable"])))
        #expect(ping.header("X-DashScope-WorkSpace") == "ws-1")
        #expect(ping.header("X-DashScope-DataInspection") == "enable")
    }

    @Test(arguments: [("", [:]), ("sk\n", [:]), ("sk", ["workspace": "ä"]), ("sk", ["headers": "no header"])])
    func `an account that no header can carry is at fault itself`(_ key: String, _ settings: [String: String]) {
        let failure = #expect(throws: JobFailure.self) { try adapter.makePing(target(key, settings: settings)) }
        #expect(failure?.kind == .authentication)
    }

    @Test func `a code inside a body with status 200 is a failure`() {
        #expect(adapter.failure(inside: Array(#"{"code":"Throttling","message":"m"}"#.utf8))?.kind == .rateLimited)
        #expect(adapter.failure(inside: Array(DashScopeFixtures.completion.utf8)) == nil)
        #expect(adapter.failure(inside: []) == nil)
    }
}

@Suite struct DashScopeEmbeddingsTests {
    private let embeddings = DashScopeEmbeddings()
    private let answer = ResponseContext(isStream: false, contentType: "application/json", model: "text-embedding-v4")

    private func request(_ fields: String) throws -> EmbeddingsRequest {
        try EmbeddingsRequest(decoding: Array(#"{"model":"m",\#(fields)}"#.utf8))
    }

    private func made(_ fields: String, model: String = "text-embedding-v4") throws -> UpstreamRequest {
        let account = AccountView(credential: Credential("sk-1"))
        return try embeddings.makeRequest(try request(fields), Target(model: model, account: account, now: 0))
    }

    @Test func `texts go to the native endpoint`() throws {
        let made = try made(
            #""input":["一","b"],"dimensions":256,"text_type":"query","encoding_format":"base64","user":"u""#)
        #expect(
            made.url == "https://dashscope.aliyuncs.com/api/v1/services/embeddings/text-embedding/text-embedding")
        #expect(
            String(decoding: made.body, as: UTF8.self)
                == #"{"model":"text-embedding-v4","input":{"texts":["一","b"]},"#
                + #""parameters":{"dimension":256,"text_type":"query"}}"#)
    }

    @Test(arguments: [
        ("text-embedding-v1", 25), ("text-embedding-v2", 25), ("text-embedding-v3", 10), ("text-embedding-v4", 10),
    ])
    func `more texts than one call takes are refused`(_ model: String, _ limit: Int) throws {
        let texts = Array(repeating: #""a""#, count: limit + 1).joined(separator: ",")
        #expect(embeddings.maxInputs(model: model) == limit)
        let failure = #expect(throws: JobFailure.self) { try made(#""input":[\#(texts)]"#, model: model) }
        #expect(failure?.param == "input")
    }

    @Test(arguments: [(#""input":[1,2]"#, "input"), (#""input":"a","output_type":"sparse""#, "output_type")])
    func `what has no place in a call for vectors is refused by name`(_ fields: String, _ param: String) {
        let failure = #expect(throws: JobFailure.self) { try made(fields) }
        #expect(failure?.kind == .unsupportedParameter)
        #expect(failure?.param == param)
    }

    private let body = Array(
        #"{"request_id":"r-2","output":{"embeddings":[{"text_index":1,"embedding":[0.5,1]},{"text_index":0,"embedding":[-0.25,2]}]},"usage":{"total_tokens":7}}"#
            .utf8)

    @Test func `vectors come back in the order of the texts`() throws {
        let end = try embeddings.read(body, try request(#""input":["a","b"]"#), answer)
        #expect(
            String(decoding: end.body, as: UTF8.self)
                == #"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[-0.25,2]},"#
                + #"{"object":"embedding","index":1,"embedding":[0.5,1]}],"model":"text-embedding-v4","#
                + #""usage":{"prompt_tokens":7,"total_tokens":7}}"#)
        #expect(end.usage == TokenUsage(input: 7))
        #expect(end.requestID == "r-2")
    }

    @Test func `vectors are packed where base64 is wanted`() throws {
        let end = try embeddings.read(body, try request(#""input":["a","b"],"encoding_format":"base64""#), answer)
        #expect(String(decoding: end.body, as: UTF8.self).contains(#""index":1,"embedding":"AAAAPwAAgD8="}"#))
    }

    @Test(arguments: [
        (#"{"code":"Arrearage","message":"m"}"#, JobFailure.Kind.quotaExhausted), ("<html>", .unreadableAnswer),
        ("{}", .unreadableAnswer),
        (#"{"output":{"embeddings":[{"text_index":0,"embedding":[1]}]}}"#, .unreadableAnswer),
        (#"{"output":{"embeddings":[{"text_index":0,"embedding":[1]},{"text_index":1}]}}"#, .unreadableAnswer),
    ])
    func `an answer without all vectors is a failure`(_ body: String, _ kind: JobFailure.Kind) throws {
        let request = try request(#""input":["a","b"]"#)
        let failure = #expect(throws: JobFailure.self) { try embeddings.read(Array(body.utf8), request, answer) }
        #expect(failure?.kind == kind)
    }
}
