import NIOCore
import Shared
import Testing

@testable import Submitter

/// Results of lines in OpenAI's shape.
@Suite struct LineOutcomeTests {
    private let outcome = LineOutcome(batch: "batch_1", line: 7, customID: "a \"b\"\n")
    private let meta = #"""
        {"model":"m","cost":0.25,"currency":"CNY","usage":{"prompt_tokens":3,"completion_tokens":4},"attempts":[{},{}]}
        """#

    private func end(_ status: JobQueue.End.Status, _ result: String) -> RequestEnd {
        RequestEnd(status: status, meta: ByteBuffer(string: meta), result: ByteBuffer(string: result))
    }

    private func line(_ result: BatchResult) throws -> JSON { try JSON(parsing: Array(result.body.utf8)) }

    @Test func `an answer is passed on as it came, with what it cost`() throws {
        let result = outcome.ended(end(.done, #"{"a":1.50}"#), request: "0-r", milliseconds: 9, halt: nil)

        let line = try line(result)
        #expect(result.isOK)
        #expect(result.usage.input == 3)
        #expect(result.usage.output == 4)
        #expect(result.cost == 0.25)
        #expect(result.currency == "CNY")
        #expect(result.attempts == 2)
        #expect(line["custom_id"] == "a \"b\"\n")
        #expect(line["response"]?["status_code"] == 200)
        #expect(line["response"]?["request_id"] == "0-r")
        #expect(line["error"] == .null)
        #expect(result.body.contains(#""body":{"a":1.50}"#))
    }

    @Test func `an answer over several lines becomes one`() throws {
        let result = outcome.ended(end(.done, "{\n\"a\": 1\r\n}"), request: "0-r", milliseconds: 9, halt: nil)

        #expect(result.body.split(whereSeparator: \.isNewline).count == 1)
        #expect(try line(result)["response"]?["body"] == ["a": 1])
    }

    @Test(arguments: [
        (JobFailure.Kind.invalidRequest, 400, false), (.modelNotFound, 404, false), (.rateLimited, 429, true),
        (.budgetExhausted, 402, true),
        (.serverError, 502, true), (.timeout, 504, true), (.poison, 500, true),
    ])
    func `a failure has the status that a caller would have got`(
        kind: JobFailure.Kind, status: Int, isRetryable: Bool
    ) throws {
        let failure = String(decoding: JobFailure(kind, "why").encoded, as: UTF8.self)

        let result = outcome.ended(end(.error, failure), request: "0-r", milliseconds: 1, halt: nil)

        #expect(!result.isOK)
        #expect(result.isRetryable == isRetryable)
        #expect(try line(result)["response"]?["status_code"] == .int(status))
        #expect(try line(result)["response"]?["body"]?["error"]?["message"] != nil)
    }

    @Test func `a request that was stopped with its batch says so, and did not run`() throws {
        let failure = String(decoding: JobFailure(.cancelled, "gone").encoded, as: UTF8.self)

        let result = outcome.ended(end(.cancelled, failure), request: "0-r", milliseconds: 1, halt: .cancelled)

        #expect(try line(result)["response"] == .null)
        #expect(try line(result)["error"]?["code"] == "batch_cancelled")
        #expect(result.isRetryable)
        #expect(result.cost == 0.25, "what was paid before the stop is still counted")
    }

    @Test func `a request that came to the end of the batch's time has expired`() throws {
        let failure = String(decoding: JobFailure(.deadlineExceeded, "late").encoded, as: UTF8.self)

        let result = outcome.ended(end(.error, failure), request: "0-r", milliseconds: 1, halt: nil)

        #expect(try line(result)["error"]?["code"] == "batch_expired")
    }

    @Test func `meta that nobody can read counts nothing`() {
        let broken = RequestEnd(
            status: .done, meta: ByteBuffer(string: #"{"cost":1e400,"usage":{"prompt_tokens":-1}"#),
            result: ByteBuffer(string: "{}"))

        let result = outcome.ended(broken, request: "0-r", milliseconds: 1, halt: nil)

        #expect(result.isOK)
        #expect(result.cost == 0)
        #expect(result.usage == TokenUsage())
    }
}
