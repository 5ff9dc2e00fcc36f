/// Completes a platform's `chat.completion` by OpenAI's schema, member by member. Correct members are not set again.
import Shared

struct OpenAIResponseMending {
    private let words: OpenAIAnswerWords
    private let context: ResponseContext

    init(_ words: OpenAIAnswerWords, _ context: ResponseContext) {
        self.words = words
        self.context = context
    }

    /// Returns the first choice's finish reason as the ledger keeps it.
    ///
    /// Fails where a finish reason means that the platform gave up.
    func mend(_ body: inout JSONObject) throws(JobFailure) -> String? {
        if body["object"] != "chat.completion" { body.set("object", "chat.completion") }
        if body["id"]?.text == nil { body.set("id", .string(context.calls.ids.completion)) }
        mendCreated(&body)
        if body["model"]?.text == nil { body.set("model", .string(context.model)) }
        mendUsage(&body)
        var reason: String?
        var choices: [JSONObject] = []
        for choice in (body["choices"]?.arrayValue ?? []).compactMap(\.objectValue) {
            var choice = choice
            let booked = try mend(choice: &choice, choices.count)
            reason = reason ?? booked
            choices.append(choice)
        }
        let ordered = JSON.array(Self.ordered(choices).map(JSON.object))
        if body["choices"] != ordered { body.set("choices", ordered) }
        return reason
    }

    /// Whole seconds, from our clock where the platform gives none.
    private func mendCreated(_ body: inout JSONObject) {
        let given = body["created"]
        if case .number(let number)? = given, Int(number.literal) != nil { return }
        body.set("created", .int(given?.moment.map(Int.init) ?? Int(context.now / 1000)))
    }

    /// Leaves either all three counts as whole numbers, or no usage.
    private func mendUsage(_ body: inout JSONObject) {
        let names = ["prompt_tokens", "completion_tokens", "total_tokens"]
        guard let given = body["usage"], names.contains(where: { given[$0]?.intValue == nil }) else { return }
        guard var usage = given.objectValue, let read = TokenUsage(counting: given) else {
            if given == .null || given == [:] { body.remove("usage") }
            return
        }
        for (name, count) in zip(names, [read.input, read.output, read.input + read.output])
        where usage[name]?.intValue == nil {
            usage.set(name, .int(count))
        }
        body.set("usage", .object(usage))
    }

    // MARK: - Choices

    private func mend(choice: inout JSONObject, _ position: Int) throws(JobFailure) -> String {
        let index = choice["index"]?.intValue ?? position
        if choice["index"]?.intValue == nil { choice.set("index", .int(index)) }
        let hasCalls = mendMessage(&choice, index)
        let word = try words.finishWord(of: choice)
        let reason = FinishReason.said(word, hasCalls: hasCalls, context.calls.style)
        if choice["finish_reason"] != .string(reason) { choice.set("finish_reason", .string(reason)) }
        let logprobs = OpenAILogprobs.mended(choice["logprobs"])
        if choice["logprobs"] != logprobs { choice.set("logprobs", logprobs) }
        return FinishReason.booked(word, said: reason)
    }

    /// Orders choices by their index, if each has one of its own, else by their position.
    private static func ordered(_ choices: [JSONObject]) -> [JSONObject] {
        let indexes = choices.map { $0["index"]?.intValue ?? 0 }
        if zip(indexes, indexes.dropFirst()).allSatisfy({ $0 < $1 }) { return choices }
        if Set(indexes).count == choices.count {
            return zip(indexes, choices).sorted { $0.0 < $1.0 }.map(\.1)
        }
        return choices.enumerated().map { position, choice in
            var choice = choice
            choice.set("index", .int(position))
            return choice
        }
    }

    // MARK: - Messages

    /// Returns true if the message makes calls.
    private func mendMessage(_ choice: inout JSONObject, _ index: Int) -> Bool {
        var message = choice["message"]?.objectValue ?? Self.standIn(for: choice)
        OpenAIMessage.mend(&message)
        if message["role"] != "assistant" { message.set("role", "assistant") }
        for name in ["content", "refusal"] where message[name] == nil { message.set(name, .null) }
        let hasCalls = mendCalls(&message, index)
        if choice["message"] != .object(message) { choice.set("message", .object(message)) }
        return hasCalls
    }

    /// Servers send deltas, or the text of the old completions, in a message's place.
    private static func standIn(for choice: JSONObject) -> JSONObject {
        choice["delta"]?.objectValue ?? choice["text"]?.stringValue.map { ["content": .string($0)] } ?? [:]
    }

    private func mendCalls(_ message: inout JSONObject, _ index: Int) -> Bool {
        guard message["tool_calls"] != nil || message["function_call"] != nil else { return false }
        let style = context.calls.style
        let given = (message["tool_calls"]?.arrayValue ?? []).compactMap(\.objectValue)
        let old = message["function_call"]?.objectValue
        let pieces = (given + (given.isEmpty ? [old].compactMap(\.self) : [])).map(CallPiece.init(openAI:))
        let members = WholeCalls(pieces, context.calls, choice: index).members(style)
        for name in ["tool_calls", "function_call"] where members[name] == nil && message[name] != nil {
            message.remove(name)
        }
        for member in members.members where message[member.key].map({ !Self.says($0, member.value) }) ?? true {
            message.set(member.key, member.value)
        }
        return !members.isEmpty
    }

    /// True when `given` has all members of `wanted`, in any order and among others.
    private static func says(_ given: JSON, _ wanted: JSON) -> Bool {
        switch (given, wanted) {
        case (.array(let given), .array(let wanted)):
            given.count == wanted.count && zip(given, wanted).allSatisfy { says($0, $1) }
        case (.object(let given), .object(let wanted)):
            wanted.members.allSatisfy { member in given[member.key].map { says($0, member.value) } ?? false }
        default: given == wanted
        }
    }
}

extension JSON {
    /// A string that is not empty.
    var text: String? {
        guard case .string(let text) = self, !text.isEmpty else { return nil }
        return text
    }
}
