/// Decodes the answers of Hunyuan's native API.
///
/// What a body is shows in its first byte: `{` opens a JSON object, anything else is read as server-sent events. Errors
/// come as an object with status 200, also where a stream was asked for.
import Shared

struct HunyuanDecoder: ResponseDecoder {
    private enum Form: Sendable {
        case unknown
        case object([UInt8])
        case events(HunyuanStreamReader)
    }

    private let answer: AnswerShape
    private let stops: [String]
    private let maxEventBytes: Int
    private var form = Form.unknown

    /// `stops` are the request's, which this wire leaves at the end of the text.
    init(_ answer: AnswerShape, stops: [String] = [], maxEventBytes: Int = SSEDecoder.defaultMaxEventBytes) {
        self.answer = answer
        self.stops = stops
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
                ? .object([])
                : .events(HunyuanStreamReader(model: answer.model, stops: stops, maxEventBytes: maxEventBytes))
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
            let completion = try HunyuanCompletion(body, answer, stops: stops)
            return answer.isStream ? completion.streamEnd : completion.end
        case .events(var reader):
            var end = try reader.finish()
            end.requestID = answer.headers("X-TC-RequestId") ?? end.requestID
            return end
        }
    }
}
