extension TraceSpan {
    /// Says which lane and which job a step is about, by OpenTelemetry's conventions for messaging.
    package mutating func setQueue(_ keys: QueueKeys, _ job: Job) {
        set(SpanKey.messagingSystem, text: "redis")
        set(SpanKey.destination, text: keys.queue(job.lane))
        set(SpanKey.messageID, text: job.id)
        set(SpanKey.lane, text: job.lane.rawValue)
    }
}
