import Shared
import Testing

@testable import Worker

@Suite struct ErrorWindowTests {
    private let start = ContinuousClock.now
    private var window = ErrorWindow(.seconds(300))

    private mutating func look(_ counts: [String: (done: Int, failed: Int)], second: Int) -> ErrorWindow.Count {
        let cards = counts.mapValues { count in
            var totals = WorkerCard.Totals()
            (totals.done, totals.errors) = (count.done, count.failed)
            return WorkerCard(jobs: 0, slots: 1, totals: totals)
        }
        return window.look(cards, at: start + .seconds(second))
    }

    @Test mutating func `only what ended since the first look counts`() {
        #expect(look(["a": (1000, 900)], second: 0).total == 0)
        #expect(look(["a": (1009, 901)], second: 5) == .init(done: 9, failed: 1))
        #expect(window.look([:], at: start + .seconds(10)).share == 0.1)
    }

    @Test mutating func `workers are counted together, and one that comes does not bring its past`() {
        _ = look(["a": (0, 0)], second: 0)
        _ = look(["a": (10, 0), "b": (500, 500)], second: 5)
        #expect(look(["a": (20, 0), "b": (500, 510)], second: 10) == .init(done: 20, failed: 10))
    }

    @Test mutating func `what ended before the window is forgotten`() {
        _ = look(["a": (0, 0)], second: 0)
        _ = look(["a": (0, 10)], second: 100)
        _ = look(["a": (10, 10)], second: 200)
        #expect(look(["a": (10, 10)], second: 401) == .init(done: 10, failed: 0))
        #expect(look(["a": (10, 10)], second: 600).total == 0)
    }

    @Test mutating func `a card without counts, or with smaller ones, adds nothing`() {
        _ = look(["a": (10, 10)], second: 0)
        #expect(look(["a": (5, 5)], second: 5).total == 0)
        #expect(window.look(["a": WorkerCard(jobs: 1, slots: 1)], at: start + .seconds(10)).total == 0)
        #expect(look(["a": (50, 50)], second: 15).total == 0)
    }
}
