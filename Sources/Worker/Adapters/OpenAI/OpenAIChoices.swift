/// Makes the choices of a platform's chunk or completion say what OpenAI's would: finish reasons and call deltas.
///
/// One value per answer: it remembers which calls have begun. Platforms repeat a call's id on every delta (Hunyuan) or
/// send it empty (DashScope); clients join or overwrite it, so it goes out once. Fails (`failure`) where a finish reason
/// means that the platform gave up.
import Shared

struct OpenAIChoices: Sendable {
    private let dialect: OpenAIDialect
    private var begun: Set<[Int]> = []
    private(set) var failure: JobFailure?

    init(_ dialect: OpenAIDialect) { self.dialect = dialect }

    /// Returns `chunk` itself where nothing differs.
    mutating func normalised(_ chunk: JSONObject) -> JSONObject {
        guard let choices = chunk["choices"]?.arrayValue, choices.contains(where: needsWork) else { return chunk }
        var chunk = chunk
        var result: [JSON] = []
        for (position, choice) in choices.enumerated() {
            guard var object = choice.objectValue else { continue }
            finish(&object)
            calls(&object, choice: object["index"]?.intValue ?? position)
            result.append(.object(object))
        }
        chunk.set("choices", .array(result))
        return chunk
    }

    private func needsWork(_ choice: JSON) -> Bool {
        if choice["delta"]?["tool_calls"] != nil { return true }
        if let flag = dialect.filterFlag, let value = choice[flag]?.intValue, value != 0 { return true }
        guard let reason = choice["finish_reason"]?.stringValue else { return false }
        return dialect.finishReasons[reason] != nil
    }

    private mutating func finish(_ choice: inout JSONObject) {
        if let flag = dialect.filterFlag, let value = choice[flag]?.intValue, value != 0 {
            choice.set("finish_reason", "content_filter")
        }
        guard let reason = choice["finish_reason"]?.stringValue else { return }
        switch dialect.finishReasons[reason] {
        case nil: return
        case .reason(let name): choice.set("finish_reason", .string(name))
        case .failure(let kind):
            failure = failure ?? JobFailure(kind, kind.text(quoting: ""), code: SafeText.code(reason))
        }
    }

    private mutating func calls(_ choice: inout JSONObject, choice index: Int) {
        guard var delta = choice["delta"]?.objectValue, let calls = delta["tool_calls"]?.arrayValue else { return }
        if calls.isEmpty {
            delta.remove("tool_calls")
        } else {
            delta.set(
                "tool_calls",
                .array(calls.enumerated().map { .object(call($1.objectValue ?? [:], position: $0, choice: index)) }))
        }
        choice.set("delta", .object(delta))
    }

    private mutating func call(_ call: JSONObject, position: Int, choice: Int) -> JSONObject {
        var call = call
        let index = call["index"]?.intValue ?? position
        call.set("index", .int(index))
        var function = call["function"]?.objectValue ?? [:]
        let isFirst = begun.insert([choice, index]).inserted
        if !isFirst {
            call.remove("id")
            call.remove("type")
            function.remove("name")
        }
        if call["function"] != nil { call.set("function", .object(function)) }
        return call
    }
}
