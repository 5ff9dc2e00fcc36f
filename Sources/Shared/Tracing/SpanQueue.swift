import CoreMetrics
import DequeModule
import Synchronization

/// Spans that wait to be sent.
///
/// When it is full the oldest gives way, and is counted. Adding one is a lock and an append, whatever becomes of the
/// receiver.
final class SpanQueue: Sendable {
    private struct State {
        var spans = Deque<TraceSpan>()
        /// The wait of the exporter.
        var timer: EventLoopTimer?
    }

    private let state = Mutex(State())
    private let limit: Int
    private let batch: Int
    private let dropped: Counter

    /// `batch` is how many are sent at once, from 1 to `limit`.
    init(limit: Int, batch: Int, dropped: Counter) {
        self.limit = limit
        self.batch = batch
        self.dropped = dropped
    }

    var count: Int { state.withLock { $0.spans.count } }

    /// True while enough wait to be sent at once.
    var hasBatch: Bool { count >= batch }

    func add(_ span: TraceSpan) {
        let (isFull, timer) = state.withLock { state -> (Bool, EventLoopTimer?) in
            let isFull = state.spans.count >= limit
            if isFull { state.spans.removeFirst() }
            state.spans.append(span)
            guard state.spans.count >= batch else { return (isFull, nil) }
            defer { state.timer = nil }
            return (isFull, state.timer)
        }
        if isFull { dropped.increment() }
        timer?.stop()
    }

    /// The oldest, as many as are sent at once.
    func take() -> [TraceSpan] {
        state.withLock { state in
            let spans = Array(state.spans.prefix(batch))
            state.spans.removeFirst(spans.count)
            return spans
        }
    }

    /// Puts back what could not be sent, in front of what came meanwhile, as far as there is room.
    func putBack(_ spans: [TraceSpan]) {
        let lost = state.withLock { state in
            let lost = max(0, state.spans.count + spans.count - limit)
            state.spans.prepend(contentsOf: spans.dropFirst(lost))
            return min(lost, spans.count)
        }
        if lost > 0 { dropped.increment(by: lost) }
    }

    /// Forgets what waits, and returns how many that were.
    func clear() -> Int {
        state.withLock { state in
            defer { state.spans = [] }
            return state.spans.count
        }
    }

    /// Returns once enough wait to be sent at once, at the latest after `delay` or when this task is cancelled.
    ///
    /// One waiter at a time.
    func wait(atMost delay: Duration) async {
        let timer = EventLoopTimer()
        let isReady = state.withLock { state in
            guard state.spans.count < batch else { return true }
            state.timer = timer
            return false
        }
        guard !isReady else { return }
        await withTaskCancellationHandler {
            await timer.wait(delay)
        } onCancel: {
            timer.stop()
        }
        state.withLock { $0.timer = nil }
    }
}
