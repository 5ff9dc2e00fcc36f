import Logging
import Shared

/// The routes that need a database: they change the catalogue and budgets, or list what is kept there.
struct AdminRoutes: Sendable {
    let models: CatalogRoutes
    let accounts: AccountRoutes
    let audit: AuditRoutes
    let alerts: AlertRoutes
    let budgets: BudgetRoutes

    /// `redis` is at the accounts' keys.
    ///
    /// It tells the other processes of a change, and carries pings.
    init(
        _ access: CatalogAccess, prefix: String, redis: RedisClient, models: any ModelLookup, bodies: BodyReader,
        logger: Logger
    ) {
        let notifier = CatalogNotifier(redis: redis, keys: CatalogKeys(prefix: prefix), logger: logger)
        let admin = CatalogAdmin(pool: access.postgres, box: access.box) { await notifier.tell() }
        self.models = CatalogRoutes(kind: .model, admin: admin, models: models, bodies: bodies)
        accounts = AccountRoutes(
            rows: CatalogRoutes(kind: .account, admin: admin, models: models, bodies: bodies),
            pings: AccountPings(redis: redis, keys: PoolKeys(prefix: prefix)))
        audit = AuditRoutes(log: AuditLog(access.postgres))
        alerts = AlertRoutes(
            store: AlertStore(access.postgres), silences: AlertSilences(access.postgres), bodies: bodies,
            logger: logger)
        let budgets = BudgetStore(access.postgres)
        let publisher = BudgetPublisher(
            store: budgets, redis: redis, keys: PoolKeys(prefix: prefix), logger: logger)
        self.budgets = BudgetRoutes(
            store: budgets, admin: BudgetAdmin(access.postgres) { await publisher.look() }, bodies: bodies)
    }
}

/// The database that the catalogue is in, and the box that seals its keys.
struct CatalogAccess: Sendable {
    let postgres: PostgresPool
    let box: SecretBox?
}
