import Shared
import Testing

@testable import Worker

@Suite struct ZhipuTokensTests {
    @Test func `the vector of Zhipu's own SDK is met byte for byte`() {
        let token = ZhipuTokens.jwt(id: "a1b2c3d4e5f6a7b8", secret: "ZhipuTestSecret01", now: 1_763_856_000_000)
        #expect(
            token
                == "eyJhbGciOiJIUzI1NiIsInNpZ25fdHlwZSI6IlNJR04iLCJ0eXAiOiJKV1QifQ.eyJhcGlfa2V5IjoiYTFiMmMzZDRlNWY2YTdiOCIsImV4cCI6MTc2Mzg1NjIxMDAwMCwidGltZXN0YW1wIjoxNzYzODU2MDAwMDAwfQ.Wvi9-Gjq6vj2XgryziqWBcmO1_LdS_hdjiqbdiIZNlw"
        )
    }

    @Test(arguments: ["", "id", "id.", ".secret", "a.b.c"])
    func `a key of another form is refused without showing it`(_ key: String) {
        let account = AccountView(credential: Credential(key))
        let failure = #expect(throws: JobFailure.self) { try ZhipuTokens().begin(account, now: 0) }
        #expect(failure?.kind == .authentication)
        #expect(failure?.message.contains("id.secret") == true)
    }

    @Test func `a token is renewed before it ends`() throws {
        guard case .ready(let token) = try ZhipuTokens().begin(AccountView(credential: Credential("a.b")), now: 1000)
        else {
            Issue.record("nothing is asked for")
            return
        }
        #expect(token.renewAt == 181_000)
    }
}
