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

    @Test(
        arguments: [
            ("已达到 5 小时的使用上限。您的限额将在 2025-11-23 08:30:00 重置。", 1_800), ("resets at 2025-11-23 08:00:01", 1),
            ("resets at 2025-11-23 07:59:59", nil), ("resets at 2025-13-23 08:00:01", nil), ("soon", nil), ("", nil),
            ("2026-11-23 08:00:00", 7 * 86_400), ("2025-11-2308:00:01 2025-11-23 08:01:00", 60),
        ] as [(String, Int64?)])
    func `a limit that names its end rests until then, Beijing time`(_ message: String, _ seconds: Int64?) {
        // 2025-11-23T00:00:00Z
        #expect(ZhipuReset.coolDown(in: message, now: 1_763_856_000_000) == seconds.map { .seconds($0) })
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
