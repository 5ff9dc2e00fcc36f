import NIOCore
import Shared

#if canImport(Glibc)
    import Glibc
#endif

/// Shows an answer to a person: text on standard output, reasoning dimmed on standard error.
struct ChatPrinter: Sendable {
    /// The whole completion as JSON instead of its text.
    let asJSON: Bool
    /// With the escape codes of a terminal.
    var isDimming = StandardStreams.takesColours(STDERR_FILENO)
    /// A terminal would obey control characters, which a model or its caller may have put into the text.
    var isOutputGuarded = TerminalSize.of(STDOUT_FILENO) != nil
    var isErrorGuarded = TerminalSize.of(STDERR_FILENO) != nil

    func print(_ event: ReplyEvent) {
        switch event {
        case .delta(_, let payload): for text in ChatText.pieces(payload) { show(text) }
        case .restart: StandardStreams.error("\n[the answer begins again]\n")
        case .end: break
        }
    }

    /// On standard error, so that the answer stays alone on standard output.
    func tell(_ notice: WaitingNotice) {
        switch notice {
        case .noWorker: StandardStreams.error("[no worker is alive; the request waits for one]\n")
        case .place(let place):
            let wait = place.expectedWait.map { ", about \(($0.milliseconds + 999) / 1000) s" } ?? ""
            StandardStreams.error("[waiting: position \(place.position)\(wait)]\n")
        }
    }

    func end(_ end: RequestEnd) {
        let result = Array(end.result.readableBytesView)
        if asJSON, !result.isEmpty {
            StandardStreams.out(result + [UInt8(ascii: "\n")])
            return
        }
        if let chunk = CompletionChunk.make(from: result) {
            for text in ChatText.pieces(ByteBuffer(bytes: chunk)) { show(text) }
        }
        StandardStreams.out([UInt8(ascii: "\n")])
    }

    private func show(_ piece: ChatText) {
        switch piece {
        case .answer(let text): StandardStreams.out(Array((isOutputGuarded ? TerminalText.lines(text) : text).utf8))
        case .reasoning(let text), .toolCall(let text):
            StandardStreams.error(dimmed(isErrorGuarded ? TerminalText.lines(text) : text))
        }
    }

    func dimmed(_ text: String) -> String { isDimming ? "\u{1B}[2m\(text)\u{1B}[0m" : text }
}

/// The text of a chunk for a person (pure).
enum ChatText: Equatable {
    case answer(String)
    case reasoning(String)
    /// Name or arguments of a call, as they come.
    case toolCall(String)

    /// Reads a payload of the log: chunks without envelope, separated by line feeds.
    ///
    /// Only the first choice is shown.
    static func pieces(_ payload: ByteBuffer) -> [ChatText] {
        payload.readableBytesView.split(separator: UInt8(ascii: "\n")).flatMap { line -> [ChatText] in
            let choices = (try? JSON(parsing: Array(line)))?["choices"]?.arrayValue ?? []
            guard let delta = choices.first(where: { ($0["index"]?.intValue ?? 0) == 0 })?["delta"] else { return [] }
            return pieces(of: delta)
        }
    }

    private static func pieces(of delta: JSON) -> [ChatText] {
        var pieces: [ChatText] = []
        if let text = delta["reasoning_content"]?.stringValue, !text.isEmpty { pieces.append(.reasoning(text)) }
        if let text = delta["content"]?.stringValue, !text.isEmpty { pieces.append(.answer(text)) }
        for call in delta["tool_calls"]?.arrayValue ?? [] {
            let function = call["function"]
            for text in [function?["name"]?.stringValue, function?["arguments"]?.stringValue].compactMap({ $0 }) {
                pieces.append(.toolCall(text))
            }
        }
        return pieces
    }
}
