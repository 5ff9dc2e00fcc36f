import Shared
import Testing

@Suite struct TokenEstimateTests {
    @Test(arguments: [
        ("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("你", 1), ("你好世", 2), ("你好世界和平", 4), ("한국어", 2), ("カタカナ", 3),
        ("，。！", 2), ("𠀀𠀁𠀂", 2), ("🙂", 1), ("éééé", 2),
    ])
    func `Chinese counts by the character, everything else by the byte`(_ text: String, _ tokens: Int) {
        #expect(TokenEstimate(of: text).tokens == tokens)
    }

    @Test func `counting in pieces is counting the whole`() {
        let text = String(repeating: "Hello 你好，world 🙂! ", count: 50)
        var sum = TokenEstimate()
        for character in text { sum += TokenEstimate(of: String(character)) }
        #expect(sum == TokenEstimate(of: text))
    }

    @Test func `a prompt counts its messages`() throws {
        let body = #"{"model":"m","messages":[{"role":"system","content":"abcd"},{"role":"user","content":"你好世"}]}"#
        #expect(TokenEstimate.prompt(of: try ChatRequest(decoding: Array(body.utf8))) == 11)
    }
}
