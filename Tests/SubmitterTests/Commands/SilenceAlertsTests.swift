import ArgumentParser
import Shared
import Testing

@testable import Submitter

@Suite struct SilenceAlertsTests {
    private let now: Int64 = 1_764_374_400_000

    private func until(_ arguments: String...) throws -> Int64 {
        let command = try SilenceAlerts.parse(["--kind", "queue_age"] + arguments)
        return try command.draft(now: now).until
    }

    @Test func `a silence lasts for a time, or up to one`() throws {
        #expect(try until("--for", "2h") == now + 7_200_000)
        #expect(try until("--until", "2025-11-30T00:00Z") == now + 86_400_000)
    }

    @Test(arguments: [["--for", "soon"], ["--for", "1h", "--until", "2025-11-30"], []])
    func `an end is needed, and only one`(arguments: [String]) {
        #expect(throws: (any Error).self) { try SilenceAlerts.parse(["--kind", "queue_age"] + arguments) }
    }

    @Test(arguments: [["--for", "0s"], ["--for", "900d"], ["--until", "2025-11-28"]])
    func `an end that is no good is refused`(arguments: [String]) throws {
        let command = try SilenceAlerts.parse(["--kind", "queue_age"] + arguments)
        #expect(throws: (any Error).self) { try command.draft(now: now) }
    }

    @Test func `the list needs no subcommand, as it never did`() throws {
        let command = try AlertsCommand.parseAsRoot(["--all", "--limit", "10"])
        let list = try #require(command as? ListAlerts)
        #expect(list.all && list.limit == 10)
    }
}
