import Shared
import Testing

@testable import Submitter

@Suite struct BatchViewTests {
    private static let ended: Batch = {
        var batch = Batch(
            id: "batch_1", tenant: "t", inputFile: "file-1", operation: .chat, status: .completed)
        batch.counts.total = 3
        (batch.counts.succeeded, batch.counts.failed) = (2, 1)
        (batch.counts.outputBytes, batch.counts.errorBytes) = (200, 100)
        batch.counts.tokens = BatchTokens(input: 10, output: 5, cached: 4, reasoning: 3)
        batch.counts.cost = ["USD": 0.25, "CNY": 2]
        batch.metadata = ["k": "v"]
        batch.options.window = "1d"
        batch.times = BatchTimes(
            created: 1_700_000_000_999, deadline: 1_700_086_400_999, resultsExpire: 1_702_000_000_000,
            inProgress: 1_700_000_001_000, finalizing: 1_700_000_002_000, completed: 1_700_000_003_000)
        return batch
    }()

    @Test func `a batch that has ended has every member of OpenAI's object`() throws {
        let expected = #"""
            {"id":"batch_1","object":"batch","endpoint":"/v1/chat/completions","model":null,"errors":null,
            "input_file_id":"file-1","completion_window":"1d","status":"completed",
            "output_file_id":"file-batch_1-output","error_file_id":"file-batch_1-error","created_at":1700000000,
            "in_progress_at":1700000001,"expires_at":1700086400,"finalizing_at":1700000002,
            "completed_at":1700000003,"failed_at":null,"expired_at":null,"cancelling_at":null,"cancelled_at":null,
            "request_counts":{"total":3,"completed":2,"failed":1},"usage":{"input_tokens":10,
            "input_tokens_details":{"cached_tokens":4},"output_tokens":5,
            "output_tokens_details":{"reasoning_tokens":3},"total_tokens":15},
            "cost":{"CNY":2.0,"USD":0.25},"metadata":{"k":"v"}}
            """#
        let found = try JSON(parsing: Self.ended.openAI.encoded)
        #expect(found.encoded == (try JSON(parsing: Array(expected.utf8))).encoded)
    }

    @Test func `a batch under way names no file, and a window that nobody named`() {
        var batch = Self.ended
        batch.status = .inProgress
        batch.options.window = nil

        #expect(batch.openAI["output_file_id"] == .null && batch.openAI["error_file_id"] == .null)
        #expect(batch.openAI["completion_window"] == "24h" && batch.openAI["halt"] == nil)
    }

    @Test func `an ended batch names only files that have lines`() {
        var batch = Self.ended
        batch.counts.failed = 0
        #expect(batch.openAI["error_file_id"] == .null && batch.openAI["output_file_id"] == "file-batch_1-output")
    }

    @Test func `mistakes of the input are a list, and a halt has its reason`() {
        var batch = Self.ended
        batch.errors = [["code": "invalid_json_line", "line": 2, "message": "m", "param": .null]]
        batch.halt = .budget

        #expect(batch.openAI["errors"]?["object"] == "list" && batch.openAI["errors"]?["data"]?[0]?["line"] == 2)
        #expect(batch.openAI["halt"] == "budget_exceeded")
    }

    @Test func `a result file is named so that its batch is found again`() throws {
        let file = try #require(Self.ended.resultFile(.failed))
        #expect(BatchID.resultFile(file.id)?.batch == "batch_1")
        let expected: JSON = [
            "id": "file-batch_1-error", "object": "file", "bytes": 100, "created_at": 1_700_000_003,
            "expires_at": 1_702_000_000, "filename": "batch_1_error.jsonl", "purpose": "batch_output",
            "status": "processed", "status_details": .null,
        ]
        #expect(file.openAI == expected)
    }

    @Test func `a key gives a tenant the same batch each time`() {
        let first = BatchID.batch(tenant: "a", idempotencyKey: "k")
        #expect(first == BatchID.batch(tenant: "a", idempotencyKey: "k") && first.utf8.count == 38)
        #expect(first != BatchID.batch(tenant: "b", idempotencyKey: "k"))
        #expect(first != BatchID.batch(tenant: "ak", idempotencyKey: ""))
    }
}
