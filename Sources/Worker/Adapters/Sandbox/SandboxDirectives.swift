/// Directives to the sandbox inside a prompt, in double square brackets: `[[tokens=50 delay_ms=20]] Hello`.
///
/// | directive | effect |
/// |---|---|
/// | `tokens=N` | the answer has exactly N pieces (at most 100,000, all choices together) |
/// | `size=N` | the answer is N bytes of ASCII text (at most 64 MiB, all choices together) |
/// | `echo` | the answer is the message verbatim, directives included |
/// | `reasoning=N` | N pieces of `reasoning_content` come first (at most 1,000) |
/// | `tool=NAME` | the answer is a call of that tool, with arguments made from its schema |
/// | `ttft_ms=N` | wait before the first piece (at most 10 minutes) |
/// | `delay_ms=N` | wait before every further piece (at most 10 minutes). Streams without it take `SANDBOX_DELAY` |
/// | `fail=KIND` | fail, with the wire name of a `JobFailure.Kind` (`rate_limited`, `server_error`, …) |
/// | `retry_after=N` | the failure's cool-down in seconds |
/// | `fail_after=N` | the failure comes after N pieces |
/// | `fail_attempts=N` | only attempts 1…N fail |
/// | `usage=none` | the answer reports no usage, so that it is estimated |
///
/// Brackets that hold anything else, such as wiki links, are text.
import Shared

struct SandboxDirectives: Sendable, Equatable {
    static let maxTokens = 100_000
    static let maxSize = 64 << 20
    static let maxReasoning = 1000
    private static let maxMilliseconds = 600_000

    var tokens: Int?
    var size: Int?
    var isEcho = false
    var reasoning = 0
    var tool: String?
    var firstDelay = Duration.zero
    /// `nil` takes the worker's setting.
    var delay: Duration?
    var failure: JobFailure.Kind?
    var retryAfter: Duration?
    var failAfter: Int?
    var failAttempts = Int.max
    var reportsUsage = true

    /// Reads the directives of a message and returns them with the `rest` of it.
    static func parse(_ message: String) -> (directives: SandboxDirectives, rest: String) {
        var directives = SandboxDirectives()
        let bytes = Array(message.utf8)
        var rest: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if let end = directives.read(bytes, at: index) {
                index = end
            } else {
                rest.append(bytes[index])
                index += 1
            }
        }
        var words = String(decoding: rest, as: UTF8.self).drop { $0.isWhitespace }
        while words.last?.isWhitespace == true { words.removeLast() }
        return (directives, String(words))
    }

    /// Reads the brackets that open at `start`.
    ///
    /// Returns the index behind them, `nil` if they hold no directives.
    private mutating func read(_ bytes: [UInt8], at start: Int) -> Int? {
        // Chosen: all directives together are below 256 bytes.
        let limit = min(bytes.count, start + 512)
        guard start + 4 <= limit, bytes[start] == UInt8(ascii: "["), bytes[start + 1] == UInt8(ascii: "[") else {
            return nil
        }
        for end in start + 2..<limit - 1
        where bytes[end] == UInt8(ascii: "]") && bytes[end + 1] == UInt8(ascii: "]") {
            var candidate = self
            guard candidate.read(String(decoding: bytes[start + 2..<end], as: UTF8.self)) else { return nil }
            self = candidate
            return end + 2
        }
        return nil
    }

    private mutating func read(_ text: String) -> Bool {
        let words = text.split(separator: " ")
        return !words.isEmpty && words.allSatisfy { read(word: $0) }
    }

    private mutating func read(word: Substring) -> Bool {
        if word == "echo" {
            isEcho = true
            return true
        }
        let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return false }
        switch parts[0] {
        case "tool": tool = parts[1]
        case "fail":
            guard let kind = JobFailure.Kind(rawValue: parts[1]) else { return false }
            failure = kind
        case "usage":
            guard parts[1] == "none" else { return false }
            reportsUsage = false
        default:
            guard let number = Int(parts[1]), number >= 0 else { return false }
            return set(parts[0], number)
        }
        return true
    }

    private mutating func set(_ name: String, _ number: Int) -> Bool {
        switch name {
        case "tokens": tokens = min(number, Self.maxTokens)
        case "size": size = min(number, Self.maxSize)
        case "reasoning": reasoning = min(number, Self.maxReasoning)
        case "ttft_ms": firstDelay = .milliseconds(min(number, Self.maxMilliseconds))
        case "delay_ms": delay = .milliseconds(min(number, Self.maxMilliseconds))
        case "retry_after": retryAfter = .seconds(min(number, 86_400))
        case "fail_after": failAfter = number
        case "fail_attempts": failAttempts = number
        default: return false
        }
        return true
    }
}
