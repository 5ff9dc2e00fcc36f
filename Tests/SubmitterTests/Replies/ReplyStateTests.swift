import NIOCore
import Shared
import Testing

@testable import Submitter

/// The hub's decisions about one reply, without a server.
struct ReplyStateTests {
    private static func id(_ text: String) -> RequestLogID { RequestLogID(text) ?? .beginning }

    private static func delta(_ at: String, after prev: String, _ text: String = "t") -> ReplyMessage {
        ReplyMessage(request: "0-x", id: id(at), prev: id(prev), body: .delta(ByteBuffer(string: text)))
    }

    private static func end(after prev: String) -> ReplyMessage {
        ReplyMessage(request: "0-x", id: .end, prev: id(prev), body: .end(done))
    }

    private static let done = RequestEnd(status: .done, meta: ByteBuffer(string: "{}"), result: ByteBuffer())

    private static func entry(_ at: String, _ record: RequestLogEntry.Record) -> RequestLogEntry {
        RequestLogEntry(id: id(at), record: record)
    }

    private static func text(_ text: String) -> RequestLogEntry.Record { .delta(ByteBuffer(string: text)) }

    private func state(limit: Int = 1000, wantsDeltas: Bool = true) -> ReplyState {
        ReplyState(limit: limit, wantsDeltas: wantsDeltas)
    }

    /// The events that wait, as words.
    private func events(_ state: inout ReplyState) -> [String] {
        guard case .events(let events) = state.take() else { return [] }
        return events.map { event in
            switch event {
            case .delta(let id, let payload): "\(id) \(String(buffer: payload))"
            case .restart(let attempt): "restart \(attempt)"
            case .end(let end): "end \(end.status.rawValue)"
            }
        }
    }

    // `#expect` cannot call mutating members.
    private func received(_ state: inout ReplyState, _ message: ReplyMessage) -> Bool { state.received(message) }
    private func swept(_ state: inout ReplyState, top: RequestLogID) -> Bool { state.swept(top: top) }

    private func isReading(_ state: inout ReplyState, after expected: String) -> Bool {
        guard case .readLog(let after) = state.take() else { return false }
        return after == Self.id(expected)
    }

    @Test func `messages in order become events in order`() {
        var state = state()

        #expect(received(&state, Self.delta("1-1", after: "1-0", "a")))
        #expect(received(&state, Self.delta("1-2", after: "1-1", "b")))
        #expect(received(&state, Self.end(after: "1-2")))

        #expect(events(&state) == ["1-1 a", "1-2 b", "end done"])
        #expect(state.isEnded)
    }

    @Test func `a message that came before is ignored`() {
        var state = state()
        _ = state.received(Self.delta("1-1", after: "1-0"))
        _ = state.received(Self.delta("1-2", after: "1-1"))
        _ = events(&state)

        #expect(!received(&state, Self.delta("1-1", after: "1-0")))
        #expect(!received(&state, Self.delta("1-2", after: "1-1")))
        #expect(events(&state).isEmpty)
    }

    @Test func `a lost message sends the reader to the log`() {
        var state = state()
        _ = state.received(Self.delta("1-1", after: "1-0", "a"))
        _ = events(&state)

        #expect(received(&state, Self.delta("1-3", after: "1-2", "c")))
        #expect(isReading(&state, after: "1-1"))

        state.read([Self.entry("1-2", Self.text("b")), Self.entry("1-3", Self.text("c"))], isWhole: true)
        #expect(events(&state) == ["1-2 b", "1-3 c"])
        #expect(!state.isBehind)
        #expect(received(&state, Self.delta("1-4", after: "1-3", "d")))
        #expect(events(&state) == ["1-4 d"])
    }

    @Test func `an end whose predecessor was lost sends the reader to the log`() {
        var state = state()
        _ = state.received(Self.delta("1-1", after: "1-0"))
        _ = events(&state)

        #expect(received(&state, Self.end(after: "1-2")))
        #expect(!state.isEnded)
        #expect(isReading(&state, after: "1-1"))
    }

