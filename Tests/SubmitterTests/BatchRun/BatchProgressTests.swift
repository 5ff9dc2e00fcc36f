import Shared
import Testing

@testable import Submitter

/// The way of a batch's next line.
@Suite struct BatchProgressTests {
    private let now = ContinuousClock.now

    private func batch(_ change: (inout Batch) -> Void = { _ in }) -> Batch {
        var batch = Batch(id: "batch_1", tenant: "t", inputFile: "f", operation: .chat, status: .inProgress)
        batch.times.deadline = 1000
        change(&batch)
        return batch
    }

    private func progress(_ change: (inout Batch) -> Void = { _ in }) -> BatchProgress {
        BatchProgress(batch(change), BatchRunSettings(), now: now, leaseEnds: now + .seconds(10))
    }

    private func result(_ line: Int) -> BatchResult { BatchResult(line: line, isOK: true, body: "{}") }

    @Test func `a line is sent, ended and booked`() {
        var progress = progress()
        #expect(progress.step(.init(), now: now, wallClock: 1) == .send)
        progress.sent(1, as: "0-1", .init())
        progress.expanded()
        #expect(!progress.isDone)

        _ = progress.ended(1, result(1))
        let taken = progress.take(10)
        #expect(taken == [result(1)])
        #expect(!progress.isDone, "a result that is being written may still be lost")
        _ = progress.booked(batch())

        #expect(progress.isDone)
    }

    @Test func `results that could not be written are written later, in their order`() {
        var progress = progress()
        for line in 1...3 { progress.skipped(result(line)) }

        progress.failed(progress.take(2))

        #expect(progress.take(10).map(\.line) == [1, 2, 3])
    }

    @Test func `past its time a batch is halted, and then its lines are skipped`() {
        var late = progress()
        #expect(late.step(.init(), now: now, wallClock: 1000) == .halt(.expired))

        var halted = progress { $0.halt = .expired }
        #expect(halted.step(.init(), now: now, wallClock: 1) == .skip(.expired))
    }

    @Test func `a paused batch ends what is on its way and stops then`() {
        var progress = progress()
        progress.sent(1, as: "0-1", .init())
        _ = progress.read(batch { $0.isPaused = true })
        #expect(progress.step(.init(), now: now, wallClock: 1) == .wait(nil))

        _ = progress.ended(1, result(1))
        #expect(progress.step(.init(), now: now, wallClock: 1) == .wait(nil), "its result is not booked")
        _ = progress.take(10)
        _ = progress.booked(batch { $0.isPaused = true })

        #expect(progress.step(.init(), now: now, wallClock: 1) == .stop)
    }

    @Test func `nothing is sent while too many results wait for PostgreSQL`() {
        var progress = progress()
        for line in 1...2000 { progress.skipped(result(line)) }

        #expect(progress.step(.init(), now: now, wallClock: 1) == .wait(nil))
        _ = progress.take(500)
        #expect(progress.step(.init(), now: now, wallClock: 1) == .wait(nil))
        _ = progress.booked(batch())
        #expect(progress.step(.init(), now: now, wallClock: 1) == .send)
    }

    @Test func `a process that slept past its lease sends nothing until it has renewed`() {
        var progress = progress()

        #expect(progress.step(.init(), now: now + .seconds(10), wallClock: 1) == .wait(nil))
        progress.leaseEnds = now + .seconds(20)
        #expect(progress.step(.init(), now: now + .seconds(10), wallClock: 1) == .send)
    }

    @Test func `what ends without a result leaves its place to the next runner`() {
        var progress = progress()
        progress.sent(1, as: "0-1", .init())

        _ = progress.ended(1, nil)

        #expect(progress.running.isEmpty)
        #expect(progress.unbooked.isEmpty)
    }

    @Test func `a set of lines holds what was put in, and ignores what no file can have`() {
        var lines = LineSet()
        for line in [1, 64, 65, 100_000, -1, .max, .min] { lines.insert(line) }
        lines.insert(64)

        #expect(lines.count == 4)
        #expect([1, 64, 65, 100_000].allSatisfy { lines.contains($0) })
        #expect([0, 2, 63, 99_999, -1, Int.max].allSatisfy { !lines.contains($0) })
    }
}
