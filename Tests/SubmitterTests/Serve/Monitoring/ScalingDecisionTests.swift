import Shared
import Testing

@testable import Submitter

@Suite struct ScalingDecisionTests {
    private static let settings = {
        var settings = ScalingSettings()
        (settings.load, settings.age, settings.slots) = (0.8, .seconds(2), 50)
        return settings
    }()

    private func decide(_ change: (inout ScalingDecision.Situation) -> Void) -> ScalingDecision {
        var situation = ScalingDecision.Situation()
        (situation.workers, situation.slots) = (2, 100)
        change(&situation)
        return ScalingDecision(situation, Self.settings)
    }

    @Test(arguments: [(0, 0, 1), (40, 0, 1), (41, 0, 2), (0, 1000, 25), (80, 920, 25), (60, 20, 2)])
    func `each worker is filled to its share`(running: Int, ready: Int, wanted: Int) {
        let decision = decide { ($0.running, $0.ready, $0.later) = (running, ready, 1) }
        #expect(decision.wanted == wanted)
    }

    @Test func `without work none is wanted, and with any that is left one`() {
        #expect(decide { _ in } == decide { $0.oldestUrgent = .seconds(60) })
        #expect(decide { _ in }.wanted == 0 && decide { _ in }.reason == .idle)
        #expect(decide { $0.later = 1 }.wanted == 1)
    }

    @Test func `while no worker is alive its slots are assumed`() {
        #expect(decide { ($0.workers, $0.slots, $0.ready) = (0, 0, 400) }.wanted == 10)
        // Cards of another version do not tell slots.
        #expect(decide { ($0.workers, $0.slots, $0.ready) = (3, 0, 400) }.wanted == 10)
    }

    @Test func `urgent requests that wait too long ask for half as many more`() {
        let late = decide { ($0.running, $0.ready, $0.oldestUrgent) = (80, 80, .seconds(3)) }
        #expect(late.wanted == 6 && late.reason == .age)
        #expect(decide { ($0.running, $0.ready, $0.oldestUrgent) = (80, 80, .seconds(2)) }.reason == .work)
        #expect(decide { ($0.running, $0.oldestUrgent) = (80, .seconds(3)) }.wanted == 2)
    }

    @Test func `more workers never help a full account pool`() {
        let full = decide { ($0.running, $0.ready, $0.oldestUrgent, $0.accountRoom) = (80, 5000, .seconds(600), 0) }
        #expect(full.wanted == 2 && full.reason == .accounts)
        // Requests that wait for accounts are no work for a worker.
        #expect(decide { ($0.running, $0.later, $0.accountRoom) = (80, 5000, 0) }.wanted == 2)
    }

    @Test func `what accounts can take bounds what age asks for`() {
        let decision = decide { ($0.running, $0.ready, $0.oldestUrgent, $0.accountRoom) = (80, 5000, .seconds(9), 40) }
        #expect(decision.wanted == 3 && decision.reason == .accounts)
    }

    @Test(arguments: [Int.max, Int.min, -1, 1 << 40])
    func `no number from Redis traps`(number: Int) {
        let decision = decide {
            ($0.ready, $0.running, $0.later, $0.workers, $0.slots, $0.accountRoom) =
                (number, number, number, number, number, number)
            $0.oldestUrgent = .seconds(Int64.max)
        }
        #expect((0...ScalingDecision.most).contains(decision.wanted))
    }

    // MARK: - In a loop

    /// Kubernetes' autoscaler as docs/monitoring/keda.yaml sets it, over a queue that is served second by second.
    private struct Cluster {
        static let poll = 15
        static let stabilization = 300
        static let slots = 50
        static let jobLength = 20

        var ready = 0
        /// Requests that the accounts serve at once, `nil` for any number.
        var accountLimit: Int?
        var workers = 1
        /// Seconds that each running job still takes.
        var running: [Int] = []
        var parked = 0
        var oldest = 0
        /// After each look.
        var history: [Int] = []
        var wishes: [(second: Int, wanted: Int)] = []

        private var free: Int { max(0, workers * Self.slots - running.count) }
        private var places: Int? { accountLimit.map { max(0, $0 - running.count) } }

        mutating func second(_ now: Int) {
            running = running.map { $0 - 1 }.filter { $0 > 0 }
            let admitted = start(upTo: parked)
            parked -= admitted
            let begun = start(upTo: ready)
            ready -= begun
            // A worker with a free slot lets the others wait for accounts.
            if free > 0 {
                parked += ready
                ready = 0
            }
            oldest = ready > 0 ? oldest + 1 : 0
            if now % Self.poll == 0 { scale(now) }
        }

        /// Returns how many have begun.
        private mutating func start(upTo waiting: Int) -> Int {
            let count = min(waiting, free, places ?? .max)
            running += Array(repeating: Self.jobLength, count: count)
            return count
        }

        private mutating func scale(_ now: Int) {
            var situation = ScalingDecision.Situation()
            (situation.ready, situation.running, situation.later) = (ready, running.count, parked)
            (situation.workers, situation.slots) = (workers, workers * Self.slots)
            situation.oldestUrgent = .seconds(oldest)
            situation.accountRoom = places
            let wanted = max(1, ScalingDecision(situation, ScalingDecisionTests.settings).wanted)
            wishes.append((now, wanted))
            wishes.removeAll { $0.second <= now - Self.stabilization }
            let ratio = Double(wanted) / Double(workers)
            if ratio > 1.1 {
                workers = wanted
            } else if ratio < 0.9 {
                // Down to the highest wish of the last minutes, by a quarter a minute.
                let highest = wishes.map(\.wanted).max() ?? wanted
                if now % 60 == 0 { workers = min(workers, max(highest, workers - max(1, workers / 4))) }
            }
            history.append(workers)
        }
    }

    @Test func `a burst has its workers after two looks, and they go when it is over, without a second thought`() {
        var cluster = Cluster(ready: 1000)
        for second in 1...2000 { cluster.second(second) }

        let history = cluster.history
        #expect(history[1] >= 20, "\(history)")
        #expect(history.last == 1)
        // Up, then down, and never up again.
        let top = history.firstIndex(of: history.max() ?? 0) ?? 0
        #expect(Array(history[top...]) == history[top...].sorted(by: >))
        #expect(Array(history[...top]) == history[...top].sorted())
    }

    @Test func `a steady load keeps its workers`() {
        var cluster = Cluster()
        for second in 1...3000 {
            // 10 a second for 20 s each: 200 run.
            cluster.ready += 10
            cluster.second(second)
        }
        let settled = cluster.history.suffix(100)
        #expect(Set(settled).count == 1 && settled.first == 5, "\(cluster.history)")
    }

    @Test func `a burst at a full account pool raises nothing beyond what its accounts keep busy`() {
        var cluster = Cluster(ready: 1000, accountLimit: 80)
        for second in 1...300 { cluster.second(second) }
        #expect(cluster.history.max() == 2, "\(cluster.history)")
    }
}
