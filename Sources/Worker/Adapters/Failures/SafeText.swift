import Shared

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
    /// What stands in place of a secret.
    static let redacted = "[redacted]"

    static func message(_ text: String) -> String {
        let clean = text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : Character($0) }
        let words = String(replacingQuotes(clean, longerThan: maxQuoted))
            .split(separator: " ", omittingEmptySubsequences: true)
        let safe = words.indices.map { isCredential(words, at: $0) ? redacted : word(words[$0]) }.joined(separator: " ")
        guard safe.count > maxCharacters else { return safe }
        return safe.prefix(maxCharacters) + "…"
    }

    /// Whether a word stands behind the name of an HTTP authentication scheme, and is longer than words that do are.
    private static func isCredential(_ words: [Substring], at index: Int) -> Bool {
        guard index > 0, words[index].utf8.count >= 16 else { return false }
        return ["bearer", "basic"].contains(words[index - 1].lowercased())
    }

    /// The first of the texts that has one, if it is an identifier: anything else in a code's place is not passed on.
    static func code(_ texts: String...) -> String? {
        guard let text = texts.first(where: { !$0.isEmpty }), text.utf8.count <= 64 else { return nil }
        let isIdentifier = text.utf8.allSatisfy { $0.isAlphanumeric || [45, 46, 95].contains($0) }
        return isIdentifier && !SecretShape.matches(text) ? text : nil
    }

    /// The text with empty quotations.
    static func withoutQuotes(_ text: String) -> String {
        String(replacingQuotes(Array(text), longerThan: 0))
    }

    /// Replaces what stands between two equal quotation marks and is longer than `limit`; an apostrophe is none.
    private static func replacingQuotes(_ text: [Character], longerThan limit: Int) -> [Character] {
        var result: [Character] = []
        var index = 0
        while index < text.count {
            let mark = text[index]
            result.append(mark)
            index += 1
            guard mark == "\"" || mark == "`" || mark == "'", index < 2 || !text[index - 2].isLetter,
                let end = text[index...].firstIndex(of: mark), end - index > limit
            else { continue }
            result.append("…")
            // The closing mark goes with it, so that it opens nothing.
            result.append(mark)
            index = end + 1
        }
        return result
    }

    private static func word(_ word: Substring) -> String {
        guard let scheme = word.range(ofLiteral: "://") else { return runs(String(word)) }
        let rest = word[scheme.upperBound...]
        let host = rest.prefix { !"/?#'\"".contains($0) }
        let safeHost = host.split(separator: "@").last.map(String.init) ?? ""
        return runs(String(word[..<scheme.lowerBound])) + "://" + safeHost + path(rest[host.endIndex...])
    }

    /// The path of an URL where it is plain words, as those of documentation are; never a query.
    private static func path(_ text: Substring) -> String {
        guard let first = text.first else { return "" }
        guard first == "/" else { return first == "?" || first == "#" ? "/…" : runs(String(text)) }
        let path = text.prefix { !"?#".contains($0) }
        let isPlain =
            path.utf8.count <= maxQuoted && !SecretShape.matches(String(path))
            && path.utf8.allSatisfy { $0.isAlphanumeric || "/-_.,;:)]'\"".utf8.contains($0) }
        return isPlain && path.endIndex == text.endIndex ? String(path) : "/…"
    }

    /// Replaces each run of characters that keys are made of and that looks like one.
    private static func runs(_ word: String) -> String {
        var result = ""
        var run = ""
        func close() {
            // A full stop ends a sentence more often than a key.
            let tail = run.reversed().prefix { $0 == "." || $0 == "-" }
            let key = run.dropLast(tail.count)
            result += (SecretShape.matches(String(key)) ? redacted : String(key)) + String(tail)
            run = ""
        }
        for character in word {
            if character.utf8.count == 1, character.utf8.allSatisfy(SecretShape.isKeyByte) {
                run.append(character)
            } else {
                close()
                result.append(character)
            }
        }
        close()
        return result
    }
}

extension JobFailure {
    /// Without the account's own key, whole or by halves (`AK:SK`): platforms quote it in forms that no table knows.
    func hiding(_ credential: Credential) -> JobFailure {
        let key = credential.reveal()
        let halves = key.split { ":|".contains($0) }
        let secrets = [key[...]] + halves.filter { $0 != key[...] }
        var failure = self
        for secret in secrets where secret.count >= JobFailure.leastSecret {
            failure.message = message(failure.message, without: secret)
            failure.param = failure.param.map { message($0, without: secret) }
            if failure.code?.range(ofLiteral: String(secret)) != nil { failure.code = nil }
        }
        return failure
    }

    /// Chosen: shorter ones are placeholders of servers without keys ("none"), and words of any sentence.
    private static let leastSecret = 8

    private func message(_ text: String, without secret: Substring) -> String {
        var safe = ""
        // Goes on behind what was replaced: a key may be a part of the very word that stands in its place.
        var rest = text[...]
        while let found = rest.range(ofLiteral: String(secret)) {
            safe.append(contentsOf: rest[..<found.lowerBound])
            safe.append(contentsOf: SafeText.redacted)
            rest = rest[found.upperBound...]
        }
        safe.append(contentsOf: rest)
        return safe
    }

    /// With the time to stay away that the headers of a 200 name, for a limit that is reported inside it.
    func resting(_ headers: HeaderLookup, now: Int64) -> JobFailure {
        guard retryAfter == nil, [.rateLimited, .overloaded, .quotaExhausted].contains(kind) else { return self }
        var failure = self
        failure.retryAfter = RetryAfter.parse(headers, now: now)
        return failure
    }
}

extension UInt8 {
    var isAlphanumeric: Bool { isDigit || isLetter }
    var isDigit: Bool { (48...57).contains(self) }
    var isUppercase: Bool { (65...90).contains(self) }
    var isLetter: Bool { isUppercase || (97...122).contains(self) }
}

extension StringProtocol {
    /// The first occurrence, without Foundation.
    func range(ofLiteral needle: String) -> Range<Index>? {
        guard let first = needle.first else { return nil }
        var start = startIndex
        while let index = self[start...].firstIndex(of: first) {
            if self[index...].hasPrefix(needle) { return index..<self.index(index, offsetBy: needle.count) }
            start = self.index(after: index)
        }
        return nil
    }
}
