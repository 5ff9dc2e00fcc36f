/// Collects a platform's token counts of one response, in whichever words it reports them.
///
/// In: any number of documents, chunks and usage objects. Out: one `TokenUsage`. A later count replaces an earlier one,
/// but a 0 never does, since servers write it where they have no count. The words and their places are data
/// (`UsageWords`).
import Shared

struct UsageCounts: Sendable {
    /// The meaning of a count.
    enum Part: Int, Sendable, CaseIterable {
        /// The prompt, with its cached part.
        case prompt
        /// The prompt. Where `read` and `written` are reported, it is without the cached parts (Anthropic).
        case input
        /// The prompt without the part that the server had already (llama.cpp).
        case fresh
        /// Read from a cache: part of the prompt, beside it, or kept by the server (with `fresh`).
        case cached, read, kept
        /// Written to a cache: part of the prompt, or beside it.
        case writtenInside, written
        /// Of the tokens written, those kept for five minutes and for an hour.
        case shortLived, longLived
        /// The output, or the server's own count where no other is reported (llama.cpp).
        case output, made
        /// Part of the output unless the total shows otherwise, or always beside it (Gemini).
        case reasoning, thoughts
        case total
    }

    /// By `Part`, where 0 means no count.
    private var counts = UsageCounts.none
    /// Something was counted, even if only zeros.
    private var isTold = false
    /// Usage inside the choices, where each choice has its own output.
    private var choices: [Int: [Int]] = [:]

    private static let none = [Int](repeating: 0, count: Part.allCases.count)

    init() {}

    /// `nil` while nothing was counted.
    var tokens: TokenUsage? {
        guard isTold else { return nil }
        let counts = whole
        func count(_ part: Part) -> Int { counts[part.rawValue] }
        let total = count(.total)
        let output = count(.output) > 0 ? count(.output) : count(.made)
        var usage = TokenUsage()
        usage.cached = max(count(.cached), count(.read), count(.kept))
        usage.cacheWrites = max(count(.writtenInside), count(.written), count(.shortLived) + count(.longLived))
        usage.hourlyCacheWrites = count(.longLived)
        let prompts = [
            count(.prompt), count(.input) + count(.read) + count(.written), count(.fresh) + count(.kept),
        ]
        usage.input = prompts.first { $0 > 0 } ?? max(0, total - output)
        usage.reasoning = max(count(.reasoning), count(.thoughts))
        usage.output = output + count(.thoughts)
        // Grok counts thinking beside its output, and includes it only in the total.
        if count(.reasoning) > 0, total > usage.input + usage.output {
            usage.output = min(total - usage.input, usage.output + count(.reasoning))
        }
        if usage.output == 0, usage.input > 0 { usage.output = max(0, total - usage.input) }
        return usage
    }

    /// The counts.
    ///
    /// Where there are none, those of the choices added up.
    private var whole: [Int] {
        guard counts.allSatisfy({ $0 == 0 }) else { return counts }
        var sum = counts
        for choice in choices.values {
            for (part, count) in choice.enumerated() {
                // All choices answer the same prompt.
                let isOutput = part == Part.output.rawValue || part == Part.reasoning.rawValue
                sum[part] = isOutput ? sum[part] + count : max(sum[part], count)
            }
        }
        if choices.count > 1 { sum[Part.total.rawValue] = 0 }
        return sum
    }

    // MARK: - Reading

    /// Reads a whole response, or a chunk of one.
    mutating func note(answer: JSONObject) {
        for member in answer.members {
            switch member.key {
            case "id", "object", "created", "model", "system_fingerprint", "service_tier": continue
            case "choices":
                guard case .array(let list) = member.value else { continue }
                for (position, choice) in list.enumerated() { note(choice: choice, position) }
            default:
                guard let words = UsageWords.places[member.key] else { continue }
                Self.note(member.value, words, &counts, &isTold)
            }
        }
    }

    /// Reads a usage object.
    mutating func note(_ usage: JSON?) {
        if let usage { Self.note(usage, .words(UsageWords.words), &counts, &isTold) }
    }

    private mutating func note(choice: JSON, _ position: Int) {
        let index = choice["index"]?.intValue ?? position
        guard let usage = choice["usage"], usage != .null, ChoiceIndex.isKept(index) else { return }
        Self.note(
            usage, .words(UsageWords.words),
            &choices[index, default: UsageCounts.none], &isTold)
    }

    private static func note(_ value: JSON, _ place: UsageWords.Place, _ counts: inout [Int], _ isTold: inout Bool) {
        switch place {
        case .part(let part):
            guard let count = UsageWords.count(value) else { return }
            isTold = true
            if count > 0 { counts[part.rawValue] = count }
        case .words(let words):
            guard case .object(let object) = value else { return }
            for member in object.members {
                if let place = words[member.key] { note(member.value, place, &counts, &isTold) }
            }
        }
    }
}

extension TokenUsage {
    /// The counts of a usage object, `nil` where it has none.
    init?(counting usage: JSON?) {
        var counts = UsageCounts()
        counts.note(usage)
        guard let tokens = counts.tokens else { return nil }
        self = tokens
    }

    /// The counts of a whole response, wherever they stand.
    init?(answer: JSONObject) {
        var counts = UsageCounts()
        counts.note(answer: answer)
        guard let tokens = counts.tokens else { return nil }
        self = tokens
    }
}
