import ArgumentParser
import Testing

@testable import Shared
@testable import Submitter

/// `submitter queue`: what is read of the shards, put together.
@Suite struct QueueReportTests {
    private static let now: Int64 = 1_700_000_000_000

    private func overview(
        _ lane: Lane = .normal, entries: Int = 0, held: [String: Int] = [:], oldest: Int64? = nil,
        workers: [String] = []
    ) -> QueueOverview {
        var overview = QueueOverview(
            lanes: Lane.allCases.map {
                .init(
                    lane: $0, entries: $0 == lane ? entries : 0, held: $0 == lane ? held : [:],
                    oldest: $0 == lane ? oldest : nil)
            })
        overview.workers = workers
        overview.now = Self.now
        return overview
    }

    private func room(_ accounts: String, _ count: Int, due: Int64 = 0) -> JobQueue.Room {
        JobQueue.Room(
            name: "room-\(accounts.utf8.count)", spec: Array(accounts.utf8), due: Self.now + due, count: count)
    }

    private func lane(_ report: QueueReport, _ lane: Lane) -> JSON? { report.json["lanes"]?[lane.index] }

    @Test func `what waits is what no worker holds, and unclaimed what no room holds either`() {
        let report = QueueReport(shards: [
            .init(overview: overview(entries: 10, held: ["w": 3]), rooms: [room("[]", 4)], parked: [.normal: 4])
        ])

        #expect(lane(report, .normal)?["waiting"] == 7 && lane(report, .normal)?["running"] == 3)
        #expect(lane(report, .normal)?["unclaimed"] == 3)
        #expect(lane(report, .high)?["waiting"] == 0 && lane(report, .high)?["oldest_ms"] == .null)
    }

    @Test func `shards are summed, and the oldest of all counts`() {
        let shards = [
            QueueReport.Shard(overview: overview(.high, entries: 2, oldest: Self.now - 1000)),
            QueueReport.Shard(overview: overview(.high, entries: 5, held: ["w": 1], oldest: Self.now - 9000)),
        ]
        let report = QueueReport(shards: shards)

        #expect(lane(report, .high)?["waiting"] == 6 && lane(report, .high)?["oldest_ms"] == 9000)
        #expect(report.json["shards"] == 2)
    }

    @Test func `too many in rooms to be counted leave it open how many are unclaimed`() {
        let report = QueueReport(shards: [.init(overview: overview(entries: 20_000), parked: nil)])

        #expect(lane(report, .normal)?["unclaimed"] == .null)
        #expect(report.text(width: nil).contains("LANE    WAITING  RUNNING"))
    }

    @Test func `rooms are told by their accounts, the fullest first`() {
        let rooms = [room(#"["a"]"#, 1, due: 500), room(#"["a","b"]"#, 9)]
        let report = QueueReport(shards: [
            .init(overview: overview(), rooms: rooms), .init(overview: overview(), rooms: [rooms[0]]),
        ])

        #expect(report.json["waiting_for_capacity"]?[0]?["accounts"] == ["a", "b"])
        #expect(report.json["waiting_for_capacity"]?[1]?["waiting"] == 2)
        #expect(report.json["waiting_for_capacity"]?[1]?["due_in_ms"] == 500)
    }

    @Test(arguments: ["", "nonsense", "{}", "[1]", "[[\"a\"]]"])
    func `a spec that nobody can read names no account`(spec: String) {
        #expect(RoomAccounts.names(Array(spec.utf8)) == [])
    }

    @Test func `workers are told with running and slots, and one without heartbeat is silent`() {
        let overview = overview(entries: 9, held: ["b": 2, "gone": 1, "idle-gone": 0], workers: ["b", "a"])
        let cards = ["a": WorkerCard("jobs=4 slots=50"), "b": WorkerCard("jobs=many")]
        let workers = QueueReport(shards: [.init(overview: overview, cards: cards)]).json["workers"]

        #expect(
            workers == [
                ["worker": "a", "state": "alive", "running": 4, "slots": 50],
                ["worker": "b", "state": "alive", "running": 2, "slots": .null],
                ["worker": "gone", "state": "silent", "running": 1, "slots": .null],
            ])
    }

    @Test func `without a worker it says so`() {
        #expect(QueueReport(shards: [.init(overview: overview())]).text(width: nil).hasSuffix("no worker is alive\n"))
    }

    @Test(arguments: [50, 80])
    func `no line is wider than the terminal`(width: Int) {
        let long = String(repeating: "worker-", count: 20)
        let spec = #"["\#(String(repeating: "模型", count: 60))"]"#
        let text = QueueReport(shards: [
            .init(overview: overview(entries: 3, held: [long: 1], workers: [long]), rooms: [room(spec, 3)])
        ]).text(width: width)

        #expect(text.split(separator: "\n").allSatisfy { TerminalText.width(String($0)) <= width })
    }

    @Test func `a redrawn screen stays within its rows`() {
        let drawn = WatchScreen.drawn((1...100).map { "line \($0)\n" }.joined(), rows: 10)

        #expect(drawn.hasPrefix("\u{1B}[Hline 1\u{1B}[K\n") && drawn.hasSuffix("…\u{1B}[K\n\u{1B}[J"))
        #expect(drawn.split(separator: "\n").count == 10)
    }

    @Test(arguments: [
        (nil, "-"), (-5, "0ms"), (450, "450ms"), (12_000, "12s"), (185_000, "3m 5s"), (7_800_000, "2h 10m"),
        (3_600_000, "1h"), (352_800_000, "4d 2h"), (Int64.max, "106751991167d 7h"),
    ])
    func `ages have their two largest units`(milliseconds: Int64?, text: String) {
        #expect(AgeText.of(milliseconds: milliseconds) == text)
    }

    @Test(arguments: [
        ["--interval", "1"], ["--watch", "--interval", "0.1"], ["--watch", "--interval", "nan"],
        ["--watch", "--interval", "x"],
    ])
    func `a wrong interval is refused by its name`(arguments: [String]) {
        let error = #expect(throws: (any Error).self) { try Submitter.parseAsRoot(["queue"] + arguments) }
        #expect(error.map { Submitter.message(for: $0).contains("--interval") } == true)
    }
}
