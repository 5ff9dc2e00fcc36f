import HTTPTypes
import NIOCore
import Shared

/// Makes the result of a line (pure): its row, with the line of the output or error file in OpenAI's shape.
struct LineOutcome {
    let batch: String
    let line: Int
    let customID: String

    /// The request ended.
    func ended(_ end: RequestEnd, request: String, milliseconds: Int, halt: Batch.Halt?) -> BatchResult {
        let meta = (try? JSON(parsing: Array(end.meta.readableBytesView))) ?? [:]
        let failure = end.failure
        var result = BatchResult(line: line, isOK: failure == nil, body: "")
        result.requestID = request
        result.model = meta["model"]?.stringValue?.clipped(toBytes: Bounds.name) ?? ""
        result.usage = TokenUsage(openAI: meta["usage"])
        result.cost = meta["cost"]?.doubleValue?.clamped(to: Bounds.cost) ?? 0
        result.currency = meta["currency"]?.stringValue?.clipped(toBytes: Bounds.currency) ?? "USD"
        let attempts = meta["attempts"]?.arrayValue ?? []
        result.attempts = attempts.count
        result.serviceTime = .milliseconds(attempts.reduce(0) { $0 + ($1["ms"]?.count ?? 0) })
        result.milliseconds = milliseconds
        if let failure {
            fail(&result, failure, end.meta, request, halt)
        } else {
            result.body = body(response: 200, request, Self.oneLine(end.result))
        }
        return result
    }

    /// The line was not sent, or its request was stopped with its batch.
    func unsent(_ halt: Batch.Halt) -> BatchResult {
        failed(code: halt.rawValue, message: halt.message, isRetryable: true)
    }

    /// The line could not be sent at all.
    func failed(code: String, message: String, isRetryable: Bool) -> BatchResult {
        var result = BatchResult(line: line, isOK: false, isRetryable: isRetryable, body: "")
        result.body = body(code: code, message: message)
        return result
    }

    private func fail(
        _ result: inout BatchResult, _ failure: JobFailure, _ meta: ByteBuffer, _ request: String, _ halt: Batch.Halt?
    ) {
        if let halt, failure.kind == .cancelled || failure.kind == .deadlineExceeded {
            result.isRetryable = true
            result.body = body(code: halt.rawValue, message: halt.message)
            return
        }
        if failure.kind == .deadlineExceeded {
            result.isRetryable = true
            result.body = body(code: Batch.Halt.expired.rawValue, message: Batch.Halt.expired.message)
            return
        }
        let error = APIError(failure, meta: meta)
        // A budget may be raised.
        result.isRetryable = error.status.code >= 500 || [402, 408, 409, 429, 499].contains(error.status.code)
        result.body = body(response: error.status.code, request, error.json(requestID: request).encoded)
    }

    // MARK: - OpenAI's shape

    private func head() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.open("{")
        bytes.append("id", "batch_req_\(batch.dropFirst("batch_".count))_\(line)")
        bytes.append("custom_id", customID)
        return bytes
    }

    private func body(response status: Int, _ request: String, _ answer: [UInt8]) -> String {
        var bytes = head()
        bytes.reserveCapacity(bytes.count + answer.count + 128)
        bytes.open("{", "response")
        bytes.append("status_code", status)
        bytes.append("request_id", request)
        bytes.append(name: "body")
        bytes += answer
        bytes.close("}")
        bytes.append(null: "error")
        bytes.close("}")
        return String(decoding: bytes, as: UTF8.self)
    }

    private func body(code: String, message: String) -> String {
        var bytes = head()
        bytes.append(null: "response")
        bytes.open("{", "error")
        bytes.append("code", code)
        bytes.append("message", message)
        bytes.close("}")
        bytes.close("}")
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A platform may send its answer over several lines, which a file of lines cannot hold.
    private static func oneLine(_ answer: ByteBuffer) -> [UInt8] {
        let bytes = Array(answer.readableBytesView)
        guard bytes.contains(where: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) || bytes.isEmpty else {
            return bytes
        }
        return (try? JSON(parsing: bytes))?.encoded ?? Array("null".utf8)
    }
}

extension Batch.Halt {
    var message: String {
        switch self {
        case .cancelled: "This request was not executed, because the batch was cancelled."
        case .expired: "This request was not executed before the batch expired."
        case .budget: "This request was not executed, because the batch would exceed its budget."
        }
    }
}

extension TokenUsage {
    /// From OpenAI's `usage`, as our own meta has it.
    fileprivate init(openAI usage: JSON?) {
        self.init(
            input: usage?["prompt_tokens"]?.count ?? 0, output: usage?["completion_tokens"]?.count ?? 0,
            cached: usage?["prompt_tokens_details"]?["cached_tokens"]?.count ?? 0,
            reasoning: usage?["completion_tokens_details"]?["reasoning_tokens"]?.count ?? 0)
    }
}
