import Shared
import Testing

@testable import Worker

@Suite struct CardTotalsTests {
    private func ends(_ ends: [(AttemptRecord.Status, JobFailure.Kind?)]) -> [Int] {
        var totals = WorkerCard.Totals()
        for (status, kind) in ends {
            var record = AttemptRecord(startedAt: 0, enqueuedAt: 0)
            (record.status, record.errorKind) = (status, kind)
            totals.addEnd(record)
        }
        return [totals.done, totals.errors]
    }

    @Test func `answers and errors that are ours or the platform's count`() {
        #expect(ends([(.done, nil), (.error, .serverError), (.error, .noCapacity), (.error, nil)]) == [1, 3])
    }

    @Test func `a caller's mistakes, cancels and what another worker goes on with do not`() {
        #expect(
            ends([(.error, .invalidRequest), (.error, .modelNotFound), (.cancelled, .cancelled), (.lost, .workerLost)])
                == [0, 0])
    }
}
