import CoreMetrics
import Testing

@testable import Shared
@testable import Submitter

/// Figures that are read of Redis, put together for scrapes and for people.
@Suite struct ServiceFiguresTests {
    private let now: Int64 = 1_700_000_000_000

    private func shard(
        waiting: Int = 0, held: [String: Int] = [:], ready: Int64? = nil, cards: [String: WorkerCard] = [:],
        rooms: [JobQueue.Room] = []
    ) -> QueueFigures.Shard {
        var overview = QueueOverview(
            lanes: Lane.allCases.map { lane in
                let isNormal = lane == .normal
                return .init(
                    lane: lane, entries: isNormal ? waiting + held.values.reduce(0, +) : 0, held: isNormal ? held : [:],
                    oldest: nil, oldestReady: isNormal ? ready.map { now - $0 } : nil)
            })
        overview.now = now
        overview.workers = cards.keys.sorted()
        (overview.delayed, overview.dead, overview.outbox) = (1, 2, 3)
        overview.outboxOldest = now - 4000
        return QueueFigures.Shard(overview: overview, rooms: rooms, cards: cards)
    }

    private func room(_ accounts: String, _ count: Int) -> JobQueue.Room {
        JobQueue.Room(name: "r\(count)", spec: Array(accounts.utf8), due: 0, count: count)
    }

    private func account(
        _ id: String = "a", running: Int = 0, requests: Int64 = 0, tokens: Int64 = 0, whole: RouteHealth? = nil,
        _ change: (inout Account) -> Void = { _ in }
    ) -> AccountFigures {
        var account = Account(id: id, provider: .openai)
        change(&account)
        let reading = PoolReader.Reading(
            account: account, whole: whole, models: [:], running: running, requests: requests, tokens: tokens,
            quotaUsed: account.quotaLimit.map { $0 / 4 })
        return AccountFigures(reading, waiting: 0, at: now)
    }

    private func figures(_ shards: [QueueFigures.Shard], _ accounts: [AccountFigures] = []) -> ServiceFigures {
        ServiceFigures(at: now, queue: QueueFigures(shards), accounts: accounts, database: nil)
    }

    private func text(_ figures: ServiceFigures) -> String {
        let registry = MetricsRegistry()
        registry.add { figures.readings(ScalingSettings()) }
        return registry.text
    }

    // MARK: - Queue

    @Test func `shards are summed, and the oldest of all counts`() {
        let queue = QueueFigures([
            shard(waiting: 5, held: ["w": 2], ready: 100), shard(waiting: 7, held: ["w": 1], ready: 9000),
        ])
        let normal = queue.lanes[Lane.normal.index]
        #expect(normal.waiting == 12 && normal.running == 3 && normal.oldest == .seconds(9))
        #expect(queue.delayed == 2 && queue.deadLetters == 4 && queue.outbox == 6 && queue.outboxAge == .seconds(4))
        #expect(queue.lanes[Lane.high.index].oldest == .zero)
    }

