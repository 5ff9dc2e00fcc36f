import TestSupport
import Testing

@testable import Shared

@Suite(.timeLimit(.minutes(1))) struct AlertOutboxTests {
    private struct Fixture {
        let pool: PostgresPool
        var alerts: AlertStore { AlertStore(pool) }
        var outbox: AlertOutbox { AlertOutbox(pool) }

        init() async throws { pool = try await SharedPostgres.shared.migratedPool() }

        func raise(_ subject: String = "a") async throws {
            try await alerts.raise(kind: .circuitOpen, subject: subject, message: "m")
        }

        func clear(_ subject: String = "a") async throws {
            try await alerts.clear(kind: .circuitOpen, subject: subject)
        }

        /// All messages that were made, as `channel state subject`.
        func made() async throws -> [String] {
            let rows = try await pool.query(
                """
                SELECT channel || ' ' || state || ' ' || subject AS line
                FROM alert_deliveries d JOIN alerts a ON a.id = alert_id ORDER BY d.id
                """)
            return try rows.rows.map { try $0.required("line") }
        }

        func claim(_ channel: String = "ops", limit: Int = 10) async throws -> AlertOutbox.Claim? {
            try await outbox.claim(channel, for: .seconds(60), limit: limit)
        }
    }

    @Test func `each channel is told once that an alert fires, and once that it is over`() async throws {
        let fixture = try await Fixture()
        try await fixture.raise()
        for _ in 0..<2 { try await fixture.outbox.prepare(["ops", "log"]) }
        #expect(try await fixture.made().sorted() == ["log firing a", "ops firing a"])

        try await fixture.raise()
        try await fixture.clear()
        for _ in 0..<2 { try await fixture.outbox.prepare(["ops"]) }
        #expect(try await fixture.made().dropFirst(2) == ["ops resolved a"])

        try await fixture.raise()
        try await fixture.outbox.prepare(["ops"])
        #expect(try await fixture.made().count == 4)
    }

    @Test func `many processes at once make each message once`() async throws {
        let fixture = try await Fixture()
        for number in 0..<20 { try await fixture.raise("\(number)") }
        let outbox = fixture.outbox

        await (0..<8).concurrentMap(atMost: 8) { _ in try? await outbox.prepare(["ops"]) }

        let made = try await fixture.made()
        #expect(made.count == 20 && Set(made).count == 20)
    }

    @Test func `of an alert that was over before anybody was told nobody is told`() async throws {
        let fixture = try await Fixture()
        try await fixture.raise()
        try await fixture.clear()
        try await fixture.outbox.prepare(["ops"])

        #expect(try await fixture.made() == [])
    }

    @Test func `a silenced alert is told when its silence ends, and its end is told in spite of a silence`()
        async throws
    {
        let fixture = try await Fixture()
        let now = SystemWallClock().now
        let draft = try AlertSilence.Draft(
            kind: "circuit_open", subject: "a", until: now + 60_000, reason: nil, now: now)
        let silence = try await AlertSilences(fixture.pool).add(draft, actor: "anna")
        try await fixture.raise()
        try await fixture.outbox.prepare(["ops"])
        #expect(try await fixture.made() == [])

        _ = try await AlertSilences(fixture.pool).end(silence.id)
        try await fixture.outbox.prepare(["ops"])
        #expect(try await fixture.made() == ["ops firing a"])

        _ = try await AlertSilences(fixture.pool).add(draft, actor: "anna")
        try await fixture.clear()
        try await fixture.outbox.prepare(["ops"])
        #expect(try await fixture.made() == ["ops firing a", "ops resolved a"])
    }

    @Test func `a channel is one process's at once, and its messages come in order`() async throws {
        let fixture = try await Fixture()
        for subject in ["a", "b", "c"] { try await fixture.raise(subject) }
        try await fixture.outbox.prepare(["ops", "log"])
        #expect(try await fixture.outbox.due(["ops", "log", "none"]).sorted() == ["log", "ops"])

        let claim = try #require(try await fixture.claim(limit: 2))
        #expect(claim.deliveries.map(\.notice.alert.subject) == ["a", "b"])
        #expect(claim.deliveries.allSatisfy { $0.notice.state == .firing && $0.notice.alert.clearedAt == nil })
        #expect(try await fixture.claim() == nil)
        #expect(try await fixture.claim("log") != nil)
        #expect(try await fixture.outbox.due(["ops", "log"]) == [])

        try await fixture.outbox.delivered(claim.deliveries.map(\.id), "ops", pause: .zero)
        let rest = try #require(try await fixture.claim())
        #expect(rest.deliveries.map(\.notice.alert.subject) == ["c"])
        try await fixture.outbox.delivered(rest.deliveries.map(\.id), "ops", pause: .zero)
        #expect(try await fixture.outbox.due(["ops"]) == [])
        #expect(try await fixture.claim() == nil)
    }

    @Test func `what a process left that died comes again with the same id`() async throws {
        let fixture = try await Fixture()
        try await fixture.raise()
        try await fixture.outbox.prepare(["ops"])
        let first = try #require(try await fixture.outbox.claim("ops", for: .zero, limit: 10))

        let second = try #require(try await fixture.claim())

        #expect(second.deliveries.map(\.notice.messageID) == first.deliveries.map(\.notice.messageID))
        #expect(second.deliveries[0].notice.messageID.hasPrefix("msg_"))
    }

    @Test func `a failed delivery waits, counts, and is given up in the end`() async throws {
        let fixture = try await Fixture()
        try await fixture.raise()
        try await fixture.outbox.prepare(["ops"])
        let claim = try #require(try await fixture.claim())
        let ids = claim.deliveries.map(\.id)

        let early = try await fixture.outbox.failed(
            ids, claim, because: "HTTP status 500", pause: .seconds(60), patience: .seconds(60))
        #expect(early == 0 && claim.failures == 0)
        #expect(try await fixture.claim() == nil)

        _ = try await fixture.pool.query("UPDATE alert_channels SET next_at = now()")
        let again = try #require(try await fixture.claim())
        #expect(again.failures == 1 && again.deliveries.map(\.id) == ids)
        let late = try await fixture.outbox.failed(
            ids, again, because: "HTTP status 500", pause: .zero, patience: .zero)
        #expect(late == 1)
        #expect(try await fixture.claim() == nil)
        let row = try #require(try await fixture.pool.query("SELECT attempts, error FROM alert_deliveries").first)
        #expect(try row.text("attempts") == "2")
        #expect(try row.text("error") == "HTTP status 500")
    }

    @Test func `a refused message is not sent again, and keeps none behind it waiting`() async throws {
        let fixture = try await Fixture()
        for subject in ["a", "b"] { try await fixture.raise(subject) }
        try await fixture.outbox.prepare(["ops"])
        let claim = try #require(try await fixture.claim(limit: 1))

        try await fixture.outbox.refused(
            claim.deliveries.map(\.id), "ops", because: "HTTP status 400", pause: .zero)

        #expect(try await fixture.claim()?.deliveries.map(\.notice.alert.subject) == ["b"])
    }

    @Test func `an outage of PostgreSQL is written down by one process, and its end is told`() async throws {
        let fixture = try await Fixture()
        let since = SystemWallClock().now - 60_000
        func makeUp() async throws {
            try await fixture.alerts.makeUp(
                kind: .postgresUnreachable, subject: "postgres", message: "m", since: since, isTold: true)
        }
        for _ in 0..<2 { try await makeUp() }
        try await fixture.outbox.prepare(["ops"])
        #expect(try await fixture.made() == [])

        try await fixture.alerts.clear(kind: .postgresUnreachable, subject: "postgres")
        // Another process notices late that PostgreSQL is back.
        try await makeUp()
        try await fixture.outbox.prepare(["ops"])

        #expect(try await fixture.made() == ["ops resolved postgres"])
        let alerts = try await fixture.alerts.list(onlyOpen: false, limit: 9)
        #expect(alerts.map(\.raisedAt) == [since] && alerts[0].severity == "critical")
    }

    @Test func `old alerts, their messages and silences are deleted`() async throws {
        let fixture = try await Fixture()
        for subject in ["old", "open"] { try await fixture.raise(subject) }
        try await fixture.outbox.prepare(["ops"])
        try await fixture.clear("old")
        _ = try await fixture.pool.query("UPDATE alerts SET cleared_at = cleared_at - interval '2 days'")

        try await fixture.alerts.prune(olderThan: .seconds(86_400))

        #expect(try await fixture.alerts.list(onlyOpen: false, limit: 9).map(\.subject) == ["open"])
        #expect(try await fixture.made() == ["ops firing open"])
        try await fixture.outbox.prune(olderThan: .zero)
        #expect(try await fixture.made() == [])
    }
}
