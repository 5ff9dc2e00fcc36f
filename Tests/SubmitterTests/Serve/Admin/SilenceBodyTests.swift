import HTTPTypes
import Shared
import Testing

@testable import Submitter

@Suite struct SilenceBodyTests {
    private let now: Int64 = 1_764_374_400_000

    private func draft(_ body: JSON) throws -> AlertSilence.Draft {
        try SilenceBody(try #require(body.objectValue), now: now).draft
    }

    @Test func `the end is a moment, or seconds from now`() throws {
        #expect(try draft(["kind": "queue_age", "until": 1_764_374_401_000]).until == now + 1000)
        #expect(try draft(["subject": "a/*", "seconds": 3600, "reason": "test"]).until == now + 3_600_000)
        #expect(try draft(["subject": "a/*", "seconds": 3600, "kind": .null]).kind == "*")
    }

    @Test(
        arguments: [
            (["seconds": 1], "kind"), (["kind": "*"], "until"), (["kind": "*", "seconds": 1, "until": 1], "until"),
            (["kind": "*", "seconds": 0], "seconds"), (["kind": "*", "seconds": 1.5], "seconds"),
            (["kind": "*", "until": 1], "until"), (["kind": 1, "seconds": 1], "kind"),
            (["kind": "nonsense", "seconds": 1], "kind"), (["kind": "*", "seconds": 1, "colour": "red"], "colour"),
        ] as [(JSON, String)])
    func `a mistake is named`(body: JSON, param: String) {
        let error = #expect(throws: APIError.self) { try draft(body) }
        #expect(error?.param == param && error?.status == .badRequest)
    }
}
