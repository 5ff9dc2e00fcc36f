import Shared

/// Reports the state of the service as JSON (pure).
struct PoolReport {
    enum Status: String { case ok, degraded, unavailable }

    private let readings: [PoolReader.Reading]
    private let workers: Int
    private let rooms: [JobQueue.Room]
    private let database: String?
    private let hasCatalog: Bool
    private let durability: RedisDurability?
    private let now: Int64
    private let rules = HealthRules()

    init(
        _ readings: [PoolReader.Reading], workers: Int, rooms: [JobQueue.Room], database: String?, hasCatalog: Bool,
        durability: RedisDurability? = nil, now: Int64
    ) {
        self.readings = readings
        self.workers = workers
        self.rooms = rooms
        self.database = database
        self.hasCatalog = hasCatalog
        self.durability = durability
        self.now = now
    }

    var status: Status {
        let usable = readings.filter { state(of: $0) == .ok }
        if workers == 0 || !hasCatalog || usable.isEmpty { return .unavailable }
        return database != nil || usable.count < readings.filter { $0.account.status == .active }.count
            || readings.contains { $0.whole?.isDisabled == true } ? .degraded : .ok
    }

    var json: JSON {
        [
            "status": .string(status.rawValue),
            "dependencies": [
                "redis": .object(redis),
                "postgres": database.map { ["status": "unavailable", "reason": .string($0)] } ?? ["status": "ok"],
                "workers": ["status": workers > 0 ? "ok" : "unavailable", "alive": .int(workers)],
            ],
            "waiting_for_capacity": .int(rooms.reduce(0) { $0 + $1.count }),
            "providers": .array(providers),
            "accounts": .array(readings.map(account)),
        ]
    }

    private var redis: JSONObject {
        var redis: JSONObject = ["status": "ok"]
        guard let durability else { return redis }
        redis.set("durable", .bool(durability.isDurable))
        redis.set("warnings", .array(durability.warnings.map { .string($0) }))
        return redis
    }

    private var providers: [JSON] {
        Provider.allCases.compactMap { provider in
            let own = readings.filter { $0.account.provider == provider }
            guard !own.isEmpty else { return nil }
            let usable = own.count { state(of: $0) == .ok }
            return [
                "provider": .string(provider.rawValue), "accounts": .int(own.count), "usable": .int(usable),
                "status": usable == own.count ? "ok" : usable > 0 ? "degraded" : "unavailable",
            ]
        }
    }

    private func state(of reading: PoolReader.Reading) -> AccountState { AccountState(reading, at: now) }

    private func account(_ reading: PoolReader.Reading) -> JSON {
        let account = reading.account
        let healths = [reading.whole].compactMap { $0 } + reading.models.values
        var object: JSONObject = [
            "id": .string(account.id), "name": .string(account.accountName),
            "provider": .string(account.provider.rawValue), "status": .string(account.status.rawValue),
            "state": .string(state(of: reading).rawValue), "reason": reason(reading),
            "score": number(healths.map { $0.score(rules) }.min() ?? 1),
        ]
        for (name, value) in route(deciding(reading))
        where name != "reason" && name != "score" {
            object.set(name, value)
        }
        object.set("running", .int(reading.running))
        object.set("limits", limits(reading))
        object.set(
            "models",
            .array(
                reading.models.sorted { $0.key < $1.key }.map { model, health in
                    var object: JSONObject = ["model": .string(model)]
                    for (name, value) in route(health) { object.set(name, value) }
                    return .object(object)
                }))
        return .object(object)
    }

    /// The health that keeps the account from being used: its own, else that of the model that is back first.
    private func deciding(_ reading: PoolReader.Reading) -> RouteHealth {
        let models = Self.models(reading)
        let own = reading.whole ?? RouteHealth()
        switch state(of: reading) {
        case .resting where own.coolDown(at: now) == nil:
            return models.filter { $0.coolDown(at: now) != nil }.min { $0.coolDownUntil < $1.coolDownUntil } ?? own
        case .circuitOpen where own.circuit(at: now) != .open:
            return models.min { $0.openUntil ?? 0 < $1.openUntil ?? 0 } ?? own
        default: return reading.whole ?? models.first ?? own
        }
    }

    private static func models(_ reading: PoolReader.Reading) -> [RouteHealth] {
        reading.models.sorted { $0.key < $1.key }.map(\.value)
    }

    /// The catalogue's reason, since people may have written it, else the one of health.
    private func reason(_ reading: PoolReader.Reading) -> JSON {
        if reading.account.status == .disabled, let reason = reading.account.statusReason { return .string(reason) }
        if state(of: reading) == .quotaExhausted { return "quota_limit" }
        return ([deciding(reading)] + [reading.whole].compactMap { $0 } + Self.models(reading)).lazy
            .compactMap(current(reasonOf:)).first.map { .string($0) } ?? .null
    }

    /// `nil` where the reason has no consequences any more.
    private func current(reasonOf health: RouteHealth) -> String? {
        let isHindered = health.isDisabled || health.coolDown(at: now) != nil || health.circuit(at: now) != .closed
        return isHindered ? health.reason?.rawValue : nil
    }

    private func route(_ health: RouteHealth) -> [(String, JSON)] {
        [
            ("score", number(health.score(rules))), ("circuit", .string(health.circuit(at: now).rawValue)),
            ("opens_again_ms", .int(Int(max(0, (health.openUntil ?? now) - now)))),
            ("rests_ms", .int(Int(health.coolDown(at: now)?.milliseconds ?? 0))),
            ("failures_in_row", .int(health.failuresInRow)),
            ("first_token_seconds", health.firstToken.map(number) ?? .null),
            ("reason", current(reasonOf: health).map { .string($0) } ?? .null),
        ]
    }

    private func limits(_ reading: PoolReader.Reading) -> JSON {
        let account = reading.account
        let quotaEnd = account.period(at: now).map { JSON.int(Int($0.end)) } ?? .null
        return [
            "rpm": ["limit": limit(account.requestsPerMinute), "used": .int(Int(reading.requests))],
            "tpm": ["limit": limit(account.tokensPerMinute), "used": .int(Int(reading.tokens))],
            "concurrency": ["limit": limit(account.concurrency), "used": .int(reading.running)],
            "quota": [
                "limit": account.quotaLimit.map { .int(Int($0)) } ?? .null,
                "used": reading.quotaUsed.map { .int(Int($0)) } ?? .null,
                "period": .string(account.quotaPeriod.rawValue), "resets_at_ms": quotaEnd,
            ],
        ]
    }

    private func limit(_ value: Int?) -> JSON { value.map { .int($0) } ?? .null }

    private func number(_ value: Double) -> JSON {
        JSONNumber((value * 1000).rounded() / 1000).map(JSON.number) ?? .null
    }
}
