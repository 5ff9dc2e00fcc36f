import Testing

@testable import Worker

struct GatheringTimeTests {
    @Test(arguments: [
        (1, 1_000), (20, 1_000), (50, 400), (100, 200), (400, 200), (0, 1_000), (1_000_000, 200),
    ])
    func `rows that come rarely gather for longer, up to five times`(_ rows: Int, _ milliseconds: Int) {
        var time = GatheringTime(least: .milliseconds(200), below: .seconds(60))
        #expect(time.length == .milliseconds(200))

        time.gathered(rows)

        #expect(time.length == .milliseconds(milliseconds))
    }

    @Test func `it settles where a batch has a hundred rows, and comes back at once`() {
        var time = GatheringTime(least: .milliseconds(200), below: .seconds(60))
        // 250 rows a second.
        for _ in 0..<10 { time.gathered(Int(time.length / .milliseconds(4))) }
        #expect(time.length == .milliseconds(400))
        time.gathered(500)
        #expect(time.length == .milliseconds(200))
    }

    @Test(arguments: [(12, 15), (20, 20), (1, 5)])
    func `rows are not held until others take them over`(_ least: Int, _ most: Int) {
        var time = GatheringTime(least: .seconds(least), below: .seconds(60))
        time.gathered(1)
        #expect(time.length == .seconds(most))
    }
}
