import Synchronization

/// One exchange, seen from both sides: the curl thread brings bytes, and one task waits for them.
///
/// A state machine behind a lock. Every waiting task is resumed exactly once, by the side that takes the continuation
/// out of the state. Methods below "The curl thread" are called there alone. All others may be called from anywhere.
final class Transfer: Sendable {
    typealias Bytes = Result<[UInt8]?, HTTPError>

    private enum Waiter {
        case none
        case head(CheckedContinuation<Result<HTTPHead, HTTPError>, Never>)
        case whole(CheckedContinuation<Result<HTTPResponse, HTTPError>, Never>)
        case body(CheckedContinuation<Bytes, Never>, notBefore: ContinuousClock.Instant?)

        var notBefore: ContinuousClock.Instant? {
            guard case .body(_, let notBefore) = self else { return nil }
            return notBefore
        }
    }

    private struct State {
        var head: HTTPHead?
        var buffer: [UInt8] = []
        var received = 0
        var isPaused = false
        var end: Result<Void, HTTPError>?
        var waiter = Waiter.none
    }

    let request: HTTPRequest
    /// `nil` where the whole response is wanted, so that nothing is ever paused.
    private let maxBufferedBytes: Int?
    private let resumptions: Resumptions
    private let state = Mutex(State())

    init(_ request: HTTPRequest, maxBufferedBytes: Int?, _ resumptions: Resumptions) {
        self.request = request
        self.maxBufferedBytes = maxBufferedBytes
        self.resumptions = resumptions
    }

    var hasEnded: Bool { state.withLock { $0.end != nil } }
    var isPaused: Bool { state.withLock { $0.isPaused } }

    // MARK: - The reader

    func head() async -> Result<HTTPHead, HTTPError> {
        await withCheckedContinuation { continuation in
            let known = state.withLock { state -> Result<HTTPHead, HTTPError>? in
                if let head = state.head { return .success(head) }
                if let end = state.end { return .failure(Self.error(end)) }
                Self.wait(.head(continuation), &state)
                return nil
            }
            if let known { continuation.resume(returning: known) }
        }
    }

    func whole() async -> Result<HTTPResponse, HTTPError> {
        await withCheckedContinuation { continuation in
            let known = state.withLock { state -> Result<HTTPResponse, HTTPError>? in
                if state.end != nil { return Self.response(&state) }
                Self.wait(.whole(continuation), &state)
                return nil
            }
            if let known { continuation.resume(returning: known) }
        }
    }

    func next(notBefore: ContinuousClock.Instant?, in loop: CurlLoop) async -> Bytes {
        await withCheckedContinuation { continuation in
            let (ready, wakeAt) = state.withLock { state -> (Bytes?, ContinuousClock.Instant?) in
                Self.wait(.body(continuation, notBefore: notBefore), &state)
                guard isReady(state, .now) else { return (nil, state.buffer.isEmpty ? nil : notBefore) }
                state.waiter = .none
                return (Self.take(&state), nil)
            }
            if let ready {
                resumeReading(in: loop)
                continuation.resume(returning: ready)
            } else if let wakeAt {
                loop.wake(self, at: wakeAt)
            }
        }
    }

    /// Lets a paused transfer go on after the reader has made room.
    private func resumeReading(in loop: CurlLoop) {
        if state.withLock({ $0.isPaused && $0.end == nil }) { loop.unpause(self) }
    }

    // MARK: - The curl thread

    enum Reception { case taken, paused, refused }

