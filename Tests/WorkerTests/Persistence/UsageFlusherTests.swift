import TestSupport
import Testing

@testable import Shared
@testable import Worker

/// Rows go from the outbox to the ledger: none is lost, none is booked twice, none blocks the others.
@Suite struct UsageFlusherTests {
    @Test func `bills reach the ledger and leave the outbox`() async throws {
        try await FlusherFixture.run { fixture in
            try await fixture.bill("a")
            try await fixture.flushing {
                try await fixture.outboxEmpties()
                try await fixture.bill("b", attempt: 2)
                try await fixture.bill("c", f: "0", tokens: 17)
                try await fixture.outboxEmpties()
            }

            #expect(try await fixture.ledger() == ["a 1 final 50", "b 2 final 50", "c 1 estimated 17"])
        }
    }

    @Test func `more than a batch is written too, and duplicates once`() async throws {
        try await FlusherFixture.run(flushBatch: 3) { fixture in
            for number in 10..<30 {
                try await fixture.bill("r\(number)", f: "0", tokens: 1)
                try await fixture.bill("r\(number)", output: number)
                try await fixture.bill("r\(number)", output: number)
            }
            try await fixture.flushing { try await fixture.outboxEmpties() }

            #expect(try await fixture.ledger() == (10..<30).map { "r\($0) 1 final \($0)" })
        }
    }

    @Test func `what cannot be read goes to the dead letters and holds up nobody`() async throws {
        try await FlusherFixture.run { fixture in
            try await fixture.bill("a")
            try await fixture.bill("b", record: Array("{}".utf8))
            try await fixture.bill("c")
            try await fixture.flushing { try await fixture.outboxEmpties() }

            #expect(try await fixture.ledger() == ["a 1 final 50", "c 1 final 50"])
            #expect(try await fixture.deadLetters() == ["b unreadable"])
        }
    }

    /// An index row too large, numbers, checks, duplicates, a trigger's word, an error inside: never the batch's fault.
    @Test(arguments: ["54000", "22003", "22021", "23502", "23514", "21000", "P0001", "XX000"])
    func `what PostgreSQL refuses goes to the dead letters, alone`(_ sqlState: String) async throws {
        try await FlusherFixture.run { fixture in
            try await fixture.pool.refuseRows(sqlState: sqlState)
            for number in 0..<9 { try await fixture.bill("r\(number)") }
            try await fixture.bill("broken", account: "refused")
            for number in 10..<15 { try await fixture.bill("r\(number)") }
            try await fixture.flushing { try await fixture.outboxEmpties() }

            #expect(try await fixture.ledger().count == 14)
            #expect(try await fixture.deadLetters() == ["broken refused by PostgreSQL (\(sqlState))"])
        }
    }

    /// No room on the disk, a lock, a standby that only reads, rights and tables that are missing: no row's fault.
    @Test(arguments: ["53100", "55P03", "25006", "42501", "42703", "58030", "40001"])
    func `while PostgreSQL cannot write, rows wait and none is buried`(_ sqlState: String) async throws {
        try await FlusherFixture.run { fixture in
            try await fixture.pool.refuseRows(sqlState: sqlState)
            for number in 0..<3 { try await fixture.bill("r\(number)", account: "refused") }
            try await fixture.flushing {
                try await eventually("the flusher has them") { try await fixture.pendingRows() == 3 }
                try await fixture.pool.refuseRows(sqlState: nil)
                try await fixture.outboxEmpties()
            }

            #expect(try await fixture.ledger().count == 3)
            #expect(try await fixture.deadLetters().isEmpty)
        }
    }

    /// Each row takes 0.1 s, a statement 0.5 s at most.
    @Test func `a batch that takes too long is written in parts`() async throws {
        let pool = try await SharedPostgres.shared.pool { $0.statementTimeout = .milliseconds(500) }
        _ = try await Migrations.run(on: pool)
        try await pool.slowRows(seconds: 0.1)
        try await FlusherFixture.run(pool: pool) { fixture in
            for number in 10..<20 { try await fixture.bill("r\(number)") }
            try await fixture.flushing { try await fixture.outboxEmpties() }

            #expect(try await fixture.ledger().count == 10)
            #expect(try await fixture.deadLetters().isEmpty)
        }
    }

