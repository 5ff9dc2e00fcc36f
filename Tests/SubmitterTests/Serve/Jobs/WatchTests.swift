import Shared
import TestSupport
import Testing

@testable import Submitter

/// `GET /api/v1/jobs/{id}/stream?watch=true`: reading along changes nothing for the request.
@Suite(.timeLimit(.minutes(1)))
struct WatchTests {
    private static func withoutGrace(_ tuning: inout ShimFixture.Tuning) {
        tuning.hub.cancelGrace = .zero
        tuning.hub.resumeGrace = .zero
    }

    private func watch(_ shim: ShimFixture, _ id: String) async throws -> RawConnection {
        let watcher = try await shim.connect()
        try await watcher.send("GET", "/api/v1/jobs/\(id)/stream?watch=true")
        return watcher
    }

    @Test func `a watcher reads the answer from its beginning to its end`() async throws {
        try await ShimFixture.run { shim in
            let caller = try await shim.start(ShimFixture.stream)
            var work = try await shim.work()
            _ = try await work.say("a")
            try await caller.waitFor("\"a\"")
            let watcher = try await watch(shim, work.job.id)
            try await watcher.waitFor("\"a\"")
            _ = try await work.say("b")
            try await work.finish()

            let seen = try await watcher.response()
            #expect(seen.text.contains("\"b\"") && seen.text.hasSuffix("data: [DONE]\n\n"))
            #expect(try await caller.response().text.contains("\"b\""))
        }
    }

    @Test func `a request whose caller leaves is cancelled, whoever watches`() async throws {
        try await ShimFixture.run(configure: { $0.hub.cancelGrace = .milliseconds(100) }) { shim in
            let caller = try await shim.start(ShimFixture.stream)
            var work = try await shim.work()
            _ = try await work.say("a")
            try await caller.waitFor("\"a\"")
            let watcher = try await watch(shim, work.job.id)
            try await watcher.waitFor("\"a\"")
            try await caller.close()

            try await eventually("the worker is refused", timeout: .seconds(5)) { try await work.say("x") == .ended }
            #expect(try await watcher.response().text.contains("cancelled"))
        }
    }

    @Test func `a watcher that leaves cancels nothing, and is no open request`() async throws {
        try await ShimFixture.run(configure: Self.withoutGrace) { shim in
            let caller = try await shim.start(ShimFixture.stream)
            var work = try await shim.work()
            _ = try await work.say("a")
            try await caller.waitFor("\"a\"")
            let watcher = try await watch(shim, work.job.id)
            try await watcher.waitFor("\"a\"")
            #expect(shim.hub.openCount == 1)
            try await watcher.close()
            try await eventually("the watcher is gone") { shim.hub.allReplies.count == 1 }

            #expect(try await work.say("b") == .ok)
            try await work.finish()
            #expect(try await caller.response().text.contains("\"b\""))
        }
    }

    @Test func `a watcher at another shim does not become the request's owner`() async throws {
        let prefix = "shim-\(UInt64.random(in: .min ... .max)):"
        try await ShimFixture.run(prefix: prefix) { one in
            try await ShimFixture.run(
                prefix: prefix, configure: Self.withoutGrace
            ) { other in
                let caller = try await one.start(ShimFixture.stream)
                var work = try await one.work()
                _ = try await work.say("a")
                try await caller.waitFor("\"a\"")
                let watcher = try await watch(other, work.job.id)
                try await watcher.waitFor("\"a\"")
                try await watcher.close()
                try await eventually("the watcher is gone") { other.hub.allReplies.isEmpty }
                // A cancel would be sent in the next round.
                let later = ContinuousClock.now + .milliseconds(300)
                try await eventually("a cancel would be done") { ContinuousClock.now > later }

                #expect(try await work.say("b") == .ok)
                try await work.finish()
                #expect(try await caller.response().text.contains("\"b\""))
            }
        }
    }

    @Test func `the word is true or false`() async throws {
        try await ShimFixture.run { shim in
            let refused = try await shim.get("/api/v1/jobs/0-ABCDEFGH/stream?watch=yes")
            #expect(refused.status == 400 && refused.text.contains(#""param":"watch""#))
        }
    }
}
