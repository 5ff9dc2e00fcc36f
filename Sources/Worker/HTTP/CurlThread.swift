import CCurl
import HeapModule
import Shared

/// The curl thread's own state: one multi handle driven by epoll.
///
/// Created, used and dropped on that thread. Each `turn` waits for sockets, curl's timer, readers that gather until a
/// time, and our own time limits.
@safe final class CurlThread {
    /// The precision of our own time limits.
    private static let tick = Duration.milliseconds(50)

    private let configuration: HTTPClientConfiguration
    private let poll: EventPoll
    /// Streams whose readers gather: their sockets are read at the end of a window only.
    private let gathered: SocketSet
    private var gatheredSockets: Set<Int32> = []
    private var nextRead: ContinuousClock.Instant?
    // unsafe: an owned multi handle that never leaves this thread and is cleaned up in `end`.
    private let multi: UnsafeMutableRawPointer?
    private var exchanges: [ObjectIdentifier: CurlExchange] = [:]
    private var spare: [CurlHandle] = []
    private var timer: ContinuousClock.Instant?
    private var wakes = Heap<Wake>()
    private var nextTick = ContinuousClock.now

    private struct Wake: Comparable {
        let time: ContinuousClock.Instant
        let transfer: Transfer
        static func < (a: Wake, b: Wake) -> Bool { a.time < b.time }
        static func == (a: Wake, b: Wake) -> Bool { a.time == b.time }
    }