    @Test func `rows that anybody wrote into the outbox are booked, cut to what the ledger holds`() async throws {
        try await FlusherFixture.run { fixture in
            let long = String(repeating: "ü\u{0}", count: 5000)
            var record = AttemptRecord(startedAt: .max, enqueuedAt: .min)
            (record.tenant, record.user, record.model, record.account) = (long, long, long, long)
            record.prices = Prices(input: 1e300)
            record.usage.input = .max
            for number in 0..<9 { try await fixture.bill("r\(number)") }
            try await fixture.bill(long, attempt: .max, record: record.encoded)
            try await fixture.flushing { try await fixture.outboxEmpties() }

            #expect(try await fixture.ledger().count == 10)
            #expect(try await fixture.deadLetters().isEmpty)
        }
    }

    @Test func `bills that a dead flusher had taken are written by another`() async throws {
        try await FlusherFixture.run { fixture in
            try await fixture.bill("a")
            try await fixture.bill("b")
            try await fixture.abandon(by: "w-dead")
            try await fixture.flushing { try await fixture.outboxEmpties() }

            #expect(try await fixture.ledger() == ["a 1 final 50", "b 1 final 50"])
        }
    }

    @Test func `bills that were taken before a lost reply are written by the same flusher`() async throws {
        try await FlusherFixture.run { fixture in
            try await fixture.bill("a")
            try await fixture.abandon(by: "w-1")
            try await fixture.bill("b")
            try await fixture.flushing { try await fixture.outboxEmpties() }

            #expect(try await fixture.ledger() == ["a 1 final 50", "b 1 final 50"])
        }
    }

    @Test func `a group that Redis has lost is made again`() async throws {
        try await FlusherFixture.run { fixture in
            try await fixture.flushing {
                try await fixture.bill("a")
                try await fixture.outboxEmpties()
                _ = try await fixture.queue.redis.send(RedisCommand("DEL", .string(fixture.queue.keys.usage)))
                try await fixture.bill("b")
                try await eventually("the bill is in the ledger") { try await fixture.ledger().count == 2 }
            }

            #expect(try await fixture.isOutboxEmpty())
        }
    }

    @Test func `while PostgreSQL is away bills wait, and then none is missing`() async throws {
        let server = try await PostgresServer.start(isDurable: true)
        let pool = PostgresPool(PostgresConfiguration(url: Secret(server.url())))
        _ = try await Migrations.run(on: pool)
        try await FlusherFixture.run(pool: pool) { fixture in
            try await fixture.flushing {
                try await fixture.bill("a")
                try await fixture.outboxEmpties()
                try await server.stop()
                for number in 0..<5 { try await fixture.bill("b\(number)") }
                #expect(try await !fixture.isOutboxEmpty())
                try await server.start()
                try await fixture.outboxEmpties()
            }

            #expect(try await fixture.ledger() == ["a 1 final 50"] + (0..<5).map { "b\($0) 1 final 50" })
            #expect(try await fixture.deadLetters().isEmpty)
        }
    }

    @Test func `a shutdown writes what is there, and does not wait for a PostgreSQL that is away`() async throws {
        let server = try await PostgresServer.start(isDurable: true)
        let pool = PostgresPool(PostgresConfiguration(url: Secret(server.url())))
        _ = try await Migrations.run(on: pool)
        try await FlusherFixture.run(pool: pool) { fixture in
            try await fixture.flushing { for number in 0..<5 { try await fixture.bill("a\(number)") } }
            #expect(try await fixture.isOutboxEmpty())

            try await server.stop()
            try await fixture.flushing { try await fixture.bill("b") }
            #expect(try await !fixture.isOutboxEmpty())

            try await server.start()
            try await fixture.flushing {}
            #expect(try await fixture.ledger().count == 6)
        }
    }
}
