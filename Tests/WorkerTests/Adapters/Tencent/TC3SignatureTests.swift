import Shared
import Testing

@testable import Worker

/// Requests that Tencent Cloud's own SDK signed, with keys made up for them.
@Suite struct TC3SignatureTests {
    private let first = signature(
        #"{"Model": "hunyuan-turbos-latest", "Messages": [{"Role": "user", "Content": "\u4f60\u597d \ud83d\ude42"}], "Stream": false}"#
    )
    private let second = signature(
        #"{"Model":"hunyuan-turbos-latest","Messages":[{"Role":"user","Content":"你好 🙂"}],"Stream":true}"#,
        action: "ChatCompletions")

    private static func signature(_ body: String, action: String? = nil) -> TC3Signature {
        TC3Signature(
            secretID: "AKIDEXAMPLE0001", secretKey: "tc-example-secret-key-0001", host: "hunyuan.tencentcloudapi.com",
            timestamp: 1_763_856_000, body: Array(body.utf8), action: action)
    }

    @Test func `the SDK's request is signed as the SDK signs it`() {
        #expect(first.payloadHash == "fe4ac9e223b13a9be736dfa05eb6957cb71090bd06710160202cd82c21ed9ea9")
        #expect(first.canonicalHash == "64f9a73d1e9d1d1ac5b8915aa9a994887620c30815b1936a244344041373ff31")
        #expect(
            first.dateKey.hex == "77c17f3947145c64ffa73c7081ae619ef3b7ca090950605cfd97404bb139db07")
        #expect(
            first.serviceKey.hex == "4e73b05161b2f703b86b38c8e358af6ef79f39920a861d70cffd1b89e7da085f")
        #expect(
            first.signingKey.hex == "27656635b06312dfc81d78523a4ed23d53edf3b422005dd49471b217c3c87638")
        #expect(first.signature == "f1f1b4fe54cab2fa673861a6610962e39538eca34e86172cc8d1cf7680d15ff5")
        #expect(
            first.authorization
                == "TC3-HMAC-SHA256 Credential=AKIDEXAMPLE0001/2025-11-23/hunyuan/tc3_request, "
                + "SignedHeaders=content-type;host, "
                + "Signature=f1f1b4fe54cab2fa673861a6610962e39538eca34e86172cc8d1cf7680d15ff5")
    }

    @Test func `the action may be signed, too`() {
        #expect(second.payloadHash == "70baab5c44b7cf0fa4dc379b3b13781f5743864447d8ef87e2299facc7675f21")
        #expect(second.canonicalHash == "884e20666f9bc0e389e2e33f7b640e66e43f292b2ded497074aea22dce9f867a")
        #expect(second.signature == "1372c4d028f0db62458daebe823acb21fe4076eb8a562bf7f02a8d5cf004e8c6")
        #expect(second.signedHeaders == "content-type;host;x-tc-action")
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"), (951_782_399, "2000-02-28T23:59:59Z"), (951_782_400, "2000-02-29T00:00:00Z"),
        (1_763_856_000, "2025-11-23T00:00:00Z"), (1_767_225_599, "2025-12-31T23:59:59Z"),
        (4_107_542_400, "2100-03-01T00:00:00Z"), (-1, "1969-12-31T23:59:59Z"),
    ])
    func `dates are right, leap years included`(_ seconds: Int64, _ text: String) {
        #expect(UTCTime(secondsSince1970: seconds).dateAndTime == text)
    }
}
