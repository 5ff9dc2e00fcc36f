import Shared
import Testing

/// The shard of a request.
@Suite struct JobShardTests {
    private func shards(of count: Int) -> [Int] {
        (0..<10_000).map { JobID.shard(tenant: "t", idempotencyKey: "key-\($0)", of: count) }
    }

    @Test(arguments: [1, 2, 3, 6, 64]) func `idempotency keys are spread evenly`(count: Int) {
        let sizes = Dictionary(grouping: shards(of: count), by: \.self).mapValues(\.count)

        #expect(Set(sizes.keys) == Set(0..<count))
        let share = 10_000 / count
        #expect(sizes.values.allSatisfy { abs($0 - share) < share / 2 })
    }

    @Test func `with one more shard only the keys that move there move`() {
        let (before, after) = (shards(of: 3), shards(of: 4))
        let moved = zip(before, after).filter { $0 != $1 }

        #expect(moved.allSatisfy { $0.1 == 3 })
        #expect((2200...2800).contains(moved.count))
    }

    @Test func `an id says its shard, or that it has none`() {
        #expect(JobID.shard(of: JobID.make(shard: 12, now: 1)) == 12)
        #expect(JobID.shard(of: JobID.make(shard: 3, tenant: "t", idempotencyKey: "k")) == 3)
        for id in ["", "-abcdefgh", "x-abcdefgh", "12345-abcdefgh", "1x-abcdefgh"] {
            #expect(JobID.shard(of: id) == nil)
        }
    }
}
