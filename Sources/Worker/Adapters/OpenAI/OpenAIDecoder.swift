/// Decodes the answers of OpenAI and of servers that speak its language.
///
/// What a body is shows in its first byte: `{` opens a JSON object, anything else is read as server-sent events. So a
/// stream that was answered by one object (an error in a 200, a server that cannot stream) is understood, too.
///
/// A stream is complete at `[DONE]`; or, for servers that leave it out, at the clean end of the HTTP body, if every choice
/// that appeared has had its finish reason. Any other end is `streamBroken`.
import Shared

struct OpenAIDecoder: ResponseDecoder {
    private enum Form: Sendable {
        case unknown
        case object([UInt8])
        case events(OpenAIStreamReader)
    }

    private let answer: AnswerShape
    private let dialect: OpenAIDialect
    private let maxEventBytes: Int
    private var form = Form.unknown

    init(
        _ answer: AnswerShape, _ dialect: OpenAIDialect = OpenAIPlatform.wire.dialect,
        maxEventBytes: Int = SSEDecoder.defaultMaxEventBytes
    ) {
        self.answer = answer
        self.dialect = dialect
        self.maxEventBytes = maxEventBytes
        if !answer.isStream { form = .object([]) }
    }

    var isComplete: Bool {
        guard case .events(let reader) = form else { return false }
        return reader.isComplete
    }

    var usage: TokenUsage? {
        guard case .events(let reader) = form else { return nil }
        return reader.usage
    }

    mutating func feed(_ bytes: [UInt8]) -> [ChatDelta] {
        switch form {
        case .unknown:
            guard let first = bytes.first(where: { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }) else { return [] }
            form =
                first == UInt8(ascii: "{")
                ? .object([]) : .events(OpenAIStreamReader(dialect, maxEventBytes: maxEventBytes))
            return feed(bytes)
        case .object(var body):
            form = .unknown
            body += bytes
            form = .object(body)
            return []
        case .events(var reader):
            form = .unknown
            let deltas = reader.feed(bytes)
            form = .events(reader)
            return deltas
        }
    }

    mutating func finish() throws(JobFailure) -> ChatCompletionEnd {
        switch form {
        case _ where answer.isWebPage:
            throw JobFailure(.serverError, "The platform answered with a web page: is the account's base URL right?")
        case .unknown:
            throw JobFailure(.streamBroken, "The platform's stream was empty.")
        case .object(let body):
            let completion = try OpenAICompletion(body, dialect)
            var end = completion.end
            end.requestID = end.requestID ?? answer.headers("x-request-id")
            if answer.isStream { end.deltas = completion.deltas } else { end.body = completion.bytes }
            return end
        case .events(var reader):
            return try reader.finish()
        }
    }
}
