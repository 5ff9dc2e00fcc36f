import Shared
import Testing

@testable import Worker

@Suite struct JobTallyTests {
    private func tally(_ ends: [(AttemptRecord.Status, JobFailure.Kind?)]) -> [Int] {
        let tally = JobTally()
        for (status, kind) in ends {
            var record = AttemptRecord(startedAt: 0, enqueuedAt: 0)
            (record.status, record.errorKind) = (status, kind)
            tally.ended(record)
        }
        return [tally.done, tally.failed]
    }

    @Test func `answers and errors that are ours or the platform's count`() {
        #expect(tally([(.done, nil), (.error, .serverError), (.error, .noCapacity), (.error, nil)]) == [1, 3])
    }

    @Test func `a caller's mistakes, cancels and what another worker goes on with do not`() {
        #expect(
            tally([(.error, .invalidRequest), (.error, .modelNotFound), (.cancelled, .cancelled), (.lost, .workerLost)])
                == [0, 0])
    }
}
