extension Migrations.Step {
    /// The models that an account serves: modes and regions of one platform have models that others do not.
    static let accountModels = Migrations.Step(
        version: 3, name: "account models",
        sql: """
            ALTER TABLE accounts ADD COLUMN models text[] NOT NULL DEFAULT '{}';
            """)
}
