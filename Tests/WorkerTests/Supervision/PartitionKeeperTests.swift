import Shared
import TestSupport
import Testing

@testable import Worker

/// The elected worker makes months ahead and retires old ones.
@Suite(.timeLimit(.minutes(1))) struct PartitionKeeperTests {
    private struct Fixture {
        let pool: PostgresPool
        /// 23 November 2026.
        let now: Int64 = 1_795_392_000_000

        init() async throws { pool = try await SharedPostgres.shared.migratedPool() }

        func keeper(months: Int = 0, _ action: UsagePartitions.Retirement = .detach) -> PartitionKeeper {
            var retention = UsageRetention()
            (retention.months, retention.action) = (months, action)
            return PartitionKeeper(
                partitions: UsagePartitions(pool), retention: retention, clock: ManualClock(now),
                logger: PipelineFixture.silent)
        }

        func partitions() async throws -> [String] {
            try await pool.query(
                "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'usage_attempts'::regclass ORDER BY 1"
            ).rows.map { row throws(PostgresError) in try row.required("name") }
        }
    }

    @Test func `this month and the next are there before their first row`() async throws {
        let fixture = try await Fixture()

        await fixture.keeper().look()
        await fixture.keeper().look()

        #expect(try await fixture.partitions() == ["usage_attempts_2026_11", "usage_attempts_2026_12"])
    }

    @Test func `whole months before this one are kept, and older ones retired`() async throws {
        let fixture = try await Fixture()
        let month = UsageMonth(of: fixture.now)
        for months in 1...3 { try await UsagePartitions(fixture.pool).make(month - months) }

        await fixture.keeper(months: 0, .drop).look()
        #expect(try await fixture.partitions().count == 5)
        await fixture.keeper(months: 1, .drop).look()

        #expect(
            try await fixture.partitions() == [
                "usage_attempts_2026_10", "usage_attempts_2026_11", "usage_attempts_2026_12",
            ])
    }

    @Test func `without a database it looks again later`() async throws {
        let pool = PostgresPool(PostgresConfiguration(url: Secret("postgresql://127.0.0.1:1/none")))

        await PartitionKeeper(
            partitions: UsagePartitions(pool), retention: UsageRetention(), clock: SystemWallClock(),
            logger: PipelineFixture.silent
        ).look()
    }
}
