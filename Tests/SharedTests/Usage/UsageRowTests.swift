import Testing

@testable import Shared

/// A ledger row on its way through the outbox.
@Suite struct UsageRowTests {
    private var full: AttemptRecord {
        var record = AttemptRecord(startedAt: 1_795_392_000_123, enqueuedAt: 1_795_392_000_001)
        (record.tenant, record.user, record.lane, record.isStreamed, record.worker) = ("t\"\n", "ü", .batch, true, "w")
        (record.model, record.provider, record.account) = ("m", "openai", "a")
        record.prices = Prices(input: 0.1, cachedInput: 0.05, output: 3, currency: "EUR")
        (record.status, record.endedAt, record.errorKind) = (.cancelled, 1_795_392_000_999, .cancelled)
        record.usage = TokenUsage(input: 1, output: 2, cached: 3, reasoning: 4, isEstimated: true)
        (record.finishReason, record.upstreamModel, record.upstreamRequest, record.firstToken) = ("stop", "u", "r", 12)
        return record
    }

    private func fields(_ row: [UInt8], f: String = "1", a: String = "2", t: String = "0") -> [RedisValue] {
        ["id", "r", "a", a, "f", f, "t", t, "u"].map { .bulk(Array($0.utf8)) } + [.bulk(row)]
    }

    @Test func `a record travels unchanged, full or bare`() {
        let bare = AttemptRecord(startedAt: 5, enqueuedAt: 3)

        #expect(AttemptRecord(decoding: full.encoded) == full)
        #expect(AttemptRecord(decoding: bare.encoded) == bare)
    }

    /// Workers of other builds read these rows, and a reaper copies them unread.
    @Test func `a record is written as it always was`() {
        var cached = AttemptRecord(startedAt: 5, enqueuedAt: -3)
        cached.usage = TokenUsage(input: 9, output: 2, cached: 3, reasoning: 1, cacheWrites: 5, hourlyCacheWrites: 4)
        cached.prices = Prices(
            input: 3, cachedInput: .infinity, cacheWrite: .nan, hourlyCacheWrite: 1e300, output: 1.5)

        #expect(
            String(decoding: full.encoded, as: UTF8.self) == #"""
                {"s":1795392000123,"q":1795392000001,"t":"t\"\n","l":"batch","st":true,"w":"w","m":"m","p":"openai",\#
                "ac":"a","pr":[0.1,0.05,3.0,"EUR"],"status":"cancelled","tok":[1,2,3,4],"est":true,"u":"ü",\#
                "e":1795392000999,"err":"cancelled","fr":"stop","um":"u","ur":"r","ft":12}
                """#)
        #expect(
            String(decoding: cached.encoded, as: UTF8.self) == #"""
                {"s":5,"q":-3,"t":"default","l":"normal","st":false,"w":"","m":"","p":"","ac":"",\#
                "pr":[3.0,0,1.5,"USD"],"status":"lost","tok":[9,2,3,1],"est":false,"cw":[5,4],"pw":[0,1e+300]}
                """#)
    }

    @Test func `what was written to a cache travels beside the counts and prices that builds of before read`() throws {
        var record = full
        record.usage = TokenUsage(input: 9, output: 2, cached: 3, reasoning: 1, cacheWrites: 5, hourlyCacheWrites: 4)
        record.prices = Prices(input: 3, output: 15, shares: CacheShares(.anthropic))
        let wire = try JSON(parsing: record.encoded)

        #expect(AttemptRecord(decoding: record.encoded) == record)
        #expect(wire["tok"] == [9, 2, 3, 1] && wire["pr"]?.arrayValue?.count == 4)
        var old = try #require(wire.objectValue)
        for name in ["cw", "pw"] { old.remove(name) }
        let read = try #require(AttemptRecord(decoding: old.encoded))
        #expect(read.usage == TokenUsage(input: 9, output: 2, cached: 3, reasoning: 1))
        #expect(read.prices.cacheWrite == 3)
    }

    @Test func `members that a newer build adds are ignored`() throws {
        var object = try #require(try JSON(parsing: full.encoded).objectValue)
        object.set("new", ["x": 1])

        #expect(AttemptRecord(decoding: object.encoded) == full)
    }

    @Test(arguments: ["", "{", "[]", "{}", "null", #"{"s":"5"}"#]) func `what is no record is not read as one`(
        _ text: String
    ) {
        #expect(AttemptRecord(decoding: Array(text.utf8)) == nil)
    }

    @Test func `a final entry is the row it carries`() throws {
        let row = try #require(UsageRow(outbox: fields(full.encoded), writtenAt: 7))

        #expect(row == UsageRow(requestID: "r", attempt: 2, isFinal: true, record: full))
    }

    @Test func `an entry of a reaper counts what was seen of a worker that is gone`() throws {
        let started = AttemptRecord(startedAt: 1000, enqueuedAt: 900)

        let row = try #require(UsageRow(outbox: fields(started.encoded, f: "0", t: "17"), writtenAt: 5000))

        #expect(!row.isFinal)
        #expect(row.record.status == .lost)
        #expect(row.record.errorKind == .workerLost)
        #expect(row.record.usage.output == 17)
        #expect(row.record.usage.isEstimated)
        #expect(row.record.latency == 4000)
    }

    @Test func `members of a record may come in any order`() throws {
        let members = try #require(try JSON(parsing: full.encoded).objectValue).members
        for shift in 0..<members.count {
            var object = JSONObject()
            for member in (members[shift...] + members[..<shift]).reversed() { object.set(member.key, member.value) }

            #expect(AttemptRecord(decoding: object.encoded) == full)
        }
    }

    @Test func `of several fields of one name the last counts, and unknown ones are ignored`() throws {
        let twice = fields([1], f: "0", a: "x", t: "9") + fields(full.encoded) + [.bulk([0xFF]), .bulk([0xFF]), .null]

        #expect(UsageRow(outbox: twice, writtenAt: 1)?.record == full)
        #expect(UsageRow(outbox: fields(full.encoded) + [.bulk(Array("id".utf8)), .bulk([0xFF])], writtenAt: 1) == nil)
    }

    @Test func `an entry without what a row needs is not read`() {
        #expect(UsageRow(outbox: [], writtenAt: 1) == nil)
        #expect(UsageRow(outbox: fields([]), writtenAt: 1) == nil)
        #expect(UsageRow(outbox: fields(full.encoded, a: "x"), writtenAt: 1) == nil)
        #expect(UsageRow(outbox: fields(full.encoded).dropLast(2), writtenAt: 1) == nil)
    }

    @Test func `rows of one batch are one per attempt, sorted by key`() {
        let rows = [
            LedgerFixture.row("b"), LedgerFixture.row("a", attempt: 2),
            LedgerFixture.row("a", attempt: 1, isFinal: false),
            LedgerFixture.row("b", isFinal: false), LedgerFixture.row("a", attempt: 1),
        ]

        let merged = UsageRow.merged(rows)

        #expect(UsageRow.merged([rows[3], rows[3], rows[0], rows[3]]) == [rows[0]])
        #expect(merged.map { "\($0.requestID)\($0.attempt)\($0.isFinal)" } == ["a1true", "a2true", "b1true"])
    }
}
