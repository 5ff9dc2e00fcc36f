import Synchronization
import Testing

@testable import Shared

@Suite struct ConcurrencyTests {
    @Test func `results stand in the order of the elements, and no more run at once than may`() async {
        let running = Mutex((now: 0, most: 0))

        let squares = await (1...20).concurrentMap(atMost: 3) { number in
            running.withLock { running in
                running.now += 1
                running.most = max(running.most, running.now)
            }
            await Task.yield()
            running.withLock { $0.now -= 1 }
            return number * number
        }

        #expect(squares == (1...20).map { $0 * $0 })
        #expect(running.withLock { $0.most } <= 3)
    }

    @Test func `a limit beyond the number of elements runs them all`() async {
        #expect(await [1, 2].concurrentMap(atMost: 8) { $0 } == [1, 2])
        #expect(await [Int]().concurrentMap(atMost: 8) { $0 } == [])
    }

    @Test func `a change wakes the task that waits for it`() async {
        let watched = WatchedState(0)

        async let found: Int = {
            while watched.withLock({ $0 }) < 3 { await watched.wait { $0 >= 3 } }
            return watched.withLock { $0 }
        }()
        for _ in 1...3 {
            watched.change { state in
                state += 1
                return true
            }
        }

        #expect(await found == 3)
    }

    @Test func `a state that is ready is not waited for`() async {
        let watched = WatchedState(true)

        await watched.wait { $0 }

        #expect(watched.change { _ in false } == false)
    }

    @Test func `a process has another name each time, after its role`() {
        let name = ProcessName.make(role: "shim")

        #expect(name.hasPrefix("shim-"))
        #expect(name.utf8.reversed().prefix { $0 != UInt8(ascii: "-") }.count == 8)
        #expect(ProcessName.make() != ProcessName.make())
    }
}
