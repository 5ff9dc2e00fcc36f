extension Migrations.Step {
    /// Time for which a model may be silent within a stream.
    static let modelIdle = Migrations.Step(
        version: 6, name: "model idle",
        sql: """
            ALTER TABLE models ADD COLUMN idle_timeout integer CHECK (idle_timeout > 0);
            """)
}
