import Shared
import Testing

@testable import Worker

@Suite struct BCESignatureTests {
    /// A request that Baidu Cloud's own SDK signed, with keys made up for it.
    @Test func `the SDK's request is signed as the SDK signs it`() {
        let signature = BCESignature(
            accessKey: "ALTAKEXAMPLE", secretKey: "bce-secret-example",
            path: "/rpc/2.0/ai_custom/v1/wenxinworkshop/chat/completions",
            headers: [
                ("Content-Type", "application/json"), ("Host", "aip.baidubce.com"),
                ("x-bce-date", "2025-11-23T00:00:00Z"),
            ], timestamp: 1_763_856_000)
        let hex = "1a348ec310d18ea84b778450fccc8d341fcc7c205f92aa3fff94adce986aefb9"

        #expect(signature.signature == hex)
        #expect(
            signature.authorization
                == "bce-auth-v1/ALTAKEXAMPLE/2025-11-23T00:00:00Z/300/content-type;host;x-bce-date/\(hex)")
    }

    @Test func `the query is signed in order`() {
        let signature = BCESignature(
            accessKey: "a", secretKey: "b", path: "/x y/z", query: [("b", "2 3"), ("a", "")], headers: [("Host", "h")],
            timestamp: 0)
        #expect(signature.canonicalRequest == "POST\n/x%20y/z\na=&b=2%203\nhost:h")
    }

    @Test func `what is not plain is encoded byte by byte`() {
        #expect(PercentEncoding.encode("aZ0-._~/ 好") == "aZ0-._~%2F%20%E5%A5%BD")
        #expect(PercentEncoding.encode("/a b", keepsSlash: true) == "/a%20b")
    }
}
