import Shared

extension ServiceFigures {
    func readings(_ scaling: ScalingSettings) -> [MetricReading] {
        queueReadings + accountReadings + [
            MetricReading(.workersAlive, queue.workers), MetricReading(.fleetSlots, queue.slots),
            MetricReading(.workersWanted, scalingDecision(scaling).wanted),
        ]
    }

    private var queueReadings: [MetricReading] {
        func byLane(_ family: MetricFamily, _ figure: (QueueFigures.LaneFigures) -> Double) -> MetricReading {
            MetricReading(family, queue.lanes.map { ([$0.lane.rawValue], figure($0)) })
        }
        return [
            byLane(.queueDepth) { Double($0.waiting) }, byLane(.queueRunning) { Double($0.running) },
            byLane(.queueOldest, \.oldest.seconds), MetricReading(.queueReady, queue.ready),
            MetricReading(.queueDelayed, queue.delayed), MetricReading(.queueParked, queue.parked),
            MetricReading(.deadLetters, queue.deadLetters), MetricReading(.outboxDepth, queue.outbox),
            MetricReading(.outboxAge, queue.outboxAge.seconds),
        ]
    }

    private var accountReadings: [MetricReading] {
        func byAccount(_ family: MetricFamily, _ figure: (AccountFigures) -> Double) -> MetricReading {
            MetricReading(family, accounts.map { ([$0.provider.rawValue, $0.id], figure($0)) })
        }
        let states = accounts.flatMap { account in
            AccountState.allCases.map { state in
                ([account.provider.rawValue, account.id, state.rawValue], account.state == state ? 1.0 : 0)
            }
        }
        let headroom = accounts.flatMap { account in
            account.headroom.map { ([account.provider.rawValue, account.id, $0.limit.rawValue], $0.share) }
        }
        return [
            MetricReading(.accountHeadroom, headroom), MetricReading(.accountState, states),
            byAccount(.accountCoolDown, \.coolDown.seconds), byAccount(.accountRunning) { Double($0.running) },
            byAccount(.accountWaiting) { Double($0.waiting) },
        ]
    }
}
