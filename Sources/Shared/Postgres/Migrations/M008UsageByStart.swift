extension Migrations.Step {
    /// The attempts of a span of time, for `jobs list --recent`.
    ///
    /// Rows are written about in the order of their times, so a summary of each range of pages says nearly as much as
    /// a B-tree, and costs a write next to nothing. Partitions that are made later get the index, too. The step reads
    /// each partition once, and holds up its writers meanwhile.
    static let usageByStart = Migrations.Step(
        version: 8, name: "usage by start",
        sql: """
            CREATE INDEX usage_attempts_by_start ON usage_attempts USING brin (started_at) WITH (autosummarize = on);
            """)
}
