extension PostgresConfiguration {
    /// `DATABASE_URL`, read by libpq once so that a wrong one is told with all other mistakes.
    package init(_ settings: inout Settings) {
        self.init(
            url: settings.secret(
                "DATABASE_URL", default: "postgresql://127.0.0.1:5432/ai_model_service",
                "PostgreSQL, as libpq takes it: catalogue, accounts, usage.") ?? Secret(""))
        do { try check() } catch { settings.mistake("DATABASE_URL", expected: Self.expected) }
    }
}
