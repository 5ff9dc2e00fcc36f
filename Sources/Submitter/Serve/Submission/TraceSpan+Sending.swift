import Shared

extension TraceSpan {
    /// The span of a request's way into its lane, whose context the queue entry carries.
    ///
    /// `nil` where the trace is not recorded.
    init?(sending job: Job, to queue: JobQueue, under request: TraceContext?) {
        guard let context = job.trace, context.isSampled, context != request else { return nil }
        self.init("send \(job.lane.rawValue)", .producer, context, under: request)
        setQueue(queue.keys, job)
        set(SpanKey.messagingOperation, text: "send")
        set(SpanKey.messagingOperationType, text: "send")
    }
}
