import Testing

@testable import Shared

@Suite struct CacheKeyTests {
    private func key(
        _ body: String, tenant: String = "t", provider: Provider? = nil, operation: Job.Operation = .chat
    ) throws -> String {
        CacheKey.make(
            tenant: tenant, provider: provider, request: try ModelRequest(decoding: Array(body.utf8), as: operation))
    }

    private let plain = #"{"model":"m","messages":[{"role":"user","content":"hi"}]}"#

    /// Members that do not change the answer.
    @Test(arguments: [
        #"{"messages":[{"content":"hi","role":"user"}],"model":"m"}"#,
        #"{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true,"stream_options":{"include_usage":true}}"#,
        #"{"model":"m","messages":[{"role":"user","content":"hi"}],"user":"u","metadata":{"a":"b"},"store":true}"#,
        #"{"model":"m","messages":[{"role":"user","content":"hi"}],"temperature":null}"#,
        " {\"model\" : \"m\", \"messages\" : [ {\"role\":\"user\", \"content\":\"\\u0068i\"} ] }",
    ])
    func `requests that ask for the same are equal`(_ body: String) throws {
        #expect(try key(body) == key(plain))
    }

    @Test(arguments: [
        #"{"model":"n","messages":[{"role":"user","content":"hi"}]}"#,
        #"{"model":"m","messages":[{"role":"user","content":"hi "}]}"#,
        #"{"model":"m","messages":[{"role":"user","content":"hi"}],"temperature":0}"#,
        #"{"model":"m","messages":[{"role":"user","content":"hi"}],"seed":1}"#,
        #"{"model":"m","messages":[{"role":"system","content":"hi"}]}"#,
        #"{"model":"m","messages":[{"role":"user","content":"hi"},{"role":"user","content":"hi"}]}"#,
    ])
    func `requests that ask for something else are not`(_ body: String) throws {
        #expect(try key(body) != key(plain))
    }

    @Test func `tenants and platforms have answers of their own`() throws {
        let keys = [
            try key(plain), try key(plain, tenant: "other"), try key(plain, provider: .zhipu),
            try key(plain, provider: .openai),
        ]
        #expect(Set(keys).count == 4)
        #expect(keys.allSatisfy { $0.utf8.count == 64 })
    }

    @Test func `vectors in another form are another answer`() throws {
        let one = try key(#"{"model":"m","input":"a"}"#, operation: .embeddings)
        let other = try key(#"{"model":"m","input":"a","encoding_format":"base64"}"#, operation: .embeddings)
        #expect(one != other)
    }
}
