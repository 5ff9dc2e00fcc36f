/// Reads one choice of an OpenAI-compatible stream and repairs its deltas and its end to OpenAI's form.
///
/// `role` goes out once and first, calls as `StreamedCalls` tells them apart, and the finish reason once and last. The
/// reason is kept for the end of the stream, since servers send it early, twice, or before the calls that it is about.
/// Plain text, which most deltas are, is scanned and not parsed into a tree.
import Shared

struct OpenAIStreamedChoice: Sendable {
    enum Said: Sendable, Equatable {
        case nothing
        case text(TextDelta)
        /// The choice as it goes out in a chunk.
        case members(JSONObject)
    }

    private struct Ending: Sendable {
        let word: String
        /// The members that the platform sends beside its finish reason.
        let members: JSONObject
        let envelope: JSONObject
    }

    private let index: Int
    private let words: OpenAIAnswerWords
    private let style: CallStyle
    private var calls: StreamedCalls
    private var hasRole = false
    /// A delta had content.
    ///
    /// A whole message after it only repeats that.
    private var hasDelta = false
    private var ending: Ending?

    init(index: Int, _ words: OpenAIAnswerWords, _ form: CallForm) {
        self.index = index
        self.words = words
        style = form.style
        calls = StreamedCalls(form, choice: index)
    }

    var hasEnded: Bool { ending != nil }

    /// Fails where a finish reason means that the platform gave up.
    ///
    /// With `isAlone` the chunk has no other choice, so that text may stay unencoded.
    mutating func take(
        _ choice: JSONObject, _ envelope: JSONObject, isAlone: Bool
    ) throws(JobFailure) -> Said {
        if isAlone, let said = plainText(choice, envelope) { return said }
        return try members(of: choice, envelope)
    }

    // MARK: - Plain text

    /// `nil` where the choice is not plain text.
    private mutating func plainText(_ choice: JSONObject, _ envelope: JSONObject) -> Said? {
        guard let delta = onlyDelta(of: choice) else { return nil }
        hasDelta = hasDelta || !delta.isEmpty
        var text: TextDelta?
        var isRole = false
        for member in delta.members {
            switch (member.key, member.value) {
            case (_, .null): break
            case ("role", .string): isRole = true
            case (let name, .string(let piece)):
                guard let field = Self.field(name) else { return nil }
                // Servers that send both fields each time leave one of them empty.
                if let text, !text.text.isEmpty, !piece.isEmpty { return nil }
                if text == nil || !piece.isEmpty {
                    text = TextDelta(envelope: envelope, choice: index, field: field, text: piece)
                }
            case ("tool_calls", .array(let calls)) where calls.isEmpty: break
            default: return nil
            }
        }
        if text == nil, isRole { text = TextDelta(envelope: envelope, choice: index, text: "") }
        guard var text, !hasRole || !text.text.isEmpty else { return .nothing }
        if !hasRole { text.role = "assistant" }
        hasRole = true
        return .text(text)
    }

    /// The delta, if the choice has nothing else.
    private func onlyDelta(of choice: JSONObject) -> JSONObject? {
        var delta: JSONObject?
        for member in choice.members {
            switch (member.key, member.value) {
            case ("index", _), (_, .null), (_, ""): break
            case ("delta", .object(let object)): delta = object
            case (let name, 0) where name == words.filterFlag: break
            default: return nil
            }
        }
        return delta
    }

    private static func field(_ name: String) -> TextDelta.Field? {
        TextDelta.Field(rawValue: name) ?? (OpenAIMessage.thinkingNames.contains(name) ? .reasoning : nil)
    }

    // MARK: - Everything else

    private mutating func members(of choice: JSONObject, _ envelope: JSONObject) throws(JobFailure) -> Said {
        var delta = delta(of: choice)
        OpenAIMessage.mend(&delta)
        let pieces = Self.takePieces(from: &delta)
        for member in CallDelta.members(calls.take(pieces), style).members { delta.set(member.key, member.value) }
        let isRole = delta.remove("role") != nil
        let isEmpty = delta.members.allSatisfy { $0.value == .null }
        let word = try words.finishWord(of: choice)
        if isEmpty, !isRole || hasRole {
            guard let word else { return Self.saysMore(choice) ? .members(shaped(choice, [:])) : .nothing }
            end(word, shaped(choice, [:]), envelope)
            return .nothing
        }
        if let word { end(word, ["index": .int(index), "delta": [:]], envelope) }
        return .members(shaped(choice, introduced(delta)))
    }