    /// Adds bytes of the body.
    ///
    /// `gathers` where the reader that waits does not want each piece at once, with the time at which it wants what
    /// there is, if that is later.
    func receive(_ bytes: UnsafeRawBufferPointer) -> (Reception, gathers: Bool, wakeAt: ContinuousClock.Instant?) {
        let (resume, result) = state.withLock {
            state -> (Resumptions.Work?, (Reception, Bool, ContinuousClock.Instant?)) in
            if let maxBufferedBytes, state.buffer.count >= maxBufferedBytes {
                state.isPaused = true
                return (nil, (.paused, false, nil))
            }
            let count = bytes.count
            state.received += count
            guard state.received <= request.maxResponseBytes else { return (nil, (.refused, false, nil)) }
            let wasEmpty = state.buffer.isEmpty
            // unsafe: curl's buffer is copied before the callback returns.
            unsafe state.buffer.append(contentsOf: bytes)
            unsafe request.observer?.add(bytes)
            let notBefore = state.waiter.notBefore
            let resume = deliver(&state, .now)
            return (resume, (.taken, notBefore != nil, resume == nil && wasEmpty ? notBefore : nil))
        }
        if let resume { resumptions.add(resume) }
        return result
    }

    /// The head is complete.
    func receive(_ head: HTTPHead) {
        request.observer?.begin(head)
        let waiter = state.withLock { state -> CheckedContinuation<Result<HTTPHead, HTTPError>, Never>? in
            state.head = head
            guard case .head(let continuation) = state.waiter else { return nil }
            state.waiter = .none
            return continuation
        }
        if let waiter { resumptions.add { waiter.resume(returning: .success(head)) } }
    }

    func end(_ result: Result<Void, HTTPError>) {
        let resume = state.withLock { state -> Resumptions.Work? in
            guard state.end == nil else { return nil }
            state.end = result
            request.observer?.end(result)
            defer { if case .body = state.waiter {} else { state.waiter = .none } }
            switch state.waiter {
            case .none: return nil
            case .head(let continuation):
                return { continuation.resume(returning: .failure(Self.error(result))) }
            case .whole(let continuation):
                let response = Self.response(&state)
                return { continuation.resume(returning: response) }
            case .body: return deliver(&state, .now)
            }
        }
        if let resume { resumptions.add(resume) }
    }

    /// Delivers to a reader whose gathering time is over.
    func wake() {
        if let resume = state.withLock({ deliver(&$0, .now) }) { resumptions.add(resume) }
    }

    func unpaused() { state.withLock { $0.isPaused = false } }

    // MARK: - Decisions

    private func deliver(_ state: inout State, _ now: ContinuousClock.Instant) -> Resumptions.Work? {
        guard case .body(let continuation, _) = state.waiter, isReady(state, now) else { return nil }
        state.waiter = .none
        let bytes = Self.take(&state)
        return { continuation.resume(returning: bytes) }
    }

    private func isReady(_ state: State, _ now: ContinuousClock.Instant) -> Bool {
        if state.end != nil { return true }
        guard !state.buffer.isEmpty, case .body(_, let notBefore) = state.waiter else { return false }
        return notBefore.map { $0 <= now } ?? true || state.buffer.count >= maxBufferedBytes ?? .max
    }

    private static func take(_ state: inout State) -> Bytes {
        if !state.buffer.isEmpty {
            defer { state.buffer = [] }
            return .success(state.buffer)
        }
        return state.end?.map { nil } ?? .success([])
    }

    /// A clean end without a head is an error.
    private static func error(_ end: Result<Void, HTTPError>?) -> HTTPError {
        if case .failure(let error) = end { return error }
        return HTTPError(.cut, "the connection ended before the answer did")
    }

    private static func wait(_ waiter: Waiter, _ state: inout State) {
        guard case .none = state.waiter else { preconditionFailure("an answer has one reader at a time") }
        state.waiter = waiter
    }

    /// Accepts the body of a refusal that broke off, since its status says the most.
    private static func response(_ state: inout State) -> Result<HTTPResponse, HTTPError> {
        guard let head = state.head, let end = state.end, end.isClean || !head.isSuccess && end.isOfTheOtherSide else {
            return .failure(Self.error(state.end))
        }
        let body = state.buffer
        state.buffer = []
        return .success(HTTPResponse(head: head, body: body))
    }
}

extension Result where Success == Void, Failure == HTTPError {
    fileprivate var isClean: Bool { if case .success = self { true } else { false } }

    /// True when the exchange failed but was not cancelled by us.
    fileprivate var isOfTheOtherSide: Bool { if case .failure(.cancelled) = self { false } else { true } }
}
