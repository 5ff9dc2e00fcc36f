import Logging
import Shared
import TestSupport
import Testing

@testable import Worker

@Suite(.timeLimit(.minutes(1))) struct DeadLetterWatchTests {
    @Test func `one alert is open while there are dead letters, and says how many and why`() async throws {
        let alerts = AlertStore(try await SharedPostgres.shared.migratedPool())
        try await QueueFixture.run { queue in
            let watch = DeadLetterWatch(
                shards: [DeadLetters(queue: queue.queue)], alerts: alerts,
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
            func bury(_ why: String) async throws {
                let command = RedisCommand(
                    "XADD", .string(queue.keys.dead), "*", "why", .string(why), "lane", .string(queue.keys.usage))
                try await queue.redis.send(command).throwIfError()
            }
            await watch.look()
            #expect(try await alerts.list(onlyOpen: true, limit: 10).isEmpty)

            try await bury("unreadable")
            await watch.look()
            try await bury("poison")
            await watch.look()

            let open = try await alerts.list(onlyOpen: true, limit: 10)
            #expect(open.map(\.kind) == ["dead_letters"])
            #expect(open.first?.message == "2 dead letters, the newest because of: poison")
            #expect(open.first?.details["count"]?.intValue == 2)

            _ = try await DeadLetters(queue: queue.queue).dropAll(.init())
            await watch.look()
            #expect(try await alerts.list(onlyOpen: true, limit: 10).isEmpty)
            #expect(try await alerts.list(onlyOpen: false, limit: 10).count == 1)
        }
    }
}