    init(_ configuration: HTTPClientConfiguration, _ poll: EventPoll, _ gathered: SocketSet) {
        self.configuration = configuration
        self.poll = poll
        self.gathered = gathered
        unsafe multi = curl_multi_init()
        unsafe ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, configuration.maxIdleConnections)
        unsafe ccurl_multi_set_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, configuration.maxConnectionsPerHost)
        unsafe ccurl_multi_set_long(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, configuration.maxConnectionsTotal)
        // One exchange per connection, with HTTP/2 too, so that cancelling can close the connection.
        unsafe ccurl_multi_set_long(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_NOTHING))
        // unsafe: both callbacks run on this thread, inside curl calls of this object, so the context is alive.
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe ccurl_multi_set_callbacks(
            multi,
            { handle, socket, what, context, known in
                guard let context = unsafe context else { return 0 }
                let thread = unsafe Unmanaged<CurlThread>.fromOpaque(context).takeUnretainedValue()
                unsafe thread.watch(socket, what, isKnown: known != nil)
                unsafe CurlExchange.of(handle)?.watches(socket, what)
                return 0
            },
            { _, milliseconds, context in
                guard let context = unsafe context else { return 0 }
                let thread = unsafe Unmanaged<CurlThread>.fromOpaque(context).takeUnretainedValue()
                thread.timer = milliseconds < 0 ? nil : .now + .milliseconds(milliseconds)
                return 0
            }, context)
    }

    func perform(_ command: CurlLoop.Command) {
        switch command {
        case .start(let transfer): start(transfer)
        case .cancel(let transfer): stop(transfer, .cancelled)
        case .unpause(let transfer):
            guard let exchange = exchanges[ObjectIdentifier(transfer)] else { return }
            transfer.unpaused()
            exchange.deadlines.heard(.now)
            exchange.handle.unpause()
            timer = .now
        case .wake(let transfer, let time): wakes.insert(Wake(time: time, transfer: transfer))
        }
    }

    func turn() {
        for event in poll.wait(milliseconds: patience()) { act(on: event) }
        let now = ContinuousClock.now
        if let time = nextRead, time <= now { readGathered(now) }
        if let timer, timer <= now {
            self.timer = nil
            act(CURL_SOCKET_TIMEOUT, 0)
        }
        reap()
        while let next = wakes.min, next.time <= now { wakes.removeMin().transfer.wake() }
        if now >= nextTick { checkDeadlines(now) }
    }

    /// Fails the exchanges under way and frees everything.
    func end() {
        for exchange in Array(exchanges.values) { stop(exchange.transfer, .cancelled) }
        spare = []
        unsafe curl_multi_cleanup(multi)
    }

    private func patience() -> Int32 {
        let now = ContinuousClock.now
        var until = exchanges.isEmpty ? nil : nextTick
        for time in [timer, wakes.min?.time, nextRead] { if let time { until = min(until ?? time, time) } }
        guard let until else { return -1 }
        guard until > now else { return 0 }
        // Rounded up, or the loop would spin through the last millisecond.
        return Int32(clamping: (until - now).milliseconds + 1)
    }

    private func act(on event: SocketSet.Event) {
        var flags: Int32 = 0
        if event.isReadable { flags |= CURL_CSELECT_IN }
        if event.isWritable { flags |= CURL_CSELECT_OUT }
        if event.isBroken { flags |= CURL_CSELECT_ERR }
        act(event.descriptor, flags)
    }

    private func act(_ descriptor: Int32, _ flags: Int32) {
        var running: Int32 = 0
        unsafe curl_multi_socket_action(multi, descriptor, flags, &running)
    }

    private func watch(_ socket: Int32, _ what: Int32, isKnown: Bool) {
        let isGathered = gatheredSockets.contains(socket)
        guard what != CURL_POLL_REMOVE else {
            if isGathered { gathered.remove(socket) } else { poll.sockets.remove(socket) }
            gatheredSockets.remove(socket)
            return
        }
        let reads = what == CURL_POLL_IN || what == CURL_POLL_INOUT
        let writes = what == CURL_POLL_OUT || what == CURL_POLL_INOUT
        if isGathered {
            gathered.set(socket, reads: reads, writes: writes, isNew: false)
        } else {
            poll.sockets.set(socket, reads: reads, writes: writes, isNew: !isKnown)
        }
        // unsafe: any pointer but nil will do, since it only marks the socket as known.
        if !isKnown { unsafe curl_multi_assign(multi, socket, Unmanaged.passUnretained(self).toOpaque()) }
    }

    /// Has the socket of a stream read once a window from now on, where many exchanges are under way.
    ///
    /// Not where silence of two windows may count as the stream's end.
    private func gather(_ exchange: CurlExchange) {
        let window = configuration.window
        guard exchanges.count >= window.crowd, exchange.transfer.request.timeouts.idle > window.longest * 2,
            let socket = exchange.readSocket, !gatheredSockets.contains(socket), let end = endOfWindow(after: .now)
        else { return }
        move(socket, isGathered: true)
        nextRead = nextRead ?? end
    }

    private func move(_ socket: Int32, isGathered: Bool) {
        let (from, to) = isGathered ? (poll.sockets, gathered) : (gathered, poll.sockets)
        from.remove(socket)
        guard to.set(socket, reads: true, writes: false, isNew: true) else {
            from.set(socket, reads: true, writes: false, isNew: true)
            return
        }
        if isGathered { gatheredSockets.insert(socket) } else { gatheredSockets.remove(socket) }
    }

    /// Reads what has gathered, at the end of a window.
    private func readGathered(_ now: ContinuousClock.Instant) {
        for event in gathered.wait(milliseconds: 0, capacity: max(1, gatheredSockets.count)) { act(on: event) }
        // The last streams of a crowd are read as their bytes come again.
        if exchanges.count < configuration.window.crowd / 2 {
            for socket in gatheredSockets { move(socket, isGathered: false) }
        }
        nextRead = gatheredSockets.isEmpty ? nil : endOfWindow(after: now)
    }

    private func endOfWindow(after now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        configuration.window.end(after: now, streams: gatheredSockets.count)
    }

    private func start(_ transfer: Transfer) {
        guard let handle = spare.popLast() ?? CurlHandle() else {
            return transfer.end(.failure(HTTPError(.other, "curl is out of memory")))
        }
        let exchange = CurlExchange(transfer, handle, configuration) { [unowned self] exchange, time in
            if let time { wakes.insert(Wake(time: time, transfer: transfer)) }
            gather(exchange)
        }
        exchange.prepare()
        exchanges[ObjectIdentifier(transfer)] = exchange
        if exchanges.count == 1 { nextTick = .now + Self.tick }
        let result = unsafe curl_multi_add_handle(multi, handle.pointer)
        if result != CURLM_OK { stop(transfer, HTTPError(.other, "curl cannot take the request")) }
    }

    private func stop(_ transfer: Transfer, _ error: HTTPError) {
        guard let exchange = exchanges.removeValue(forKey: ObjectIdentifier(transfer)) else { return }
        exchange.hangUp()
        unsafe curl_multi_remove_handle(multi, exchange.handle.pointer)
        release(exchange)
        transfer.end(.failure(error))
    }

    private func reap() {
        var left: Int32 = 0
        while let message = unsafe curl_multi_info_read(multi, &left) {
            guard unsafe ccurl_is_done(message) != 0 else { continue }
            let result = unsafe ccurl_result(message)
            guard let exchange = unsafe CurlExchange.of(message.pointee.easy_handle) else { continue }
            unsafe curl_multi_remove_handle(multi, exchange.handle.pointer)
            exchanges[ObjectIdentifier(exchange.transfer)] = nil
            let outcome = exchange.outcome(result)
            release(exchange)
            exchange.transfer.end(outcome)
        }
    }

    private func release(_ exchange: CurlExchange) {
        exchange.handle.reset()
        if spare.count < configuration.maxIdleConnections { spare.append(exchange.handle) }
    }

    private func checkDeadlines(_ now: ContinuousClock.Instant) {
        nextTick = now + Self.tick
        for exchange in Array(exchanges.values) {
            let isPaused = exchange.transfer.isPaused
            if let error = exchange.deadlines.passed(now, isPaused: isPaused) { stop(exchange.transfer, error) }
        }
    }
}
