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

    private func opened(_ link: Link) throws -> State {
        var state = State()
        _ = state.connected(link, at: here)
        _ = try #require(state.open(link))
        _ = state.flush()
        return state
    }

    @Test func `commands wait until the gate opens, and those of onConnect pass it`() throws {
        var state = State()
        let (link, waiting, passing) = (Link(), call(), call())

        try add(waiting, to: &state)
        _ = state.connected(link, at: here)
        try add(passing, to: &state, passesGate: true)
        let first = try #require(state.flush())
        #expect(!state.isOpen)
        #expect(state.open(link)?.flush == true)
        let second = try #require(state.flush())

        #expect(first.calls.map(ObjectIdentifier.init) == [ObjectIdentifier(passing)])
        #expect(second.calls.map(ObjectIdentifier.init) == [ObjectIdentifier(waiting)])
        #expect(first.link === link && second.link === link)
        #expect(state.isOpen)
    }

    @Test func `the event loop is woken once for all calls of one turn`() throws {
        var state = try opened(Link())

        let wakeups = try (0..<3).map { _ in try add(call(), to: &state) }

        #expect(wakeups == [State.Wakeups(flush: true, tick: true), State.Wakeups(), State.Wakeups()])
        #expect(state.flush()?.calls.count == 3)
        #expect(state.flush() == nil)
        #expect(try add(call(), to: &state) == State.Wakeups(flush: true))
    }

    @Test func `a command of onConnect fails without a connection`() throws {
        var state = State()

        #expect { try add(call(), to: &state, passesGate: true) } throws: {
            ($0 as? RedisError)?.code == .connectionLost
        }
    }

    @Test func `a call whose caller left before it was sent is not sent`() throws {
        var state = State()
        let (link, gone) = (Link(), call())
        try add(gone, to: &state)
        try add(call(), to: &state)
        _ = state.connected(link, at: here)

        gone.complete(.failure(RedisError(.cancelled, "gone")))
        _ = state.open(link)

        #expect(state.flush()?.calls.count == 1)
        #expect(state.pendingBytes == pingBytes)
    }

    @Test func `calls that were not written end with their connection, and later ones wait for the next`() throws {
        let link = Link()
        var state = try opened(link)
        let orphan = call()
        try add(orphan, to: &state)

        let loss = try #require(state.ended(link))
        try add(call(), to: &state)
        let next = Link()
        _ = state.connected(next, at: there)
        _ = state.open(next)

        #expect(loss.orphans.map(ObjectIdentifier.init) == [ObjectIdentifier(orphan)])
        #expect(loss.wasOpen)
        #expect(state.flush()?.calls.count == 1)
        #expect(state.address == there)
    }

    @Test func `a connection that was replaced takes nothing with it`() throws {
        let link = Link()
        var state = try opened(link)

        #expect(state.ended(Link()) == nil)
        #expect(state.isOpen)
    }

    @Test func `the gate stays closed for a connection that ended while onConnect ran`() throws {
        var state = State()
        let link = Link()
        try add(call(), to: &state)
        _ = state.connected(link, at: here)

        _ = state.ended(link)

        #expect(state.open(link) == nil)
        #expect(state.pendingBytes == pingBytes)
    }

    @Test func `too many bytes are refused until the kernel has some of them`() throws {
        var state = try opened(Link())
        for _ in 0..<8 { try add(call(), to: &state) }
        let bytes = try #require(state.flush()).bytes.readableBytes

        #expect { try add(call(), to: &state) } throws: { ($0 as? RedisError)?.code == .overloaded }
        state.written(bytes)
        #expect(try add(call(), to: &state).flush)
    }

    @Test func `calls that wait too long expire, and time is watched for as long as calls wait`() throws {
        var state = State()
        let late = call(for: .milliseconds(-1))
        try add(late, to: &state)
        try add(call(), to: &state)

        let tick = state.tick(.now)

        #expect(tick.expired.map(ObjectIdentifier.init) == [ObjectIdentifier(late)])
        #expect(tick.schedulesNext)
        #expect(tick.link == nil)
        #expect(state.pendingBytes == pingBytes)
        let last = state.tick(.now + .seconds(6))
        #expect(last.expired.count == 1)
        #expect(!last.schedulesNext)
        #expect(state.scheduleTick())
        #expect(!state.scheduleTick())
    }

    @Test func `a connection that is given up is told of once, and later calls wait for the next one`() throws {
        let link = Link()
        var state = try opened(link)

        let (first, second) = (state.drop(), state.drop())
        #expect(try !add(call(), to: &state).flush)

        #expect(first.link === link && first.wasOpen)
        #expect(second.link === link && !second.wasOpen)
        #expect(state.flush() == nil)
    }

    @Test func `a node's word leads the next connection there, once`() throws {
        let link = Link()
        var state = try opened(link)

        #expect(state.follow(here).link == nil)
        #expect(state.isOpen)
        let leaving = state.follow(there)

        #expect(leaving.link === link && leaving.wasOpen)
        #expect(!state.isOpen)
        #expect(state.isToldWhere)
        #expect(state.takeTold() == there)
        #expect(state.takeTold() == nil)
    }

    @Test func `a closed client refuses commands, and opens for no connection`() throws {
        var state = State()
        let (link, waiting) = (Link(), call())
        try add(waiting, to: &state)
        _ = state.connected(link, at: here)

        let closed = state.close()

        #expect(closed.waiting.map(ObjectIdentifier.init) == [ObjectIdentifier(waiting)])
        #expect(closed.leaving.link === link && !closed.leaving.wasOpen)
        #expect { try add(call(), to: &state) } throws: { ($0 as? RedisError)?.code == .notConnected }
        #expect(state.open(link) == nil)
        _ = state.ended(link)
        #expect(state.isClosed)
    }
}