    @Test func `what waits for accounts is not ready`() {
        let queue = QueueFigures([shard(waiting: 10, rooms: [room(#"["a"]"#, 4), room(#"["a","b"]"#, 3)])])
        #expect(queue.parked == 7 && queue.ready == 3)
        #expect(AccountFigures.waiting(in: [room(#"["a"]"#, 4), room(#"["a","b"]"#, 3)]) == ["a": 7, "b": 3])
        #expect(
            AccountFigures.waiting(in: [room("nonsense", .max), room(#"["a"]"#, .max), room(#"["a"]"#, 1)]) == [
                "a": .max
            ])
    }

    @Test func `a worker that serves several shards has its slots and sums once`() {
        var totals = WorkerCard.Totals()
        (totals.attempts, totals.inputTokens) = (5, 70)
        let card = WorkerCard(jobs: 1, slots: 50, totals: totals)
        let queue = QueueFigures([
            shard(cards: ["w": card]), shard(cards: ["w": card, "old": WorkerCard("jobs=1")]),
        ])
        #expect(queue.workers == 2 && queue.slots == 50)
        #expect(queue.totals.attempts == 5 && queue.totals.inputTokens == 70)
    }

    // MARK: - Accounts

    @Test func `headroom is told of the limits that there are`() {
        let figures = account(running: 3, requests: 30, tokens: 2000) {
            ($0.requestsPerMinute, $0.tokensPerMinute, $0.quotaLimit) = (60, 1000, 400)
        }
        #expect(
            figures.headroom == [
                .init(limit: .rpm, share: 0.5), .init(limit: .tpm, share: 0), .init(limit: .quota, share: 0.75),
            ])
        #expect(account { $0.concurrency = 0 }.headroom == [.init(limit: .concurrency, share: 0)])
    }

    @Test func `room is the narrowest of an account's limits, and none while it rests`() {
        #expect(account().room == nil)
        #expect(account(running: 3) { $0.concurrency = 10 }.room == 7)
        #expect(account(running: 3, requests: 58) { ($0.concurrency, $0.requestsPerMinute) = (10, 60) }.room == 2)
        #expect(account(tokens: 1000) { ($0.concurrency, $0.tokensPerMinute) = (10, 1000) }.room == 0)
        #expect(account(running: 99) { $0.concurrency = 10 }.room == 0)

        var resting = RouteHealth()
        resting.coolDownUntil = now + 30_000
        let figures = account(whole: resting)
        #expect(figures.state == .resting && figures.coolDown == .seconds(30) && figures.room == 0)
    }

    @Test func `one account without a bound lets any number begin`() {
        let bounded = account("b") { $0.concurrency = 4 }
        #expect(figures([shard(waiting: 1000)], [bounded, account()]).scalingDecision(ScalingSettings()).wanted == 3)
        #expect(figures([shard(waiting: 1000)], [bounded]).scalingDecision(ScalingSettings()).wanted == 1)
    }

    // MARK: - As metrics and as JSON

    @Test func `figures become metrics by lane and by account`() {
        let text = text(
            figures([shard(waiting: 5, held: ["w": 2], ready: 1500)], [account(running: 1) { $0.concurrency = 4 }]))
        let account = #"provider="openai",account="a""#
        for line in [
            #"aims_queue_depth{lane="normal"} 5"#, #"aims_queue_running{lane="normal"} 2"#,
            #"aims_queue_oldest_age_seconds{lane="normal"} 1.5"#, #"aims_queue_oldest_age_seconds{lane="high"} 0"#,
            "aims_queue_ready 5", "aims_dead_letters 2", "aims_usage_outbox_depth 3", "aims_usage_outbox_age_seconds 4",
            "aims_workers_alive 0", "aims_workers_wanted 1",
            "aims_account_headroom_ratio{\(account),limit=\"concurrency\"} 0.75",
            "aims_account_state{\(account),state=\"ok\"} 1", "aims_account_state{\(account),state=\"disabled\"} 0",
            "aims_account_running{\(account)} 1", "aims_account_cooldown_seconds{\(account)} 0",
        ] { #expect(text.contains("\n\(line)\n"), "\(line)") }
    }

    @Test func `the scaling signal is one object of numbers`() {
        let json = figures([shard(waiting: 50, held: ["w": 7], ready: 3000)], [account()]).scalingReport(
            ScalingSettings())
        #expect(json["wanted_workers"] == 2 && json["reason"] == "age")
        #expect(json["ready"] == 50 && json["running"] == 7 && json["waiting"] == 50)
        #expect(json["oldest_age_seconds"] == 3 && json["slots"] == 0)
    }

    @Test func `the report has this shim's requests and everybody's queue`() {
        let registry = MetricsRegistry()
        registry.counter(.httpRequests, "/live", "GET", "2xx").increment(by: 3)
        registry.counter(.httpRequests, "none", "GET", "4xx").increment()
        registry.describe(process: "shim") { true }
        let json = MetricsReport(
            registry.readings, figures([shard(waiting: 5)], [account()]), shim: "s", now: now
        ).json

        #expect(json["requests"]?["answered"] == 4 && json["requests"]?["by_status"]?["4xx"] == 1)
        #expect(json["queue"]?["lanes"]?[1]?["waiting"] == 5 && json["queue"]?["outbox"]?["oldest_age_seconds"] == 4)
        #expect(json["accounts"]?[0]?["state"] == "ok" && json["dependencies"]?["redis"]?["status"] == "ok")
        #expect((json["process"]?["resident_memory_bytes"]?.intValue ?? 0) > 1 << 20)
    }

    @Test func `while Redis is away the report says so`() {
        let json = MetricsReport([], nil, shim: "s", now: now).json
        #expect(json["dependencies"]?["redis"]?["status"] == "unavailable")
        #expect(json["queue"] == .null && json["accounts"] == .null && json["workers"] == .null)
    }
}
