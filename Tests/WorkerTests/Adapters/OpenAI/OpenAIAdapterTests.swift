import Shared
import Testing

@testable import Worker

@Suite struct OpenAIAdapterTests {
    private func chat(_ extra: String = "") throws -> ChatRequest {
        let text = #"{"model":"alias","messages":[{"role":"user","content":"hi"}],"temperature":1.0\#(extra)}"#
        return try ChatRequest(decoding: Array(text.utf8))
    }

    private func target(_ settings: [String: String] = [:], baseURL: String? = nil, key: String = "sk-1") -> Target {
        let account = AccountView(credential: Credential(key), baseURL: baseURL, settings: settings)
        return Target(model: "gpt-4.1-mini", account: account, now: 0)
    }

    private func body(_ request: UpstreamRequest) -> String { String(decoding: request.body, as: UTF8.self) }

    @Test func `the request passes through with the platform's model id`() throws {
        let request = try OpenAIOwnDialect.adapter.makeRequest(chat(#","x":{"y":1e3}"#), target())

        #expect(request.method == "POST")
        #expect(request.url == "https://api.openai.com/v1/chat/completions")
        #expect(
            body(request)
                == #"{"model":"gpt-4.1-mini","messages":[{"role":"user","content":"hi"}],"temperature":1.0,"x":{"y":1e3}}"#
        )
        #expect(request.header("authorization") == "Bearer sk-1")
        #expect(request.header("content-type") == "application/json")
        #expect(!request.isStream)
    }

    @Test func `streams always ask for usage and keep the caller's other options`() throws {
        let options = #","stream":true,"stream_options":{"include_obfuscation":false,"include_usage":false}"#
        let plain = try OpenAIOwnDialect.adapter.makeRequest(chat(#","stream":true"#), target())
        let merged = try OpenAIOwnDialect.adapter.makeRequest(chat(options), target())

        #expect(body(plain).hasSuffix(#""stream":true,"stream_options":{"include_usage":true}}"#))
        #expect(body(merged).hasSuffix(#""stream_options":{"include_obfuscation":false,"include_usage":true}}"#))
        #expect(merged.isStream)
        #expect(merged.header("accept") == "text/event-stream")
    }

    @Test(arguments: ["http://127.0.0.1:9/v1", "http://127.0.0.1:9/v1/", "http://127.0.0.1:9/v1//"])
    func `an account's base URL replaces ours`(_ base: String) throws {
        let request = try OpenAIOwnDialect.adapter.makeRequest(chat(), target(baseURL: base))
        #expect(request.url == "http://127.0.0.1:9/v1/chat/completions")
    }

    @Test func `account settings become headers`() throws {
        let settings = ["organization": "org-1", "project": "proj_1", "headers": "X-One: 1\nx-two:  two \n"]
        let request = try OpenAIOwnDialect.adapter.makeRequest(chat(), target(settings))

        #expect(request.header("OpenAI-Organization") == "org-1")
        #expect(request.header("OpenAI-Project") == "proj_1")
        #expect(request.header("X-One") == "1")
        #expect(request.header("X-Two") == "two")
    }

    @Test func `an account without a key sends no authorization`() throws {
        let request = try OpenAIOwnDialect.adapter.makeRequest(chat(), target(key: ""))
        #expect(request.header("authorization") == nil)
    }

    @Test(arguments: ["no colon", "Authorization: x", "Host: evil", "a b: c", ": x", "X: \u{1}", "Content-Length: 1"])
    func `headers that could change what is sent are refused`(_ headers: String) {
        let error = #expect(throws: JobFailure.self) {
            try OpenAIOwnDialect.adapter.makeRequest(chat(), target(["headers": headers]))
        }
        #expect(error?.kind == .authentication)
    }

    @Test(arguments: ["sk-1\r\nX-Evil: 1", "sk-\n", "钥匙"])
    func `a key that no header can carry is refused without showing it`(_ key: String) {
        let error = #expect(throws: JobFailure.self) {
            try OpenAIOwnDialect.adapter.makeRequest(chat(), target(key: key))
        }
        #expect(error?.kind == .authentication)
        #expect(error.map { "\($0)".contains(key) } == false)
    }

    @Test func `credentials print as nothing`() {
        let target = target(key: "sk-very-secret")
        var dumped = ""
        dump(target, to: &dumped)
        #expect(!"\(target) \(String(reflecting: target)) \(dumped)".contains("very-secret"))
    }

    @Test(arguments: Provider.allCases)
    func `every platform is served in each of its modes, the sandbox in this process`(_ provider: Provider) {
        for mode in provider.modes {
            let account = Account(id: "a", provider: provider, mode: mode)
            #expect((Adapters.adapter(for: account) != nil) == (provider != .sandbox))
        }
    }
}
