import TestSupport
import Testing

@testable import Shared

@Suite struct AlertSilenceTests {
    private let now: Int64 = 1_764_374_400_000

    private func draft(
        _ kind: String?, _ subject: String?, after: Int64 = 60_000, reason: String? = nil
    ) throws(AlertSilence.Mistake) -> AlertSilence.Draft {
        try AlertSilence.Draft(kind: kind, subject: subject, until: now + after, reason: reason, now: now)
    }

    @Test func `what is not given is everything`() throws {
        #expect(try draft("queue_age", nil).subject == "*")
        #expect(try draft(nil, "openai-2/*").kind == "*")
    }

    @Test(arguments: [
        ("queue_aeg", "*", 1, nil, "kind"), ("", "*", 1, nil, "kind"), ("*", "", 1, nil, "subject"),
        ("*", "a\0", 1, nil, "subject"), ("*", "*", 0, nil, "until"), ("*", "*", 40_000_000_000, nil, "until"),
        ("*", "*", 1, "", "reason"),
    ])
    func `a mistake is named`(kind: String, subject: String, after: Int, reason: String?, field: String) {
        let mistake = #expect(throws: AlertSilence.Mistake.self) {
            try draft(kind, subject, after: Int64(after), reason: reason)
        }
        #expect(mistake?.field == field)
    }

    @Test func `a silence is for the alerts that match its patterns, and only up to its end`() async throws {
        let pool = try await SharedPostgres.shared.migratedPool()
        let (alerts, silences) = (AlertStore(pool), AlertSilences(pool))
        for subject in ["a_b/m", "axb/m", "50%"] {
            try await alerts.raise(kind: .circuitOpen, subject: subject, message: "m")
        }
        func silenced() async throws -> [String] {
            try await alerts.list(onlyOpen: true, limit: 9).filter(\.isSilenced).map(\.subject).sorted()
        }
        let clock = SystemWallClock().now
        func add(_ kind: String, _ subject: String) async throws -> AlertSilence {
            let draft = try AlertSilence.Draft(
                kind: kind, subject: subject, until: clock + 60_000, reason: "r", now: clock)
            return try await silences.add(draft, actor: "anna")
        }

        // Signs that mean something to LIKE mean nothing here.
        let first = try await add("circuit_*", "a_b/*")
        #expect(try await silenced() == ["a_b/m"])
        _ = try await add("*", "%")
        #expect(try await silenced() == ["a_b/m"])
        _ = try await add("circuit_open", "*%")
        #expect(try await silenced() == ["50%", "a_b/m"])

        #expect(try await silences.list(limit: 9).map(\.subject).sorted() == ["%", "*%", "a_b/*"])
        #expect(try await silences.end(first.id))
        #expect(try await !silences.end(first.id))
        _ = try await pool.query("UPDATE alert_silences SET ends_at = now()")
        #expect(try await silenced() == [])
        #expect(try await silences.list(limit: 9).isEmpty)
    }
}
