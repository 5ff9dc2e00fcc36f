import Shared

/// Measures how long requests wait, for a worker and for an account.
struct QueueWatch: Sendable {
    /// By shard.
    let queues: [JobQueue]
    let thresholds: AlertThresholds
    let hysteresis: Double

    /// An age is measured in thresholds, of which lanes have different ones.
    var checks: [AlertCheck] {
        let rule = AlertRule(from: 1, hysteresis: hysteresis)
        return [
            AlertCheck(.queueAge, rule) { _ in
                await readings(\.forWorkers) { lane in
                    (
                        lane == .batch ? thresholds.batchAge : thresholds.queueAge,
                        "requests of the lane \(lane.rawValue) wait for a worker"
                    )
                }
            },
            AlertCheck(.noCapacity, rule) { _ in
                await readings(\.forAccounts) { lane in
                    // Those of the batch lane leave capacity to the others.
                    lane == .batch
                        ? nil
                        : (thresholds.capacityWait, "requests of the lane \(lane.rawValue) wait for an account")
                }
            },
        ]
    }

    private func readings(
        _ ages: KeyPath<QueueAges, [Lane: Duration]>, _ rule: (Lane) -> (limit: Duration, what: String)?
    ) async -> [AlertReading]? {
        guard let measured = await measured() else { return nil }
        return measured[keyPath: ages].compactMap { lane, age in
            guard let (limit, what) = rule(lane) else { return nil }
            let seconds = Int(age.components.seconds)
            return AlertReading(
                lane.rawValue, value: age.seconds / limit.seconds, "\(what), the oldest for \(seconds) s",
                details: ["value": .int(seconds)])
        }
    }

    private func measured() async -> QueueAges? {
        var ages = QueueAges()
        for queue in queues {
            guard queue.redis.isConnected else { return nil }
            do throws(RedisError) { ages.merge(try await queue.ages()) } catch { return nil }
        }
        return ages
    }
}
