import Shared

/// What the shim needs to change the catalogue.
struct CatalogDesk: Sendable {
    let postgres: PostgresPool
    let box: SecretBox?

    /// Routes that only exist with a database; `redis` tells the other processes, and carries pings.
    func add(
        to table: inout RouteTable, prefix: String, redis: RedisClient, models: any ModelLookup, bodies: BodyReader
    ) {
        let admin = CatalogAdmin(pool: postgres, box: box) { await CatalogCall.tell(prefix: prefix, by: redis) }
        EntryRoutes(kind: .model, admin: admin, models: models, bodies: bodies).add(to: &table)
        AccountRoutes(
            entries: EntryRoutes(kind: .account, admin: admin, models: models, bodies: bodies),
            pings: AccountPings(redis: redis, keys: PoolKeys(prefix: prefix))
        ).add(to: &table)
        RecordRoutes(audit: AuditLog(postgres), alerts: AlertStore(postgres)).add(to: &table)
    }
}

/// Tells every process that the catalogue was changed.
enum CatalogCall {
    /// Lost where Redis does not take it within a second: everybody looks each `CATALOG_REFRESH`, too.
    static func tell(prefix: String, by redis: RedisClient) async {
        do throws(RedisError) {
            _ = try await redis.send(
                RedisCommand("PUBLISH", .string(prefix + "catalog"), "changed"), timeout: .seconds(1))
        } catch {
            return
        }
    }
}