    @Test func `the first delta may follow a start that nobody announced`() {
        var state = state()

        #expect(received(&state, Self.delta("3-1", after: "3-0", "late")))
        #expect(events(&state) == ["3-1 late"])
    }

    @Test func `an end right after an unannounced start is taken`() {
        var state = state(wantsDeltas: false)

        #expect(received(&state, Self.end(after: "2-0")))
        #expect(events(&state) == ["end done"])
    }

    @Test func `a new attempt after shown text is a hole if its restart was lost`() {
        var state = state()
        _ = state.received(Self.delta("1-1", after: "1-0", "a"))
        _ = events(&state)

        #expect(received(&state, Self.delta("2-1", after: "2-0", "b")))
        #expect(isReading(&state, after: "1-1"))
        state.read(
            [Self.entry("2-0", .started(channel: "c")), Self.entry("2-1", Self.text("b"))], isWhole: true)
        #expect(events(&state) == ["restart 2", "2-1 b"])
    }

    @Test func `an announced restart follows shown text`() {
        var state = state()
        _ = state.received(Self.delta("1-1", after: "1-0", "a"))

        let restart = ReplyMessage(request: "0-x", id: Self.id("2-0"), prev: Self.id("1-1"), body: .restart)
        #expect(received(&state, restart))
        #expect(received(&state, Self.delta("2-1", after: "2-0", "b")))
        #expect(events(&state) == ["1-1 a", "restart 2", "2-1 b"])
    }

    @Test func `a restart before any text is not worth an event`() {
        var state = state()

        let restart = ReplyMessage(request: "0-x", id: Self.id("2-0"), prev: Self.id("1-0"), body: .restart)
        #expect(!received(&state, restart))
        #expect(state.last == Self.id("2-0"))
    }

    @Test func `what arrives while the log is read makes the reader read again`() {
        var state = state()
        _ = state.received(Self.delta("1-2", after: "1-1"))
        #expect(isReading(&state, after: "0-0"))

        #expect(received(&state, Self.delta("1-3", after: "1-2")))
        state.read([Self.entry("1-1", Self.text("a")), Self.entry("1-2", Self.text("b"))], isWhole: true)
        #expect(events(&state) == ["1-1 a", "1-2 b"])
        #expect(isReading(&state, after: "1-2"))
        state.read([Self.entry("1-3", Self.text("c"))], isWhole: true)
        #expect(!state.isBehind)
    }

    @Test func `a slow reader gets everything from the log instead of from memory`() {
        var state = state(limit: 10)
        _ = state.received(Self.delta("1-1", after: "1-0", "12345678"))

        #expect(received(&state, Self.delta("1-2", after: "1-1", "12345678")))
        #expect(isReading(&state, after: "0-0"))
        _ = state.received(Self.delta("1-3", after: "1-2", "x"))
        state.read(
            (1...3).map { Self.entry("1-\($0)", Self.text("\($0)")) }, isWhole: true)
        #expect(events(&state) == ["1-1 1", "1-2 2", "1-3 3"])
    }

    @Test func `what the reader has taken is not read again`() {
        var state = state(limit: 10)
        _ = state.received(Self.delta("1-1", after: "1-0", "12345678"))
        _ = events(&state)
        _ = state.received(Self.delta("1-2", after: "1-1", "12345678"))
        _ = state.received(Self.delta("1-3", after: "1-2", "12345678"))

        #expect(isReading(&state, after: "1-1"))
    }

    @Test func `one event may be larger than the limit`() {
        var state = state(limit: 10, wantsDeltas: false)
        let end = RequestEnd(status: .done, meta: ByteBuffer(), result: ByteBuffer(repeating: 65, count: 1000))

        #expect(received(&state, ReplyMessage(request: "0-x", id: .end, prev: Self.id("1-0"), body: .end(end))))
        #expect(events(&state) == ["end done"])
    }

    @Test func `a sweep finds what no message told`() {
        var state = state()
        _ = state.received(Self.delta("1-1", after: "1-0"))
        _ = events(&state)

        #expect(!swept(&state, top: Self.id("1-1")))
        #expect(swept(&state, top: .end))
        #expect(isReading(&state, after: "1-1"))
    }

