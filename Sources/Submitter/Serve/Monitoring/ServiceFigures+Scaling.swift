import Shared

extension ServiceFigures {
    func scalingDecision(_ settings: ScalingSettings) -> ScalingDecision { ScalingDecision(situation, settings) }

    private var situation: ScalingDecision.Situation {
        var situation = ScalingDecision.Situation()
        situation.ready = queue.ready
        situation.running = queue.running
        situation.later = [queue.parked, queue.delayed, queue.outbox].reduce(0) { $0.addingClamped($1) }
        situation.workers = queue.workers
        situation.slots = queue.slots
        situation.oldestUrgent = oldestUrgent
        // One account without a bound bounds none.
        situation.accountRoom =
            accounts.contains { $0.room == nil }
            ? nil : accounts.reduce(0) { $0.addingClamped($1.room ?? 0) }
        return situation
    }

    private var oldestUrgent: Duration { queue.lanes.filter { $0.lane != .batch }.map(\.oldest).max() ?? .zero }

    /// The answer of `/api/v1/queue/scaling`.
    func scalingReport(_ settings: ScalingSettings) -> JSON {
        let decision = scalingDecision(settings)
        return [
            "wanted_workers": .int(decision.wanted), "reason": .string(decision.reason.rawValue),
            "workers": .int(queue.workers), "slots": .int(queue.slots), "ready": .int(queue.ready),
            "running": .int(queue.running), "waiting": .int(queue.waiting),
            "waiting_for_capacity": .int(queue.parked), "delayed": .int(queue.delayed),
            "oldest_age_seconds": .seconds(oldestUrgent), "at": .number(JSONNumber(at)),
        ]
    }
}
