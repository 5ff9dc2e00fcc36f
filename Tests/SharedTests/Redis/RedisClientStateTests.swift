import NIOCore
import Testing

@testable import Shared

/// The state of a client, without a connection: the links here are names only.
@Suite struct RedisClientStateTests {
    private final class Link: Sendable {}
    private typealias State = RedisClientState<Link>

    private let ping = [RedisCommand("PING")]
    private let pingBytes = 14
    private let here = RedisAddress(host: "here", port: 1)
    private let there = RedisAddress(host: "there", port: 2)

    private func call(for time: Duration = .seconds(5)) -> RedisCall {
        RedisCall(expected: 1, deadline: .now + time)
    }

    @discardableResult
    private func add(
        _ call: RedisCall, to state: inout State, passesGate: Bool = false
    ) throws(RedisError) -> State.Wakeups {
        try state.add(call, ping, passesGate: passesGate, maxPendingBytes: 100)
    }

    /// The code with which the state refuses a call.
    private func refusal(by state: inout State, passesGate: Bool = false) -> RedisError.Code? {
        do throws(RedisError) { try add(call(), to: &state, passesGate: passesGate) } catch { return error.code }
        return nil
    }

    private func opened(_ link: Link) -> State {
        var state = State()
        _ = state.connected(link, at: here)
        _ = state.open(link)
        _ = state.flush()
        return state
    }

    private func ids(_ calls: [RedisCall]) -> [ObjectIdentifier] { calls.map(ObjectIdentifier.init) }

    @Test func `commands wait until the gate opens, and those of onConnect pass it`() throws {
        var state = State()
        let (link, waiting, passing) = (Link(), call(), call())

        try add(waiting, to: &state)
        _ = state.connected(link, at: here)
        try add(passing, to: &state, passesGate: true)
        let first = state.flush()
        let wasOpen = state.isOpen
        let wakeups = state.open(link)
        let second = state.flush()

        #expect(first.map { ids($0.calls) } == ids([passing]))
        #expect(second.map { ids($0.calls) } == ids([waiting]))
        #expect(first?.link === link && second?.link === link)
        #expect(!wasOpen && state.isOpen)
        #expect(wakeups == State.Wakeups(flush: true))
    }

    @Test func `the event loop is woken once for all calls of one turn`() throws {
        var state = opened(Link())

        let calls = (0..<3).map { _ in call() }
        let wakeups = try calls.map { try add($0, to: &state) }
        let (first, second) = (state.flush(), state.flush())
        let next = try add(call(), to: &state)

        #expect(wakeups == [State.Wakeups(flush: true, tick: calls[0].deadline), State.Wakeups(), State.Wakeups()])
        #expect(first?.calls.count == 3)
        #expect(second == nil)
        #expect(next == State.Wakeups(flush: true))
    }

    @Test func `a command of onConnect fails without a connection`() throws {
        var state = State()

        let refusal = refusal(by: &state, passesGate: true)

        #expect(refusal == .connectionLost)
    }

    @Test func `a call whose caller left before it was sent is not sent`() throws {
        var state = State()
        let (link, gone) = (Link(), call())
        try add(gone, to: &state)
        try add(call(), to: &state)
        _ = state.connected(link, at: here)

        gone.complete(.failure(RedisError(.cancelled, "gone")))
        _ = state.open(link)
        let write = state.flush()

        #expect(write?.calls.count == 1)
        #expect(state.pendingBytes == pingBytes)
    }

    @Test func `calls that were not written end with their connection, and later ones wait for the next`() throws {
        let link = Link()
        var state = opened(link)
        let orphan = call()
        try add(orphan, to: &state)

        let loss = state.ended(link)
        let later = call()
        try add(later, to: &state)
        let next = Link()
        _ = state.connected(next, at: there)
        _ = state.open(next)
        let write = state.flush()

        #expect(loss.map { ids($0.orphans) } == ids([orphan]))
        #expect(loss?.wasOpen == true)
        #expect(write.map { ids($0.calls) } == ids([later]))
        #expect(state.address == there)
    }

    @Test func `a connection that was replaced takes nothing with it`() throws {
        var state = opened(Link())

        let loss = state.ended(Link())

        #expect(loss == nil)
        #expect(state.isOpen)
    }

    @Test func `the gate stays closed for a connection that ended while onConnect ran`() throws {
        var state = State()
        let link = Link()
        try add(call(), to: &state)
        _ = state.connected(link, at: here)

        _ = state.ended(link)
        let wakeups = state.open(link)

        #expect(wakeups == nil)
        #expect(state.pendingBytes == pingBytes)
    }

    @Test func `too many bytes are refused until the kernel has some of them`() throws {
        var state = opened(Link())
        for _ in 0..<8 { try add(call(), to: &state) }
        let write = state.flush()

        let before = refusal(by: &state)
        state.written(write?.bytes.readableBytes ?? 0)
        let after = refusal(by: &state)

        #expect(before == .overloaded)
        #expect(after == nil)
    }

    @Test func `calls that wait too long expire, and the first deadline of the others is watched`() throws {
        var state = State()
        let (late, other) = (call(for: .milliseconds(-1)), call())
        let wakeups = [try add(other, to: &state), try add(late, to: &state)]

        let first = state.tick(.now)
        let pending = state.pendingBytes
        let (next, another) = (state.scheduleTick(by: other.deadline), state.scheduleTick(by: .now + .seconds(60)))
        let stale = state.tick(.now)
        let last = state.tick(.now + .seconds(6))

        #expect(wakeups.map(\.tick) == [other.deadline, late.deadline])
        #expect(first.map { ids($0.expired) } == ids([late]))
        #expect(first?.next == other.deadline)
        #expect(first?.link == nil)
        #expect(pending == pingBytes)
        #expect(next == other.deadline && another == nil)
        #expect(stale == nil)
        #expect(last?.expired.count == 1)
        #expect(last?.next == nil)
    }

    @Test func `a connection that is given up is told of once, and later calls wait for the next one`() throws {
        let link = Link()
        var state = opened(link)

        let (first, second) = (state.drop(), state.drop())
        try add(call(), to: &state)
        let write = state.flush()

        #expect(first.link === link && first.wasOpen)
        #expect(second.link === link && !second.wasOpen)
        #expect(write == nil)
    }

    @Test func `a node's word leads the next connection there, once`() throws {
        let link = Link()
        var state = opened(link)

        let staying = state.follow(here)
        let wasOpen = state.isOpen
        let leaving = state.follow(there)
        let isOpen = state.isOpen
        let (told, again) = (state.takeTold(), state.takeTold())

        #expect(staying.link == nil && wasOpen)
        #expect(leaving.link === link && leaving.wasOpen && !isOpen)
        #expect(told == there)
        #expect(again == nil)
    }

    @Test func `a closed client refuses commands, and opens for no connection`() throws {
        var state = State()
        let (link, waiting) = (Link(), call())
        try add(waiting, to: &state)
        _ = state.connected(link, at: here)

        let closed = state.close()
        let refusal = refusal(by: &state)
        let wakeups = state.open(link)
        _ = state.ended(link)

        #expect(ids(closed.waiting) == ids([waiting]))
        #expect(closed.leaving.link === link && !closed.leaving.wasOpen)
        #expect(refusal == .notConnected)
        #expect(wakeups == nil)
        #expect(state.isClosed)
    }
}