    @Test func `nothing follows an end`() {
        var state = state()
        _ = state.received(Self.end(after: "1-0"))
        _ = events(&state)

        #expect(!received(&state, Self.delta("1-1", after: "1-0")))
        #expect(!swept(&state, top: .end))
        state.read([Self.entry("1-1", Self.text("late"))], isWhole: true)
        #expect(events(&state).isEmpty)
    }

    @Test func `a reader of whole answers sees only the end`() {
        var state = state(wantsDeltas: false)

        #expect(!received(&state, Self.delta("1-1", after: "1-0")))
        #expect(received(&state, Self.end(after: "1-1")))
        #expect(events(&state) == ["end done"])
    }

    @Test func `any mix of losses, repeats and sweeps yields the log exactly`() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<300 {
            let log =
                (1...20).map { Self.entry("1-\($0)", Self.text("\($0)")) } + [
                    RequestLogEntry(id: .end, record: .end(Self.done))
                ]
            var state = state(limit: Int.random(in: 1...30, using: &generator))
            var seen: [String] = []
            for (index, entry) in log.enumerated() {
                if Bool.random(using: &generator) {
                    let prev = index == 0 ? Self.id("1-0") : log[index - 1].id
                    let body: ReplyMessage.Body =
                        if case .delta(let text) = entry.record { .delta(text) } else { .end(Self.done) }
                    let message = ReplyMessage(request: "0-x", id: entry.id, prev: prev, body: body)
                    _ = state.received(message)
                    if Bool.random(using: &generator) { _ = state.received(message) }
                }
                if Int.random(in: 0..<4, using: &generator) == 0 { seen += drain(&state, Array(log[...index])) }
            }
            _ = state.swept(top: .end)
            seen += drain(&state, log)
            #expect(seen == (1...20).map { "1-\($0) \($0)" } + ["end done"])
        }
    }

    /// Takes all there is, reading the log as it stands in pages of three.
    private func drain(_ state: inout ReplyState, _ log: [RequestLogEntry]) -> [String] {
        var seen: [String] = []
        while true {
            switch state.take() {
            case .wait: return seen
            case .readLog(let last):
                let page = Array(log.filter { $0.id > last }.prefix(3))
                state.read(page, isWhole: page.count < 3)
            case .events(let events):
                for event in events {
                    switch event {
                    case .delta(let id, let payload): seen.append("\(id) \(String(buffer: payload))")
                    case .restart(let attempt): seen.append("restart \(attempt)")
                    case .end(let end): seen.append("end \(end.status.rawValue)")
                    }
                }
            }
        }
    }

    // MARK: - Large records

    private static func large(_ at: String, after prev: String, bytes: Int = 1 << 20) -> ReplyMessage {
        ReplyMessage(request: "0-x", id: id(at), prev: id(prev), body: .large(bytes: bytes))
    }

    @Test func `a large record is read in the log, and its size is known until it was`() {
        var state = state()
        _ = state.received(Self.delta("1-1", after: "1-0", "a"))
        _ = events(&state)

        #expect(received(&state, Self.large("1-2", after: "1-1")))
        #expect(state.largest == 1 << 20)
        #expect(isReading(&state, after: "1-1"))
        state.read([Self.entry("1-2", Self.text("b"))], isWhole: false)
        #expect(events(&state) == ["1-2 b"])
        #expect(isReading(&state, after: "1-2"))
        state.read([], isWhole: true)

        #expect(state.largest == 0)
        #expect(received(&state, Self.delta("1-3", after: "1-2", "c")))
        #expect(events(&state) == ["1-3 c"])
    }

    @Test func `a reader of whole answers does not read large deltas, but the end`() {
        var state = state(wantsDeltas: false)

        #expect(!received(&state, Self.large("1-1", after: "1-0")))
        #expect(state.largest == 0)
        #expect(received(&state, Self.large(RequestLogID.end.description, after: "1-1", bytes: 40 << 20)))
        #expect(state.largest == 40 << 20)
        #expect(isReading(&state, after: "1-1"))
    }
}
