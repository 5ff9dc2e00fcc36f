/// Estimates tokens for answers whose platform reports none, as two sums whatever the length of the text.
///
/// Chosen: 1.5 Chinese, Japanese or Korean characters a token and 4 bytes a token for everything else, the middle of
/// what current tokenizers do (Qwen and GLM about 1.6, OpenAI's o200k about 1.4, English prose about 4.2). Rows counted
/// this way are flagged `estimated`.
package struct TokenEstimate: Sendable, Equatable {
    private var wideCharacters = 0
    private var otherBytes = 0

    package init() {}

    package init(of text: String) {
        add(text)
    }

    /// Rounded up, so that any text at all counts as one.
    package var tokens: Int {
        (wideCharacters * 8 + otherBytes * 3 + 11) / 12
    }

    package mutating func add(_ text: String) {
        let bytes = text.utf8.span
        var index = 0
        while index < bytes.count {
            let lead = bytes[index]
            let length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
            if length == 3, TokenEstimate.isWide(lead, bytes[index + 1]) {
                wideCharacters += 1
            } else if length == 4, bytes[index + 1] >= 0xA0, lead == 0xF0 {
                // U+20000…U+3FFFF: rarer ideographs.
                wideCharacters += 1
            } else {
                otherBytes += length
            }
            index += length
        }
    }

    package static func += (sum: inout TokenEstimate, next: TokenEstimate) {
        sum.wideCharacters += next.wideCharacters
        sum.otherBytes += next.otherBytes
    }

    /// The tokens of a prompt: its texts, and 4 for the frame of each message (OpenAI's rule of thumb).
    package static func prompt(of chat: ChatRequest) -> Int {
        var estimate = TokenEstimate()
        chat.forEachText { estimate.add($0) }
        return estimate.tokens + 4 * chat.messages.count
    }

    /// U+3000…U+9FFF, Hangul U+AC00…U+D7FF, U+F900…U+FAFF and full-width forms U+FF00…U+FFEF, by the first two bytes.
    private static func isWide(_ lead: UInt8, _ second: UInt8) -> Bool {
        switch lead {
        case 0xE3...0xE9: true
        case 0xEA: second >= 0xB0
        case 0xEB, 0xEC: true
        case 0xED: second < 0xA0
        case 0xEF: (0xA4...0xAB).contains(second) || second >= 0xBC
        default: false
        }
    }
}
