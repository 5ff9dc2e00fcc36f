import Shared
import Testing

@testable import Worker

@Suite struct IdlePaceTests {
    private func attempt(_ id: String) -> Attempt {
        Attempt(
            id: id, lane: .normal, worker: "w", entry: "1-1", number: 1, deliveries: 1, deadline: 0, channel: "")
    }

    @Test func `jobs are quiet when the last one has ended for long enough`() {
        let (running, job) = (RunningJobs(), JobCancellation())
        let before = running.areQuiet(for: .zero)
        running.add(attempt("a"), job)
        let meanwhile = running.areQuiet(for: .zero)
        running.remove(job)

        #expect(before && !meanwhile)
        #expect(running.areQuiet(for: .zero) && !running.areQuiet(for: .seconds(60)))
    }

    @Test func `a worker with a job, in any shard, looks as often as it can, and never more often when it is idle`() {
        let shards = [RunningJobs(), RunningJobs()]
        shards[1].add(attempt("a"), JobCancellation())

        #expect(IdlePace(running: shards, busy: .milliseconds(250), idle: .seconds(1)).interval == .milliseconds(250))
        #expect(IdlePace(running: [], busy: .milliseconds(250), idle: .seconds(1)).interval == .seconds(1))
        #expect(IdlePace(running: [], busy: .seconds(2), idle: .seconds(1)).interval == .seconds(2))
    }
}
