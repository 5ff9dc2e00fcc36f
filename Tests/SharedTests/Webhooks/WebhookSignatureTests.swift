import Testing

@testable import Shared

/// Vectors computed with Python's hmac.
@Suite struct WebhookSignatureTests {
    @Test func `DingTalk's is of the time and the secret, with the secret as key`() {
        #expect(
            WebhookSignature.dingTalk("SEC0123456789abcdef0123456789abcdef", at: 1_764_374_400_000)
                == "lfLUqfkz4sHyLZOwpu88/2yJUKmfuy5Sb0qXKmBPhrU=")
    }

    @Test func `Feishu's is of nothing, with the time and the secret as key`() {
        #expect(
            WebhookSignature.feishu("feishu-secret-0123456789", at: 1_764_374_400)
                == "fw/1IJrSL6yU+ll4xxblytad5qm/RvmpEXz0IHlAPlE=")
    }

    private let secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
    private let signature = "v1,gxdJyRIBmA2H8O03sbk10DuClwx0jB5xcOdgDtGeyow="

    private func standard(_ secrets: [String]) -> String {
        WebhookSignature.standard(
            secrets, id: "msg_01J0000000000000000000000", at: 1_764_374_400,
            Array(#"{"alert":"queue_age","state":"firing"}"#.utf8))
    }

    @Test func `the one of Standard Webhooks is of id, time and body`() {
        #expect(standard([secret]) == signature)
    }

    @Test func `while a secret is changed both sign`() {
        let other = "whsec_" + Base64.encode([UInt8](repeating: 7, count: 24))
        let signatures = standard([other, secret]).split(separator: " ")

        #expect(signatures.count == 2 && signatures.last == signature[...])
    }

    @Test(arguments: [
        "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", "whsec_", "whsec_c2hvcnQ=", "whsec_not base64 at all, no",
    ])
    func `other texts are no secrets of Standard Webhooks`(text: String) {
        #expect(WebhookSignature.key(text) == nil)
    }
}
