import HTTPTypes
import Shared
import Testing

@testable import Submitter

struct AdmissionTests {
    private var admission: Admission {
        var limits = Admission.Limits()
        limits.maxWaiting = 10
        limits.maxOutbox = 100
        limits.memoryShare = 0.8
        return Admission(limits: limits)
    }

    private func gauges(_ change: (inout Admission.Gauges) -> Void) -> Admission.Gauges {
        var gauges = Admission.Gauges()
        change(&gauges)
        return gauges
    }

    @Test func `an unknown or an empty queue takes work`() {
        #expect(admission.refusal(nil, lane: .normal) == nil)
        #expect(admission.refusal(Admission.Gauges(), lane: .normal) == nil)
    }

    @Test func `a full lane refuses its own work only`() {
        let full = gauges { $0.waiting[.batch] = 10 }

        #expect(admission.refusal(full, lane: .batch)?.code == "queue_full")
        #expect(admission.refusal(full, lane: .batch)?.status.code == 503)
        #expect(admission.refusal(full, lane: .batch)?.retryAfter != nil)
        #expect(admission.refusal(full, lane: .high) == nil)
    }

    @Test func `a full outbox refuses all work`() {
        #expect(admission.refusal(gauges { $0.outbox = 100 }, lane: .high)?.code == "queue_full")
    }

    @Test func `without a limit of its own redis may take its share of the host`() {
        #expect(admission.refusal(gauges { ($0.usedMemory, $0.hostMemory) = (799, 1000) }, lane: .high) == nil)
        #expect(admission.refusal(gauges { ($0.usedMemory, $0.hostMemory) = (800, 1000) }, lane: .high) != nil)
    }

    @Test func `bytes of redis may be bounded by number`() throws {
        var limits = Admission.Limits()
        limits.maxRedisBytes = 1000
        let admission = Admission(limits: limits)

        #expect(admission.refusal(gauges { $0.usedMemory = 999 }, lane: .high) == nil)
        let refusal = try #require(admission.refusal(gauges { $0.usedMemory = 1000 }, lane: .high))
        #expect(refusal.message.contains("QUEUE_MAX_BYTES"))
    }

    @Test func `memory counts only where there is a limit`() {
        #expect(admission.refusal(gauges { $0.usedMemory = 1000 }, lane: .high) == nil)
        let limited = gauges { $0.maxMemory = 1000 }
        #expect(admission.refusal(limited, lane: .high) == nil)
        #expect(admission.refusal(gauges { ($0.usedMemory, $0.maxMemory) = (799, 1000) }, lane: .high) == nil)
        #expect(admission.refusal(gauges { ($0.usedMemory, $0.maxMemory) = (800, 1000) }, lane: .high) != nil)
    }
}
