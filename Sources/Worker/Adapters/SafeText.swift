/// A platform's own words, made fit to be shown and logged.
///
/// Explanations of a refused request are worth passing on, but platforms quote: keys ("Incorrect API key provided:
/// sk-…"), organisations, URLs with signatures, pieces of the prompt. What looks like any of these is cut out, and so
/// is everything after `maxCharacters`. For authentication and quota failures the caller gets our words instead.
enum SafeText {
    /// Chosen: the longest documented explanation is about 400 characters.
    static let maxCharacters = 500
    /// Chosen: above the longest parameter or model name, below a sentence of a prompt.
    static let maxQuoted = 64

    static func message(_ text: String) -> String {
        let clean = text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : Character($0) }
        let words = withoutLongQuotes(clean).split(separator: " ", omittingEmptySubsequences: true)
        let redacted = words.map(redact).joined(separator: " ")
        guard redacted.count > maxCharacters else { return redacted }
        return redacted.prefix(maxCharacters) + "…"
    }

    /// The first of the texts that has one, if it is an identifier: anything else in a code's place is not passed on.
    static func code(_ texts: String...) -> String? {
        guard let text = texts.first(where: { !$0.isEmpty }), text.utf8.count <= 64 else { return nil }
        let isIdentifier = text.utf8.allSatisfy {
            (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || [45, 46, 95].contains($0)
        }
        return isIdentifier ? text : nil
    }

    /// Replaces what stands between two equal quotation marks and is longer than a name.
    private static func withoutLongQuotes(_ text: [Character]) -> [Character] {
        var result: [Character] = []
        var index = 0
        while index < text.count {
            let mark = text[index]
            result.append(mark)
            index += 1
            guard mark == "\"" || mark == "`" || mark == "'",
                let end = text[index...].firstIndex(of: mark), end - index > maxQuoted
            else { continue }
            result.append("…")
            index = end
        }
        return result
    }

    private static func redact(_ word: ArraySlice<Character>) -> String {
        let text = String(word)
        if let scheme = text.range(ofLiteral: "://") {
            let host = text[scheme.upperBound...].prefix { !"/?#'\"".contains($0) }
            let safeHost = host.split(separator: "@").last.map(String.init) ?? ""
            return text[..<scheme.upperBound] + safeHost + (host.endIndex < text.endIndex ? "/…" : "")
        }
        return looksLikeSecret(text) ? "[redacted]" : text
    }

    private static let prefixes = [
        "sk-", "sk_", "pk-", "rk-", "org-", "proj_", "bce-v3", "AKID", "ALTAK", "LTAI", "eyJ",
    ]

    /// A known prefix anywhere in the word, or a run as long as keys are.
    private static func looksLikeSecret(_ word: String) -> Bool {
        if prefixes.contains(where: { word.range(ofLiteral: $0) != nil }) { return true }
        var run = 0
        for byte in word.utf8 {
            let isKeyByte =
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || [UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "*")]
                    .contains(byte)
            run = isKeyByte ? run + 1 : 0
            if run >= 32 { return true }
        }
        return false
    }
}

extension String {
    /// The first occurrence, without Foundation.
    func range(ofLiteral needle: String) -> Range<String.Index>? {
        guard let first = needle.first else { return nil }
        var start = startIndex
        while let index = self[start...].firstIndex(of: first) {
            if self[index...].hasPrefix(needle) { return index..<self.index(index, offsetBy: needle.count) }
            start = self.index(after: index)
        }
        return nil
    }
}
