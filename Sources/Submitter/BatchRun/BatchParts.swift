import Logging
import Shared

/// The parts that running batches needs.
final class BatchParts: Sendable {
    let store: BatchStore
    let hub: ReplyHub
    let gauges: QueueGauges
    let admission: Admission
    let models: any ModelLookup
    let clock: any WallClock
    let settings: BatchRunSettings
    let tracer: Tracer?
    let others: OtherRequests
    let logger: Logger

    init(
        store: BatchStore, hub: ReplyHub, gauges: QueueGauges, admission: Admission, models: any ModelLookup,
        clock: any WallClock, settings: BatchRunSettings, tracer: Tracer?, logger: Logger
    ) {
        self.store = store
        self.hub = hub
        self.gauges = gauges
        self.admission = admission
        self.models = models
        self.clock = clock
        self.settings = settings
        self.tracer = tracer
        self.logger = logger
        others = OtherRequests(queues: hub.queues, logger: logger)
    }

    /// Does what needs PostgreSQL, again and again while it is away.
    ///
    /// Throws `CancellationError` once this task is cancelled or the process ends.
    func persist<Value: Sendable>(_ work: () async throws -> Value) async throws -> Value {
        while true {
            do { return try await work() } catch let error as PostgresError {
                guard error.passes else { throw error }
                logger.warning("a batch waits for PostgreSQL", metadata: [LogKey.error: "\(error)"])
                guard await Task.pause(for: .seconds(1)) else { throw CancellationError() }
            }
        }
    }
}

extension PostgresError {
    /// The same statement may succeed later.
    fileprivate var passes: Bool {
        switch code {
        case .unavailable, .timeout, .cancelled, .serializationOrDeadlock, .poolTimeout, .undefinedTable: true
        case .constraint, .server, .decoding, .parameter, .configuration: !isRowsFault && code != .decoding
        }
    }
}
