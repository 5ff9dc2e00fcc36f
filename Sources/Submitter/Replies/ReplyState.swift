import NIOCore
import Shared

/// Orders the records of one request for one reader, and decides when the reader must read the log (pure).
///
/// In: messages of the fast path, pages of the log, sweeps. Out: events in log order, without hole or repeat. A message
/// is applied only if the record before it was seen. Otherwise the reply is *behind*, and its reader goes on from the
/// log. The same happens when more than `limit` bytes wait: they are dropped and read again later.
struct ReplyState {
    enum Step {
        case events([ReplyEvent])
        /// Read the log after this record, then call `read`.
        case readLog(after: RequestLogID)
        case wait
    }

    /// Bytes that may wait for the reader, but the event in front may be larger.
    let limit: Int
    /// Only the end matters to a reader of a whole answer.
    let wantsDeltas: Bool
    private(set) var last: RequestLogID
    /// `last` when the reader took events the last time.
    private var taken: RequestLogID
    private var waiting: [ReplyEvent] = []
    private var waitingBytes = 0
    private(set) var isBehind = false
    /// Something arrived while the log was being read: read once more.
    private var missed = false
    private(set) var isEnded = false
    /// Bytes of the largest record that is known to wait in the log.
    private(set) var largest = 0
    /// The channel that this request's deltas go to, or `nil` until the log was read.
    private(set) var channel: String?

    init(after last: RequestLogID = .beginning, limit: Int, wantsDeltas: Bool, startsFromLog: Bool = false) {
        self.limit = limit
        self.wantsDeltas = wantsDeltas
        self.last = last
        taken = last
        isBehind = startsFromLog
    }

    /// Returns true when the reader has something to do.
    mutating func received(_ message: ReplyMessage) -> Bool {
        guard !isEnded, message.id > last else { return false }
        if case .large(let bytes) = message.body { note(message.id, bytes) }
        guard !isBehind else {
            missed = true
            return true
        }
        guard message.prev == last || (message.prev.isSilent && last.isSilent) else {
            isBehind = true
            return true
        }
        switch message.body {
        case .delta(let payload): return apply(message.id, wantsDeltas ? .delta(message.id, payload) : nil)
        case .restart: return apply(message.id, restart(message.id))
        case .end(let end): return apply(message.id, .end(end))
        case .large where !wantsDeltas && message.id != .end: return apply(message.id, nil)
        case .large:
            isBehind = true
            return true
        case .resumed: return false
        }
    }

    /// Notes the size of a record in the log.
    mutating func note(_ id: RequestLogID, _ bytes: Int) {
        if wantsDeltas || id == .end { largest = max(largest, bytes) }
    }

    /// The last record of the log, as a sweep found it.
    mutating func swept(top: RequestLogID) -> Bool {
        guard !isEnded, top > last else { return false }
        isBehind = true
        return true
    }

    /// `take` would return something else than `wait`.
    func hasWork(_ isReadPaused: Bool) -> Bool { !waiting.isEmpty || (isBehind && !isEnded && !isReadPaused) }

    mutating func take() -> Step {
        if !waiting.isEmpty {
            let events = waiting
            waiting = []
            waitingBytes = 0
            taken = last
            return .events(events)
        }
        guard isBehind, !isEnded else { return .wait }
        missed = false
        return .readLog(after: last)
    }

    /// Takes a page of the log in order, with `isWhole` where nothing followed it.
    mutating func read(_ entries: [RequestLogEntry], isWhole: Bool) {
        for entry in entries where entry.id > last && !isEnded {
            switch entry.record {
            case .queued(_, _, let channel): self.channel = channel
            case .started(let channel):
                self.channel = channel
                push(restart(entry.id))
            case .delta(let payload): if wantsDeltas { push(.delta(entry.id, payload)) }
            case .end(let end): push(.end(end))
            case .unknown: break
            }
            last = entry.id
        }
        guard isWhole, !missed else { return }
        isBehind = false
        largest = 0
    }

    private mutating func apply(_ id: RequestLogID, _ event: ReplyEvent?) -> Bool {
        guard let event else {
            last = id
            return false
        }
        if !waiting.isEmpty, waitingBytes + event.bytes > limit {
            waiting = []
            waitingBytes = 0
            last = taken
            isBehind = true
        } else {
            push(event)
            last = id
        }
        return true
    }

    private mutating func push(_ event: ReplyEvent?) {
        guard let event else { return }
        waiting.append(event)
        waitingBytes += event.bytes
        if case .end = event { isEnded = true }
    }

    /// Only worth telling where text of an earlier attempt was shown.
    private func restart(_ id: RequestLogID) -> ReplyEvent? {
        last.isSilent || !wantsDeltas ? nil : .restart(attempt: id.attempt)
    }
}

/// An event for the reader of a request: deltas and restarts come first, then one end.
enum ReplyEvent: Sendable, Equatable {
    /// One or more chunks without envelope, separated by line feeds.
    case delta(RequestLogID, ByteBuffer)
    /// The answer begins again.
    ///
    /// Text that was shown before does not count.
    case restart(attempt: UInt64)
    case end(RequestEnd)

    fileprivate var bytes: Int {
        switch self {
        case .delta(_, let payload): payload.readableBytes
        case .restart: 0
        case .end(let end): end.meta.readableBytes + end.result.readableBytes
        }
    }
}
