import Shared
import Testing

@testable import Worker

@Suite struct BodyMaskTests {
    private let mask = BodyMask(salt: [1, 2, 3])

    private func masked(_ text: String) -> String {
        String(decoding: mask.masked(Array(text.utf8)), as: UTF8.self)
    }

    @Test(arguments: [
        (
            #"{"choices":[{"index":0,"message":{"role":"assistant","content":"Hello, 世界 🙂 7"},"finish_reason":"stop"}]}"#,
            #"{"choices":[{"index":0,"message":{"role":"assistant","content":"xxxxx, 文文 🙂 1"},"finish_reason":"stop"}]}"#
        ),
        // Counts and the platform's words stay, also words that nobody knows.
        (
            #"{"model":"qwen-plus","usage":{"prompt_tokens":70},"choices":[{"finish_reason":"odd_reason"}]}"#,
            #"{"model":"qwen-plus","usage":{"prompt_tokens":70},"choices":[{"finish_reason":"odd_reason"}]}"#
        ),
        (
            #"{"error":{"code":"InvalidApiKey","type":"auth","message":"Wrong key sk-1a"}}"#,
            #"{"error":{"code":"InvalidApiKey","type":"auth","message":"xxxxx xxx xx-1x"}}"#
        ),
        // Escapes, halves of pairs, members twice, what is no JSON.
        (
            #"{"a":"é\n\"b\" \u4f60 \ud83d\ude00 \ud83d \u0061","a":NaN, "b":-Infinity,"c":oops}"#,
            #"{"a":"é\n\"x\" \u6587 \ud83d\ude42 \ud83d \u0078","a":NaN, "b":-Infinity,"c":xxxx}"#
        ),
        // A cut document, and one whose quotes are wrong.
        (#"{"choices":[{"message":{"content":"Secr"#, #"{"choices":[{"message":{"content":"xxxx"#),
        (#"{"content":"He said "secret", "type" and went"}"#, #"{"content":"xx xxxx "xxxxxx", "xxxx" xxx xxxx"}"#),
        // JSON that a model wrote is its text, by whatever name. JSON in a string stays JSON.
        (
            #"{"content":[{"type":"tool_use","input":{"type":"Secret","code":"Secret","role":"user","n":[42],"m":42}}]}"#,
            #"{"content":[{"type":"tool_use","input":{"type":"xxxxxx","code":"xxxxxx","role":"user","o":[11],"o":11}}]}"#
        ),
        (
            #"{"function":{"arguments":"{\"city\":\"Paris\",\"on\":true,\"n\":-2.5}"}}"#,
            #"{"function":{"arguments":"{\"xxxx\":\"xxxxx\",\"xx\":true,\"x\":-1.1}"}}"#
        ),
        // Numbers that are text: the bytes of tokens.
        (#"{"choices":[{"bytes":[72,101]}]}"#, #"{"choices":[{"bytes":[11,111]}]}"#),
        // A page of a proxy.
        ("<html><b>Secret</b></html>", "<xxxx><x>xxxxxx</x></xxxx>"),
    ])
    func `what was said is masked, how it was said stays`(_ text: String, _ wanted: String) {
        // Names of the model's own members are hashed: compared by what is around them.
        let result = masked(text)
        if text.contains(#""n":[42]"#) {
            #expect(result.contains(#""type":"xxxxxx","code":"xxxxxx","role":"user""#))
            #expect(result.contains(":[11],") && result.hasSuffix(":11}}]}"))
        } else {
            #expect(result == wanted)
        }
    }

    @Test func `users and accounts are identities, as texts and as numbers`() throws {
        let text = #"{"uid":"Anna7","uin":1000123,"user":"Anna7","account":"acme-inc"}"#
        let result = masked(text)
        let json = try JSON(parsing: Array(result.utf8))
        #expect(result.utf8.count == text.utf8.count)
        #expect(!result.contains("Anna7") && !result.contains("acme-inc"))
        #expect(json["uid"] == json["user"] && json["uin"] == 1_111_111)
    }

    @Test func `events are masked line by line, and keep their faults`() {
        let text =
            "\u{FEFF}id:1\nevent:result\n:HTTP_STATUS/200\n: OPENROUTER PROCESSING\n: secret\r\n"
            + "data:{\"output\":{\"text\":\"Secret\",\r\ndata: \"finish_reason\":\"null\"}}\r\n\r\ndata: secret\n\ndata: [DONE]\n\n"
            + "retry: 300\nnoise secret"
        let result = masked(text)
        #expect(result.utf8.count == text.utf8.count)
        #expect(result.contains("event:result\n:HTTP_STATUS/200\n: OPENROUTER PROCESSING\n: xxxxxx\r\n"))
        #expect(
            result.contains(
                "data:{\"output\":{\"text\":\"xxxxxx\",\r\ndata: \"finish_reason\":\"null\"}}\r\n\r\ndata: xxxxxx"))
        #expect(result.hasSuffix("data: [DONE]\n\nretry: 300\nxxxxx xxxxxx"))
        #expect(result.hasPrefix("\u{FEFF}id:"))
    }

    @Test func `ids and names stay equal or different`() throws {
        let text =
            #"{"tool_calls":[{"id":"call_1","function":{"name":"weather"}},{"id":"call_2","function":{"name":"weather"}}]}"#
        let result = masked(text)
        let calls = try #require(try JSON(parsing: Array(result.utf8))["tool_calls"]?.arrayValue)
        #expect(calls[0]["id"] != calls[1]["id"])
        #expect(calls[0]["function"] == calls[1]["function"])
        #expect(!result.contains("weather") && !result.contains("call_1"))
        #expect(BodyMask(salt: [9]).masked(Array(text.utf8)) != Array(result.utf8))
    }

    @Test(
        arguments: [
            ([0xE4, 0xBD], [0xE6, 0x96]), ([0xE4, 0xBD, 0xA0], [0xE6, 0x96, 0x87]),
            ([0xF0, 0x9F, 0x98], [0xF0, 0x9F, 0x99]),
            ([0xD6, 0xD0, 0xCE], [0xC3, 0xC3, 0xC3]), ([0xED, 0xA0, 0x80], [0xFF, 0x80, 0x80]),
            ([0xE0, 0x80, 0x80], [0xFF, 0x80, 0x80]), ([0x80, 0xBF], [0x80, 0x80]), ([0xC0, 0xAF], [0xFF, 0x80]),
            ([0xFF, 0xFE], [0xFF, 0xFF]), ([0xEF, 0xBF, 0xBD], [0xEF, 0xBF, 0xBD]),
        ] as [([UInt8], [UInt8])])
    func `bytes that are no UTF-8 stay as wrong as they are`(_ bytes: [UInt8], _ wanted: [UInt8]) {
        let frame = (Array(#"{"content":""#.utf8), Array(#""}"#.utf8))
        #expect(mask.masked(frame.0 + bytes + frame.1) == frame.0 + wanted + frame.1)
        let faults = { (bytes: [UInt8]) in
            String(decoding: bytes, as: UTF8.self).unicodeScalars.count { $0 == "\u{FFFD}" }
        }
        #expect(faults(bytes) == faults(wanted))
    }

    @Test func `no byte of any body gets longer, shorter, or through`() {
        var generator = SplitMix(seed: 3)
        let parts = [
            "secretword", "\"", "\\", ":", ",", "{", "}", "[", "]", "\n", "\r", "data: ", "event: ", "id: ", ": ", " ",
            "type",
            "content", "role", "input", "\\u00", "é", "true", "12", "\u{FEFF}",
        ].map { Array($0.utf8) }
        for _ in 0..<20_000 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 1...30, using: &generator) {
                bytes += Bool.random(using: &generator) ? parts.randomElement(using: &generator) ?? [] : parts[0]
                if UInt8.random(in: 0...9, using: &generator) == 0 {
                    bytes.append(.random(in: 0x80...0xFF, using: &generator))
                }
            }
            let result = mask.masked(bytes)
            #expect(result.count == bytes.count)
        }
    }

    @Test func `texts never get through, wherever the quotes are wrong`() {
        var generator = SplitMix(seed: 5)
        let signs = ["\"", "\\", ":", ",", "{", "}", "[", "]", "\n", " ", "data: ", "\"content\":\""]
        for _ in 0..<20_000 {
            let text = (0..<12).map { _ in (signs.randomElement(using: &generator) ?? "") + "secret word" }.joined()
            #expect(!masked("{\"content\":\"\(text)").contains("secret word"))
            #expect(!masked(text).contains("secret word"))
        }
    }
}
