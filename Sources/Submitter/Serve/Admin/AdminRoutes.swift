import Logging
import Shared

/// What the shim needs to change the catalogue.
struct AdminRoutes: Sendable {
    let postgres: PostgresPool
    let box: SecretBox?

    /// Routes that only exist with a database; `redis` tells the other processes, and carries pings: it is at the accounts' keys.
    func add(
        to table: inout RouteTable, prefix: String, redis: RedisClient, models: any ModelLookup, bodies: BodyReader,
        logger: Logger
    ) {
        let news = CatalogNotifier(redis: redis, keys: CatalogKeys(prefix: prefix), logger: logger)
        let admin = CatalogAdmin(pool: postgres, box: box) { await news.tell() }
        CatalogRoutes(kind: .model, admin: admin, models: models, bodies: bodies).add(to: &table)
        AccountRoutes(
            entries: CatalogRoutes(kind: .account, admin: admin, models: models, bodies: bodies),
            pings: AccountPings(redis: redis, keys: PoolKeys(prefix: prefix))
        ).add(to: &table)
        RecordRoutes(audit: AuditLog(postgres), alerts: AlertStore(postgres)).add(to: &table)
    }
}
