import Testing

@testable import Worker

struct GatheringTimeTests {
    @Test(arguments: [
        (1, 1_000), (20, 1_000), (50, 400), (100, 200), (400, 200), (0, 1_000), (1_000_000, 200),
    ])
    func `rows that come rarely gather for longer, up to five times`(_ rows: Int, _ milliseconds: Int) {
        var time = GatheringTime(least: .milliseconds(200))
        #expect(time.length == .milliseconds(200))

        time.gathered(rows)

        #expect(time.length == .milliseconds(milliseconds))
    }

    @Test func `it settles where a batch has a hundred rows, and comes back at once`() {
        var time = GatheringTime(least: .milliseconds(200))
        // 250 rows a second.
        for _ in 0..<10 { time.gathered(Int(time.length / .milliseconds(4))) }
        #expect(time.length == .milliseconds(400))
        time.gathered(500)
        #expect(time.length == .milliseconds(200))
    }
}
