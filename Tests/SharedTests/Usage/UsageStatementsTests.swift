import Testing

@testable import Shared

/// Rows as the arrays in which they travel to PostgreSQL, one per column.
@Suite struct UsageStatementsTests {
    @Test func `each column is an array with an element per row`() throws {
        var second = LedgerFixture.row("r\"2", attempt: 2, isFinal: false, status: .lost)
        (second.record.endedAt, second.record.user, second.record.finishReason) = (nil, "\\", "stop")
        second.record.errorKind = .workerLost

        let texts = UsageStatements.parameters([LedgerFixture.row("r"), second]).map(\.text)

        #expect(
            texts == [
                #"{"r","r\"2"}"#, #"{"1","2"}"#,
                #"{"2026-11-23 00:00:00.000+00","2026-11-23 00:00:00.000+00"}"#,
                #"{"2026-11-23 00:00:01.000+00",NULL}"#,
                #"{"default","default"}"#, #"{NULL,"\\"}"#, #"{"m","m"}"#, #"{"openai","openai"}"#, #"{"a","a"}"#,
                "{NULL,NULL}", #"{"normal","normal"}"#, #"{"f","f"}"#, #"{"100","100"}"#, #"{"50","50"}"#,
                #"{"0","0"}"#, #"{"0","0"}"#, #"{"0","0"}"#, #"{"0","0"}"#, #"{"0.0002","0.0002"}"#, #"{"USD","USD"}"#,
                #"{"1000","0"}"#, #"{"30",NULL}"#, #"{"7","7"}"#, #"{"done","lost"}"#, #"{NULL,"worker_lost"}"#,
                #"{NULL,"stop"}"#, #"{"f","t"}"#, #"{"t","f"}"#, #"{"w","w"}"#, "{NULL,NULL}",
            ])
    }

    @Test func `no rows are empty arrays`() {
        #expect(UsageStatements.parameters([]).allSatisfy { $0.text == "{}" })
    }
}
