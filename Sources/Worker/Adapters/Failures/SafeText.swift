import Shared

/// Makes a platform's error text fit to be shown and logged.
///
/// Explanations of a refused request help the caller, but platforms quote keys ("Incorrect API key provided: sk-…"),
/// organisations, signed URLs and pieces of the prompt. Anything that looks like one of these is cut out, and so is
/// everything after `maxCharacters`. For authentication and quota failures the caller gets our own words instead.
enum SafeText {
    /// Chosen: the longest documented explanation is about 400 characters.
    static let maxCharacters = 500
    /// Chosen: above the longest parameter or model name, below a sentence of a prompt.
    static let maxQuoted = 64
    /// Stands in place of a secret.
    static let redacted = "[redacted]"

    static func message(_ text: String) -> String {
        let clean = text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : Character($0) }
        let words = String(replacingQuotes(clean, longerThan: maxQuoted))
            .split(separator: " ", omittingEmptySubsequences: true)
        let safe = words.indices.map { isCredential(words, at: $0) ? redacted : word(words[$0]) }.joined(separator: " ")
        guard safe.count > maxCharacters else { return safe }
        return safe.prefix(maxCharacters) + "…"
    }

    /// True for a word of 16 bytes or more behind the name of an HTTP authentication scheme.
    private static func isCredential(_ words: [Substring], at index: Int) -> Bool {
        guard index > 0, words[index].utf8.count >= 16 else { return false }
        return ["bearer", "basic"].contains(words[index - 1].lowercased())
    }

    /// The first text that is not empty, if it is an identifier.
    ///
    /// Anything else in a code's place is dropped.
    static func code(_ texts: String...) -> String? {
        guard let text = texts.first(where: { !$0.isEmpty }), text.utf8.count <= 64 else { return nil }
        let isIdentifier = text.utf8.allSatisfy { $0.isASCIIAlphanumeric || [45, 46, 95].contains($0) }
        return isIdentifier && !SecretShape.matches(text) ? text : nil
    }

    /// The text with empty quotations.
    static func withoutQuotes(_ text: String) -> String {
        String(replacingQuotes(Array(text), longerThan: 0))
    }

    /// Replaces quotations longer than `limit`, where an apostrophe is no quotation mark.
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
            // The closing mark goes with the quotation, so that it opens nothing.
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

    /// The path of a URL without its query, if it is plain words as in documentation.
    private static func path(_ text: Substring) -> String {
        guard let first = text.first else { return "" }
        guard first == "/" else { return first == "?" || first == "#" ? "/…" : runs(String(text)) }
        let path = text.prefix { !"?#".contains($0) }
        let isPlain =
            path.utf8.count <= maxQuoted && !SecretShape.matches(String(path))
            && path.utf8.allSatisfy { $0.isASCIIAlphanumeric || "/-_.,;:)]'\"".utf8.contains($0) }
        return isPlain && path.endIndex == text.endIndex ? String(path) : "/…"
    }

    /// Replaces each run of key characters that looks like a key.
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
    /// Removes the account's own key, whole or by halves (`AK:SK`), since platforms quote it in forms that no table
    /// knows.
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

    /// Chosen: shorter keys are placeholders of servers without keys ("none"), and common words.
    private static let leastSecret = 8

    private func message(_ text: String, without secret: Substring) -> String {
        var safe = ""
        // Continues behind the replacement, since a key may be part of the replacement text itself.
        var rest = text[...]
        while let found = rest.range(ofLiteral: String(secret)) {
            safe.append(contentsOf: rest[..<found.lowerBound])
            safe.append(contentsOf: SafeText.redacted)
            rest = rest[found.upperBound...]
        }
        safe.append(contentsOf: rest)
        return safe
    }

    /// Adds the cool-down in the headers of a 200 to a limit that its body reports.
    func coolingDown(_ headers: HeaderLookup, now: Int64) -> JobFailure {
        guard retryAfter == nil, [.rateLimited, .overloaded, .quotaExhausted].contains(kind) else { return self }
        var failure = self
        failure.retryAfter = RetryAfter.parse(headers, now: now)
        return failure
    }
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
