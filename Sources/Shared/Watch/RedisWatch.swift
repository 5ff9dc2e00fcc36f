/// Looks whether Redis is connected, by what the connections of this process say of themselves.
package struct RedisWatch: Sendable {
    private let queues: [JobQueue]
    private let settings: AlertSettings

    package init(_ queues: [JobQueue], _ settings: AlertSettings) {
        (self.queues, self.settings) = (queues, settings)
    }

    package var isAway: Bool { queues.contains { !$0.redis.isConnected } }

    package var check: AlertCheck {
        AlertCheck(.redisUnreachable, .whileFound(for: settings.unreachableAfter)) { _ in readings }
    }

    private var readings: [AlertReading] {
        queues.filter { !$0.redis.isConnected }.map { queue in
            let isOnly = queues.count == 1
            return AlertReading(
                isOnly ? "redis" : "shard \(queue.keys.shard)",
                isOnly
                    ? "Redis cannot be reached: requests are refused"
                    : "Redis of shard \(queue.keys.shard) cannot be reached: requests go to the others")
        }
    }
}
