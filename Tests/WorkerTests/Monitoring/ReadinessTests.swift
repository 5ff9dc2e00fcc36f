import Testing

@testable import Worker

@Suite struct ReadinessTests {
    @Test func `a worker is not ready before Redis is connected, and again not while it is away`() {
        let readiness = Readiness()
        #expect(readiness.problem == "Redis is not connected")
        readiness.redis(isUp: true)
        #expect(readiness.problem == nil)
        readiness.redis(isUp: false)
        #expect(readiness.problem == "Redis is not connected")
    }

    @Test func `the Redis of every shard is needed, and the first one that is away is named`() {
        let readiness = Readiness(shards: 3)
        for shard in [0, 2, 1] {
            #expect(readiness.problem?.hasPrefix("Redis of shard") == true)
            readiness.redis(isUp: true, shard: shard)
        }
        #expect(readiness.problem == nil)

        readiness.redis(isUp: false, shard: 2)
        readiness.redis(isUp: false, shard: 1)
        #expect(readiness.problem == "Redis of shard 1 is not connected")
    }

    @Test func `a shutdown makes it unready for good`() {
        let readiness = Readiness()
        readiness.redis(isUp: true)
        readiness.stop()
        readiness.redis(isUp: true)
        #expect(readiness.problem == "shutting down")
    }

    @Test func `the graver problem is told first`() {
        let readiness = Readiness(shards: 2)
        readiness.keys("keys cannot be opened")
        readiness.complain("second is evicting", shard: 1)
        readiness.complain("first is evicting", shard: 0)
        #expect(readiness.problem == "Redis of shard 0 is not connected")
        for shard in 0..<2 { readiness.redis(isUp: true, shard: shard) }
        #expect(readiness.problem == "first is evicting")
        readiness.complain(nil, shard: 0)
        #expect(readiness.problem == "second is evicting")
        readiness.complain(nil, shard: 1)
        #expect(readiness.problem == "keys cannot be opened")
        readiness.keys(nil)
        #expect(readiness.problem == nil)
    }
}