    private mutating func end(_ word: String, _ members: JSONObject, _ envelope: JSONObject) {
        ending = ending ?? Ending(word: word, members: members, envelope: envelope)
    }

    /// Puts the role in front of the delta, if it has not been sent.
    private mutating func introduced(_ delta: JSONObject) -> JSONObject {
        guard !hasRole else { return delta }
        hasRole = true
        var introduced: JSONObject = ["role": "assistant"]
        for member in delta.members { introduced.set(member.key, member.value) }
        return introduced
    }

    /// Servers send whole messages, or the text of the old completions, in a delta's place.
    private mutating func delta(of choice: JSONObject) -> JSONObject {
        if let delta = choice["delta"]?.objectValue {
            hasDelta = hasDelta || !delta.isEmpty
            return delta
        }
        if hasDelta { return [:] }
        return choice["message"]?.objectValue ?? choice["text"]?.stringValue.map { ["content": .string($0)] } ?? [:]
    }

    private static func takePieces(from delta: inout JSONObject) -> [CallPiece] {
        let calls = (delta.remove("tool_calls")?.arrayValue ?? []).compactMap(\.objectValue)
        // Some servers send each call in both styles.
        let old = delta.remove("function_call")?.objectValue
        return (calls.isEmpty ? [old].compactMap(\.self) : calls).map(CallPiece.init(openAI:))
    }

    private static let said: Set<String> = ["index", "delta", "message", "text", "finish_reason", "usage"]

    private static func saysMore(_ choice: JSONObject) -> Bool {
        choice.members.contains { !said.contains($0.key) && $0.value != .null && $0.value != 0 }
    }

    /// The choice with our index, `delta`, and no end.
    private func shaped(_ choice: JSONObject, _ delta: JSONObject) -> JSONObject {
        var shaped: JSONObject = ["index": .int(index), "delta": .object(delta)]
        for member in choice.members where !Self.said.contains(member.key) {
            shaped.set(member.key, member.key == "logprobs" ? OpenAILogprobs.mended(member.value) : member.value)
        }
        shaped.set("finish_reason", .null)
        return shaped
    }

    // MARK: - End

    /// The remaining deltas at the proper end of the stream, and the reason as the ledger keeps it.
    ///
    /// `envelope` surrounds the end of a choice that its platform did not end.
    func end(_ envelope: JSONObject) -> (deltas: [ChatDelta], reason: String) {
        var rest = self
        let envelope = ending?.envelope ?? envelope
        var deltas: [ChatDelta] = []
        let delta = CallDelta.members(rest.calls.finish(), style)
        if !delta.isEmpty || !hasRole {
            let introduced = rest.introduced(delta.isEmpty ? ["content": ""] : delta)
            deltas.append(.chunk([.object(rest.shaped([:], introduced))], envelope))
        }
        let reason = FinishReason.said(ending?.word, hasCalls: rest.calls.hasOpened, style)
        var last = ending?.members ?? ["index": .int(index), "delta": [:]]
        last.set("finish_reason", .string(reason))
        deltas.append(.chunk([.object(last)], envelope))
        return (deltas, FinishReason.booked(ending?.word, said: reason))
    }
}

extension ChatDelta {
    /// A chunk of these choices.
    static func chunk(_ choices: [JSON], _ envelope: JSONObject) -> ChatDelta {
        var chunk = envelope
        chunk.set("choices", .array(choices))
        var estimate = TokenEstimate()
        for choice in choices { estimate.add(textsOf: choice["delta"]) }
        return ChatDelta(content: .chunk(chunk.encoded), isVisible: estimate != TokenEstimate(), estimate: estimate)
    }
}

extension TokenEstimate {
    /// Adds the strings that the model wrote anywhere in a delta or message.
    mutating func add(textsOf value: JSON?) {
        switch value {
        case .string(let text): add(text)
        case .array(let elements): for element in elements { add(textsOf: element) }
        case .object(let object):
            for member in object.members where member.key != "role" && member.key != "id" && member.key != "type" {
                add(textsOf: member.value)
            }
        default: break
        }
    }
}
