/// Recognises runs of letters and digits that look like a key, a token or a private id.
///
/// In: a run without space. Out: true for known prefixes, for masked keys, and for anything unlike a word, name, date
/// or version. Names of models and fields are long, too, but consist of words, short numbers and versions between
/// dashes (`claude-3-5-sonnet-20241022-v2`). Keys mix letters, digits and cases without a system, or are long in one
/// piece.
import Shared

enum SecretShape {
    /// The prefixes of keys, and the least number of characters that must follow.
    private static let prefixes: [(text: String, least: Int)] = [
        ("sk-", 3), ("sk_", 3), ("pk-", 6), ("pk_", 6), ("rk-", 6), ("rk_", 6), ("gsk_", 6), ("xai-", 6), ("hf_", 6),
        ("nvapi-", 6), ("r8_", 6), ("csk-", 6), ("sess-", 6), ("ghp_", 6), ("github_pat_", 6), ("glpat-", 6),
        ("xoxb-", 6), ("bce-v3", 1), ("AKID", 8), ("ALTAK", 1), ("LTAI", 6), ("AKIA", 8), ("ASIA", 8), ("AIza", 8),
        ("eyJ", 8),
    ]
    /// Ids behind these words are private, too.
    ///
    /// A plain word in their place ("org-wide") is not.
    private static let owners = ["org-", "org_", "proj-", "proj_", "user-", "acct_", "ws-", "ws_"]
    /// Chosen: documented keys have 20 characters and more, documented names fewer outside their words.
    private static let leastIrregular = 12
    private static let longestWord = 31
    private static let longestNumber = 15

    static func isKeyByte(_ byte: UInt8) -> Bool { byte.isASCIIAlphanumeric || "-_+/=.~*".utf8.contains(byte) }

    static func matches(_ run: String) -> Bool {
        let starts = [run[...]] + run.split { "=+~/*.".contains($0) }
        return starts.contains(where: hasPrefix) || isMasked(run) || isIrregular(Array(run.utf8))
    }

    private static func hasPrefix(_ run: Substring) -> Bool {
        if prefixes.contains(where: { run.hasPrefix($0.text) && run.utf8.count >= $0.text.utf8.count + $0.least }) {
            return true
        }
        guard let owner = owners.first(where: { run.hasPrefix($0) }) else { return false }
        let id = run.utf8.dropFirst(owner.utf8.count)
        return id.contains { $0.isASCIIDigit } || id.contains { $0.isASCIIUppercase } || id.count >= 20
    }

    /// `abc***xyz`, the form in which platforms show a refused key.
    private static func isMasked(_ run: String) -> Bool {
        run.range(ofLiteral: "***") != nil && run.utf8.contains { $0.isASCIIAlphanumeric }
    }

    /// Counts the characters that belong to no word, number or version.
    private static func isIrregular(_ run: [UInt8]) -> Bool {
        let parts = run.split { !$0.isASCIIAlphanumeric }
        if parts.indices.contains(where: { isUUID(parts[$0...].prefix(5)) }) { return true }
        var irregular = 0
        for part in parts {
            if longestPiece(part) > (part.allSatisfy(\.isASCIIDigit) ? longestNumber : longestWord) { return true }
            if isOdd(part) { irregular += part.count }
        }
        return irregular >= leastIrregular
    }

    /// The longest piece up to the next capital behind a small letter, as in camel case.
    private static func longestPiece(_ part: ArraySlice<UInt8>) -> Int {
        var (longest, length, last) = (0, 0, UInt8(0))
        for byte in part {
            length = last.isASCIILetter && !last.isASCIIUppercase && byte.isASCIIUppercase ? 1 : length + 1
            longest = max(longest, length)
            last = byte
        }
        return longest
    }

    private static func isUUID(_ parts: ArraySlice<ArraySlice<UInt8>>) -> Bool {
        parts.map(\.count) == [8, 4, 4, 4, 12] && parts.joined().allSatisfy { $0.hexDigitValue != nil }
    }

    /// True when letters and digits mix more than in a version, or capitals stand where no word has them.
    private static func isOdd(_ part: ArraySlice<UInt8>) -> Bool {
        // "v2", "480B" and "3p1" are versions and sizes, "aB3" is neither.
        guard part.count > 5 else {
            return part.contains { $0.isASCIIDigit } && part.contains { $0.isASCIIUppercase }
                && part.contains { $0.isASCIILetter && !$0.isASCIIUppercase }
        }
        var (changes, humps) = (0, 0)
        for (one, other) in zip(part, part.dropFirst()) {
            if one.isASCIIDigit != other.isASCIIDigit { changes += 1 }
            if one.isASCIILetter, other.isASCIIUppercase, !one.isASCIIUppercase { humps += 1 }
        }
        if changes > 0, part.count > longestNumber, part.allSatisfy({ $0.hexDigitValue != nil }) { return true }
        if changes == 0 { return humps * 5 > part.count }
        // Allows one number at the end of a word, as in "Llama3" or "sonnet20241022", and one before a word, as in
        // "20b".
        return changes > 1 || humps > 1
    }
}
