import Shared
import TestSupport
import Testing

@testable import Submitter

/// `/api/v1/status/live` of a running shim.
@Suite(.timeLimit(.minutes(1))) struct LiveFiguresTests {
    private static let path = "/api/v1/status/live"

    private func read(_ shim: ShimFixture) async throws -> RawConnection {
        let reader = try await shim.connect()
        try await reader.send("GET", Self.path)
        return reader
    }

    private func events(_ reader: RawConnection) -> Int { reader.text.split(separator: "data: {").count - 1 }

    @Test func `figures come at once, and again each time that they are collected`() async throws {
        try await ShimFixture.run(configure: { $0.monitoring.interval = .milliseconds(50) }) { shim in
            let reader = try await read(shim)
            try await reader.waitFor("data: {\"at\":")
            #expect(reader.text.contains("content-type: text/event-stream; charset=utf-8\r\n"))
            #expect(reader.text.contains("\"alive\":1"))

            let caller = try await shim.start(ShimFixture.chat)
            try await reader.waitFor("\"lane\":\"normal\",\"waiting\":1")
            try await shim.work().finish(ChatTests.completion)
            _ = try await caller.response()
            let seen = events(reader)
            try await eventually("more figures come") { events(reader) > seen + 1 }
            try await reader.close()
        }
    }

    @Test func `a silent stream has comments`() async throws {
        try await ShimFixture.run(configure: {
            $0.monitoring.interval = .seconds(300)
            $0.hub.ping = .milliseconds(50)
        }) { shim in
            let reader = try await read(shim)
            try await reader.waitFor(": ping\n\n")
            try await reader.close()
        }
    }

    @Test func `readers have a bound, and one that leaves makes room`() async throws {
        try await ShimFixture.run(configure: {
            $0.monitoring.interval = .milliseconds(50)
            $0.monitoring.liveReaders = 1
        }) { shim in
            let first = try await read(shim)
            try await first.waitFor("data: {")
            // A request for the head alone takes no place.
            #expect(try await shim.send("HEAD", Self.path).status == 200)
            let refused = try await shim.get(Self.path)
            #expect(refused.status == 503 && refused.text.contains("too_many_readers"))
            #expect(refused.headers["retry-after"] == "5")

            try await first.close()
            try await eventually("the place is free") {
                let next = try await read(shim)
                try await eventually("an answer begins") { next.text.contains("\r\n\r\n") }
                let isTaken = next.text.hasPrefix("HTTP/1.1 200 ")
                try await next.close()
                return isTaken
            }
        }
    }

    @Test func `while Redis is away readers hear it`() async throws {
        let server = try await RedisServer.start()
        try await ShimFixture.run(
            server: server,
            configure: {
                $0.monitoring.interval = .milliseconds(50)
                $0.submission.timeout = .milliseconds(300)
            }
        ) { shim in
            let reader = try await read(shim)
            try await reader.waitFor("\"redis\":{\"status\":\"ok\"}")
            try await server.kill9()
            try await reader.waitFor("\"redis\":{\"status\":\"unavailable\"}")
            try await server.restart()
            try await reader.close()
        }
        await server.stop()
    }

    @Test func `streams end when the process drains, and hold nothing up`() async throws {
        var reader: RawConnection?
        try await ShimFixture.run { shim in
            let live = try await read(shim)
            try await live.waitFor("data: {")
            reader = live
        }
        let ended = try #require(reader)
        // The last chunk: the stream was ended, and not cut off.
        try await eventually("the end has come") { ended.text.hasSuffix("0\r\n\r\n") }
    }

    @Test func `a query is refused by name`() async throws {
        try await ShimFixture.run { shim in
            let refused = try await shim.get(Self.path + "?since=1")
            #expect(refused.status == 400 && refused.text.contains(#""param":"since""#))
        }
    }
}
