import Shared
import Testing

@testable import Worker

@Suite struct JobOutcomeTests {
    private func record(
        _ status: AttemptRecord.Status, _ error: JobFailure.Kind? = nil, finish: String? = nil
    ) -> AttemptRecord {
        var record = AttemptRecord(startedAt: 0, enqueuedAt: 0)
        (record.status, record.errorKind, record.finishReason) = (status, error, finish)
        return record
    }

    @Test(arguments: [
        (nil, JobOutcome.completed), ("stop", .completed), ("tool_calls", .completed), ("length", .incomplete),
        ("content_filter", .incomplete),
    ])
    func `an answer that was cut off is incomplete`(finish: String?, outcome: JobOutcome) {
        #expect(JobOutcome(record(.done, finish: finish), .ok) == outcome)
    }

    @Test(arguments: [
        (JobFailure.Kind.timeout, JobOutcome.failed), (.deadlineExceeded, .expired), (.poison, .dead),
        (.undecodable, .dead), (.invalidRequest, .failed),
    ])
    func `a failure ends a request in its way`(kind: JobFailure.Kind, outcome: JobOutcome) {
        #expect(JobOutcome(record(.error, kind), .ok) == outcome)
    }

    @Test func `a request that goes on elsewhere has not ended`() {
        #expect(JobOutcome(record(.lost, .workerLost), nil) == nil)
        #expect(JobOutcome(record(.error, .workerLost), nil) == nil)
        for verdict in [JobQueue.Finish.fenced, .behind] { #expect(JobOutcome(record(.done), verdict) == nil) }
    }

    @Test func `a request that was cancelled is counted by the worker that had it`() {
        #expect(JobOutcome(record(.cancelled, .cancelled), nil) == .cancelled)
        #expect(JobOutcome(record(.done), .ended) == .cancelled)
    }
}
