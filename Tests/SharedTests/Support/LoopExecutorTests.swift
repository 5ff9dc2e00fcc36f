import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Shared

@Suite(.timeLimit(.minutes(1))) struct LoopExecutorTests {
    private func onOneLoop<Value: Sendable>(
        _ body: @Sendable (any EventLoop) async throws -> Value
    ) async throws -> Value {
        let loops = Loops(1)
        let loop = loops.group.next()
        let value = try await loops.run { try await body(loop) }
        try await loops.group.shutdownGracefully()
        return value
    }

    private final class Seen: Sendable {
        let numbers = Mutex<[Int]>([])
        let isOver = Mutex(false)
    }

    private func isOn(_ loop: any EventLoop) async -> Bool { loop.inEventLoop }

    @Test func `tasks and their children run on the loop, also after they waited`() async throws {
        let places = try await onOneLoop { loop in
            await withTaskGroup(of: [Bool].self) { group in
                for _ in 0..<50 {
                    group.addTask {
                        let before = loop.inEventLoop
                        await Task.yield()
                        let between = loop.inEventLoop
                        try? await Task.sleep(for: .milliseconds(1))
                        return [before, between, loop.inEventLoop]
                    }
                }
                return await group.reduce(into: []) { $0 += $1 }
            }
        }
        #expect(places.count == 150 && places.allSatisfy { $0 })
    }

    @Test func `long work leaves the loop and comes back to it`() async throws {
        let places = try await onOneLoop { loop in
            await withTaskGroup(of: [Bool].self) { group in
                group.addTask {
                    let short = await onPool(if: false) { loop.inEventLoop }
                    let long = await onPool(if: true) { loop.inEventLoop }
                    return [short, long, await isOn(loop)]
                }
                return await group.next() ?? []
            }
        }
        #expect(places == [true, false, true])
    }

    @Test func `tasks run in the order in which they were resumed, and none is lost`() async throws {
        let order = try await onOneLoop { loop in
            let seen = Seen()
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<1_000 {
                    group.addTask {
                        seen.numbers.withLock { $0.append(number) }
                        await Task.yield()
                        seen.numbers.withLock { $0.append(number) }
                    }
                }
            }
            return seen.numbers.withLock { $0 }
        }
        #expect(order.count == 2_000)
        #expect(order.prefix(1_000).elementsEqual(0..<1_000))
    }

    @Test func `the loop's own work goes on between the turns of a task that never ends`() async throws {
        let turns = try await onOneLoop { loop in
            let seen = Seen()
            loop.scheduleTask(in: .milliseconds(20)) { seen.isOver.withLock { $0 = true } }
            return await withTaskGroup(of: Int.self) { group in
                group.addTask {
                    var turns = 0
                    while !seen.isOver.withLock({ $0 }) {
                        turns += 1
                        await Task.yield()
                    }
                    return turns
                }
                return await group.next() ?? 0
            }
        }
        #expect(turns > 0)
    }

    @Test func `several loops leave tasks on the pool`() async throws {
        let loops = Loops(2)
        let isOnLoop = await loops.run { MultiThreadedEventLoopGroup.currentEventLoop != nil }
        #expect(!isOnLoop)
        try await loops.group.shutdownGracefully()
    }
}
