import Shared
import TestSupport
import Testing

@testable import Submitter

/// Answers of tens of megabytes disturb no other caller.
@Suite(.timeLimit(.minutes(2)))
struct LargeAnswerTests {
    private static let size = 40 << 20

    private static var completion: String { #"{"text":""# + String(repeating: "x", count: size) + #""}"# }

    /// Redis drops a subscriber with 32 MB unsent.
    ///
    /// The connection after that has another number.
    private func subscription(_ shim: ShimFixture) async throws -> Substring {
        let clients = try await shim.redis.send(RedisCommand("CLIENT", "LIST")).string ?? ""
        let own = clients.split(separator: "\n").filter { $0.contains("name=shim-\(shim.shim.id)-in ") }
        return try #require(own.first?.split(separator: " ").first)
    }

    @Test func `large answers come whole, and cut no subscription while a stream goes on`() async throws {
        let server = try await RedisServer.start("--save", "")
        try await ShimFixture.run(server: server, configure: { $0.hub.silence = .seconds(60) }) { shim in
            let before = try await subscription(shim)
            let stream = try await shim.start(ShimFixture.stream)
            var streamed = try await shim.work()
            _ = try await streamed.say("first")
            try await stream.waitFor("first")
            var callers: [RawConnection] = []
            var works: [TestAttempt] = []
            for _ in 0..<4 {
                callers.append(try await shim.start(ShimFixture.chat))
                works.append(try await shim.work())
            }
            let completion = Self.completion
            try await withThrowingTaskGroup(of: Void.self) { group in
                for work in works { group.addTask { try await work.finish(completion) } }
                for number in 0..<20 { _ = try await streamed.say("<\(number)>") }
                try await group.waitForAll()
            }
            for caller in callers {
                try await eventually("a whole answer", timeout: .seconds(60)) { caller.byteCount > Self.size }
                #expect(caller.text.hasPrefix("HTTP/1.1 200"))
            }
            try await streamed.finish()

            #expect(try await stream.response().text.hasSuffix("data: [DONE]\n\n"))
            #expect(try await subscription(shim) == before)
            try await eventually("the memory is given back") { shim.hub.largeReads.used == 0 }
        }
        await server.stop()
    }

    @Test func `a large delta of a stream is read in the log, in its place`() async throws {
        try await ShimFixture.run(configure: { $0.hub.silence = .seconds(60) }) { shim in
            let caller = try await shim.start(ShimFixture.stream)
            var work = try await shim.work()
            _ = try await work.say("before")
            _ = try await work.say(String(repeating: "y", count: 600_000))
            _ = try await work.say("after")
            try await work.finish()

            let events = try await caller.response(timeout: .seconds(20)).events
            #expect(events.compactMap { $0.first { $0.hasPrefix("id:") } } == ["id: 1-1", "id: 1-2", "id: 1-3"])
            #expect(events.last == ["data: [DONE]"])
        }
    }

    @Test func `a large result of a job is read in its turn, too`() async throws {
        try await ShimFixture.run(configure: { $0.hub.largeBytes = 1 << 20 }) { shim in
            let id = try #require(
                JSON(parsing: try await shim.send("POST", "/api/v1/jobs", body: ShimFixture.chat).body)["id"]?
                    .stringValue)
            try await shim.work().finish(#"{"text":""# + String(repeating: "x", count: 2 << 20) + #""}"#)
            var readers: [RawConnection] = []
            for _ in 0..<3 {
                let reader = try await shim.connect()
                try await reader.send("GET", "/api/v1/jobs/\(id)")
                readers.append(reader)
            }
            for reader in readers { #expect(try await reader.response().body.count > 2 << 20) }
            try await eventually("the memory is given back") { shim.hub.largeReads.used == 0 }
        }
    }

    @Test func `callers of large answers take turns`() async throws {
        let size = 2 << 20
        let completion = #"{"text":""# + String(repeating: "x", count: size) + #""}"#
        try await ShimFixture.run(configure: {
            $0.hub.largeBytes = 5 << 20
            $0.hub.silence = .seconds(60)
        }) { shim in
            var callers: [RawConnection] = []
            for _ in 0..<6 {
                callers.append(try await shim.start(ShimFixture.chat))
                try await shim.work().finish(completion)
                #expect(shim.hub.largeReads.used <= 5 << 20)
            }
            for caller in callers {
                #expect(try await caller.response(timeout: .seconds(30)).body.count == completion.utf8.count)
            }
            try await eventually("the memory is given back") { shim.hub.largeReads.used == 0 }
        }
    }
}
