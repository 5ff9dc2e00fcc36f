import Shared
import Testing

@testable import Worker

/// Reads streams and whole answers of servers with OpenAI's wire, for suites about the shape that callers get.
protocol OpenAIShapeReading {}

extension OpenAIShapeReading {
    func shape(
        _ isStream: Bool, style: CallStyle = .tools, n: Int = 1, functions: Set<String> = []
    ) -> ResponseContext {
        var shape = ResponseContext(isStream: isStream, contentType: nil, model: "asked", now: 1_795_380_000_123)
        shape.calls = CallForm(style: style, functions: functions, ids: CallIDs("job-1"))
        shape.choices = n
        return shape
    }

    func stream(
        _ chunks: [String], done: Bool = true, style: CallStyle = .tools, n: Int = 1,
        _ wire: OpenAIAdapter = OpenAIOwnDialect.adapter
    ) throws -> (chunks: [JSON], end: Result<ChatCompletionEnd, JobFailure>) {
        let answer = DecodedAnswer(
            OpenAIFixtures.sse(chunks, done: done), cuts: [], wire.dialect.decoder(shape(true, style: style, n: n)))
        let chunks = try answer.deltas.map { try JSON(parsing: $0.json) }
        if let failure = answer.failure { return (chunks, .failure(failure)) }
        return (chunks, .success(try #require(answer.end)))
    }

    func whole(
        _ body: String, style: CallStyle = .tools, _ wire: OpenAIAdapter = OpenAIOwnDialect.adapter
    ) throws -> (body: JSON, end: ChatCompletionEnd) {
        let answer = DecodedAnswer(Array(body.utf8), cuts: [], wire.dialect.decoder(shape(false, style: style)))
        let end = try #require(answer.end)
        return (try JSON(parsing: end.body), end)
    }

    func chunk(_ choice: String) -> String { #"{"id":"x","model":"m","choices":[\#(choice)]}"# }

    func delta(_ delta: String, finish: String = "null") -> String {
        chunk(#"{"index":0,"delta":\#(delta),"finish_reason":\#(finish)}"#)
    }

    func choices(_ chunks: [JSON]) -> [JSON] { chunks.flatMap { $0["choices"]?.arrayValue ?? [] } }

    func joined(_ chunks: [JSON], _ field: String) -> String {
        choices(chunks).compactMap { $0["delta"]?[field]?.stringValue }.joined()
    }

    func reasons(_ chunks: [JSON]) -> [String] {
        choices(chunks).compactMap { $0["finish_reason"]?.stringValue }
    }
}
