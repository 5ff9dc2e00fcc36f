import Shared
import Testing

@testable import Worker

@Suite struct ErnieV1AdapterTests {
    private typealias Fixtures = ErnieFixtures
    private let adapter = ErnieV1Adapter()
    private static let root = "https://aip.baidubce.com/rpc/2.0/ai_custom/v1/wenxinworkshop/"

    @Test(arguments: [
        ("ERNIE-4.0-8K", "completions_pro"), ("ernie-3.5-8k", "completions"),
        ("ERNIE-4.0-Turbo-8K", "ernie-4.0-turbo-8k"), ("ERNIE-Speed-8K", "ernie_speed"),
        ("ERNIE-Speed-128K", "ernie-speed-128k"), ("ERNIE-Lite-8K", "ernie-lite-8k"),
        ("ERNIE-Lite-8K-0922", "eb-instant"), ("ERNIE-Tiny-8K", "ernie-tiny-8k"), ("My_Model", "my_model"),
        ("../a?b", "..%2Fa%3Fb"),
    ])
    func `the model is the path, the token stands in the query`(_ model: String, _ endpoint: String) throws {
        let request = try adapter.makeRequest(
            try Fixtures.chat(Fixtures.user), Fixtures.target(model, settings: ["headers": "X-A: b"]))

        #expect(request.url == Self.root + "chat/\(endpoint)?access_token=24.tok%2Ben%2F%3D")
        #expect(
            request.headers.map { "\($0.name): \($0.value)" } == [
                "Content-Type: application/json", "Accept: application/json", "X-A: b",
            ])
    }

    @Test func `an IAM key signs the request and stays at home`() throws {
        let request = try adapter.makeRequest(
            try Fixtures.chat(Fixtures.user + #","stream":true"#),
            Fixtures.target(
                "ERNIE-3.5-8K", credential: "ALTAKEXAMPLE:bce-secret-example", settings: ["auth": "iam"]))

        #expect(request.url == Self.root + "chat/completions")
        #expect(request.isStream)
        #expect(request.header("x-bce-date") == "2025-11-23T00:00:00Z")
        #expect(
            request.header("authorization")
                == "bce-auth-v1/ALTAKEXAMPLE/2025-11-23T00:00:00Z/300/content-type;host;x-bce-date/"
                + "1a348ec310d18ea84b778450fccc8d341fcc7c205f92aa3fff94adce986aefb9")
    }

    @Test(
        arguments: [
            ("", [:]), ("t", ["auth": "basic"]), ("t", ["headers": "Host: x"]), ("geheim", ["auth": "iam"]),
            ("a\u{1}:geheim", ["auth": "iam"]),
        ] as [(String, [String: String])])
    func `an account that is set up wrongly is refused`(_ credential: String, _ settings: [String: String]) throws {
        let chat = try Fixtures.chat(Fixtures.user)
        let failure = #expect(throws: JobFailure.self) {
            _ = try adapter.makeRequest(chat, Fixtures.target(credential: credential, settings: settings))
        }
        #expect(failure?.kind == .authentication)
        #expect(failure?.message.contains("geheim") == false)
    }

    @Test func `a token has proved its key, a signed key is proved by the smallest embedding`() throws {
        #expect(try adapter.makePing(Fixtures.target(baseURL: "http://127.0.0.1:9999/"))?.url == nil)

        let signed = Fixtures.target(
            credential: "ak:sk", baseURL: "http://127.0.0.1:9999/", settings: ["auth": "iam"])
        let request = try #require(try adapter.makePing(signed))
        #expect(request.url.hasSuffix("/wenxinworkshop/embeddings/embedding-v1"))
        #expect(String(decoding: request.body, as: UTF8.self) == #"{"input":["a"]}"#)
    }

    // MARK: - Failures

    @Test(
        arguments: [
            (["6", "14", "15", "336004"], .authentication), (["17", "19"], .quotaExhausted),
            (["4", "18", "336501", "336502", "336503", "336504", "336505"], .rateLimited), (["336100"], .overloaded),
            (["1", "2", "336000", "336117", "999999"], .serverError),
            (["3", "336001", "336002", "336003", "336005", "336006", "336101", "336104", "336105"], .invalidRequest),
            (["336007", "336103"], .contextTooLong),
        ] as [([String], JobFailure.Kind)])
    func `each code of the table has its meaning, in a 200`(_ codes: [String], _ kind: JobFailure.Kind) {
        for code in codes {
            let failure = adapter.failure(inside: Fixtures.error(code))
            #expect(failure?.kind == kind, "\(code)")
            #expect(failure?.code == code)
            #expect(failure?.isStaleCredential == false)
            #expect(ernieOutcome(Fixtures.error(code), contentType: "application/json").failure == failure)
            #expect(ernieOutcome(Fixtures.error(code), isStream: false).failure == failure)
            #expect(adapter.failure(inside: Fixtures.error(#""\#(code)""#)) == failure)
        }
    }

    @Test(arguments: ["110", "111", "100", "13"])
    func `a token may be out of date`(_ code: String) {
        #expect(adapter.failure(inside: Fixtures.error(code))?.isStaleCredential == true)
    }

    @Test func `unsafe texts and conversations are filtered`() {
        #expect(adapter.failure(inside: Fixtures.error("336104", "system is unsafe"))?.kind == .contentFiltered)
        #expect(adapter.failure(inside: Fixtures.error("336105", "人设不安全"))?.kind == .contentFiltered)
        let body = Fixtures.completion(#""result":"换个话题吧","need_clear_history":true,"ban_round":-1"#)
        #expect(adapter.failure(inside: body)?.kind == .contentFiltered)
        #expect(ernieOutcome(body, isStream: false).failure?.kind == .contentFiltered)
        let event = #"data: {"result":"x","need_clear_history":true,"is_end":true}"# + "\n\n"
        #expect(ernieOutcome(Array(event.utf8)).failure?.kind == .contentFiltered)
    }

    @Test func `answers are no failures, and a proxy's status counts`() {
        #expect(adapter.failure(inside: Fixtures.text) == nil)
        #expect(adapter.failure(inside: Array(#"{"error_code":0,"result":"a"}"#.utf8)) == nil)
        func failure(_ status: Int, _ body: [UInt8]) -> JobFailure {
            adapter.failure(UpstreamResponse(status: status, headers: { _ in nil }, body: body, now: 0))
        }
        #expect(failure(503, Array("<html>".utf8)).kind == .overloaded)
        #expect(failure(400, Fixtures.error("18")).kind == .rateLimited)
        #expect(failure(401, []).kind == .authentication)
    }
}
