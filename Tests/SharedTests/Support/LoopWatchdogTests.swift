import Foundation
import NIOCore
import NIOPosix
import Testing

@testable import Shared

@Suite(.timeLimit(.minutes(1))) struct LoopWatchdogTests {
    @Test func `a job that computes for long is reported with its function's name`() async throws {
        try await watched { loops, holds in
            // Again, if the machine held the loop before the job began.
            var hold: LoopWatchdog.Hold
            repeat {
                await job(on: loops, computeForLong)
                hold = try #require(await holds.next())
            } while !hold.names("computeForLong")

            #expect(hold.duration >= LoopWatchdog.limit)
            #expect(hold.functions.last?.contains("LoopWatchdogTests") == true)
            #expect(!hold.names("LoopExecutor"))
        }
    }

    @Test func `a job that blocks is reported as waiting`() async throws {
        try await watched { loops, holds in
            var hold: LoopWatchdog.Hold
            repeat {
                await job(on: loops, blockForLong)
                hold = try #require(await holds.next())
            } while !hold.names("blockForLong")

            #expect(!hold.isComputing)
        }
    }

    @Test func `a short job is not reported`() async throws {
        try await watched { loops, holds in
            await job(on: loops, computeShortly)
            // Reports come in order.
            var hold: LoopWatchdog.Hold
            repeat {
                try await loops.group.next().submit { computeForLong() }.get()
                hold = try #require(await holds.next())
                #expect(!hold.names("computeShortly"))
            } while !hold.names("computeForLong")
        }
    }

    @Test func `two holds by the loop's own work give two reports`() async throws {
        try await watched { loops, holds in
            for (name, work) in [("computeForLong", computeForLong), ("computeAgain", computeAgain)] {
                // Again, if the system looked at its timer too late.
                var hold: LoopWatchdog.Hold
                repeat {
                    try await loops.group.next().submit { work() }.get()
                    hold = try #require(await holds.next())
                } while hold.functions.isEmpty

                #expect(hold.names(name) && hold.isComputing)
            }
        }
    }

    private func job(on loops: Loops, _ work: @escaping @Sendable () -> Void) async {
        await loops.run { await withTaskGroup { $0.addTask { work() } } }
    }

    /// Runs `body` with one loop that is watched.
    private func watched(_ body: (Loops, Holds) async throws -> Void) async throws {
        let (stream, continuation) = AsyncStream<LoopWatchdog.Hold>.makeStream()
        let loops = Loops(LoopWatchdog { continuation.yield($0) })
        try await body(loops, Holds(stream: stream))
        try await loops.group.shutdownGracefully()
    }
}

private struct Holds {
    let stream: AsyncStream<LoopWatchdog.Hold>

    func next() async -> LoopWatchdog.Hold? { await stream.first { _ in true } }
}

extension LoopWatchdog.Hold {
    fileprivate func names(_ function: String) -> Bool { functions.contains { $0.contains(function) } }
}

@inline(never) private func computeForLong() { compute(LoopWatchdog.limit * 2) }

@inline(never) private func computeAgain() { compute(LoopWatchdog.limit * 2) }

@inline(never) private func computeShortly() { compute(LoopWatchdog.limit / 50) }

/// Until the thread has had `time` of a core, and not until a time: the machine may run others meanwhile.
private func compute(_ time: Duration) {
    let end = cpuTime() + time
    while cpuTime() < end {}
}

private func cpuTime() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
}

@inline(never) private func blockForLong() {
    let end = ContinuousClock.now + LoopWatchdog.limit * 2
    while ContinuousClock.now < end { usleep(200_000) }
}
