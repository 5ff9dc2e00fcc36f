import Shared
import Testing

@testable import Worker

@Suite struct ErnieTokensTests {
    private let tokens = ErnieTokens()
    private let now: Int64 = 1_763_856_000_000

    private func account(_ key: String, _ settings: [String: String] = [:]) -> AccountView {
        AccountView(credential: Credential(key), settings: settings)
    }

    @Test(arguments: ["a k:s+k", "a k|s+k"])
    func `spaces are no part of a key`(_ key: String) {
        #expect(throws: JobFailure.self) { _ = try tokens.begin(account(key), now: now) }
    }

    @Test(arguments: ["ak:s+k/=", "ak|s+k/="])
    func `a token is asked for, with both halves in the query, escaped`(_ key: String) throws {
        guard case .ask(let request) = try tokens.begin(account(key), now: now) else {
            Issue.record("no request")
            return
        }

        #expect(request.method == "POST")
        #expect(
            request.url == "https://aip.baidubce.com/oauth/2.0/token"
                + "?grant_type=client_credentials&client_id=ak&client_secret=s%2Bk%2F%3D")
        #expect(request.body.isEmpty)
    }

    @Test func `an IAM key needs no token`() throws {
        guard case .ready(let token) = try tokens.begin(account("ak:sk", ["auth": "iam"]), now: now) else {
            Issue.record("asks")
            return
        }
        #expect(token.credential.reveal() == "ak:sk")
        #expect(token.renewAt > now)
    }

    @Test(arguments: ["", "ak", "ak:", ":geheim", "a:b:geheim", "a|b|geheim"])
    func `other keys are refused, without showing them`(_ key: String) {
        let failure = #expect(throws: JobFailure.self) { _ = try tokens.begin(account(key), now: now) }
        #expect(failure?.kind == .authentication)
        #expect(failure?.message.contains("geheim") == false)
    }

    private func answer(_ status: Int, _ body: String) -> UpstreamResponse {
        UpstreamResponse(status: status, headers: { _ in nil }, body: Array(body.utf8), now: now)
    }

    @Test(
        arguments: [
            (#","expires_in":2592000"#, 2_592_000_000 - 3_600_000), (#","expires_in":3600"#, 1_800_000),
            ("", 2_592_000_000 - 3_600_000), (#","expires_in":-5"#, 0),
            (#","expires_in":9223372036854775807"#, 2_592_000_000 - 3_600_000),
        ] as [(String, Int64)])
    func `a token is renewed an hour before its end`(_ life: String, _ milliseconds: Int64) throws {
        let token = try tokens.token(answer(200, #"{"access_token":"24.abc"\#(life)}"#))
        #expect(token.credential.reveal() == "24.abc")
        #expect(token.renewAt == now + milliseconds)
    }

    @Test(arguments: [
        (401, #"{"error":"invalid_client","error_description":"unknown client id"}"#, JobFailure.Kind.authentication),
        (200, #"{"error":"invalid_client","error_description":"Client authentication failed"}"#, .authentication),
        (500, #"{"error":"server_error"}"#, .serverError), (502, "<html>", .serverError), (200, "{}", .serverError),
        (200, #"{"access_token":""}"#, .serverError), (429, "", .rateLimited),
    ])
    func `no token is a failure, and never a stale one`(_ status: Int, _ body: String, _ kind: JobFailure.Kind) {
        let failure = #expect(throws: JobFailure.self) { _ = try tokens.token(answer(status, body)) }
        #expect(failure?.kind == kind)
        #expect(failure?.isStaleCredential == false)
        #expect(failure?.upstreamStatus == status)
    }
}
