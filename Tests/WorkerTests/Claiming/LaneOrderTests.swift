import Shared
import Testing

@testable import Worker

@Suite struct LaneOrderTests {
    private let weights: [(lane: Lane, weight: Int)] = [(.high, 8), (.normal, 4), (.batch, 1)]

    @Test func `with one slot at a time each lane is first as often as its weight says`() {
        var order = LaneOrder(weights: weights)
        var firsts: [Lane: Int] = [:]

        for _ in 0..<130 { firsts[order.next(free: 1)[0].lane, default: 0] += 1 }

        #expect(firsts == [.high: 80, .normal: 40, .batch: 10])
    }

    @Test func `every lane is asked in every round and has a share of at least one`() {
        var order = LaneOrder(weights: weights)
        for free in 1...64 {
            let round = order.next(free: free)
            #expect(Set(round.map(\.lane)) == Set(Lane.allCases))
            #expect(round.allSatisfy { $0.share >= 1 })
        }
    }

    @Test func `many slots are shared by weight`() {
        var order = LaneOrder(weights: weights)
        let shares = Dictionary(uniqueKeysWithValues: order.next(free: 130).map { ($0.lane, $0.share) })
        #expect(shares == [.high: 80, .normal: 40, .batch: 10])
    }
}
