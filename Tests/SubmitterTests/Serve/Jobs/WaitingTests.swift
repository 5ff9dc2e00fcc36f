import NIOCore
import Shared
import TestSupport
import Testing

@testable import Submitter

/// Callers whose requests wait for their turn, or for a busy account, hear where they stand.
@Suite(.timeLimit(.minutes(1)))
struct WaitingTests {
    private static let job = #"{"model_name":"m","messages":[{"role":"user","content":"hi"}]}"#

    /// Claims what waits in the lanes and parks it.
    private func parkAll(_ shim: ShimFixture, count: Int, due: Duration) async throws {
        var entries: [JobQueue.Entry] = []
        try await eventually("the requests are in the queue") {
            entries += try await shim.queue.claim(
                worker: ShimFixture.worker, free: count - entries.count, shares: Lane.allCases.map { ($0, count) })
            return entries.count == count
        }
        for entry in entries {
            let claim = claim(entry)
            let when = SystemWallClock().now + due.milliseconds
            #expect(try await shim.queue.park(claim, in: "r", spec: [], due: when, expected: when) == .parked)
        }
    }

    private func claim(_ entry: JobQueue.Entry) -> Claim {
        guard let job = try? Job(entry: entry.fields, lane: entry.lane, defaultDeadline: 0) else {
            preconditionFailure("the shim writes entries that can be read")
        }
        return Claim(
            job: job,
            attempt: Attempt(
                id: job.id, lane: entry.lane, worker: ShimFixture.worker, entry: entry.entry,
                number: job.attemptsBefore + 1, deliveries: 1, deadline: job.deadline, channel: job.shim ?? ""))
    }

    private func admitAll(_ shim: ShimFixture) async throws -> [TestAttempt] {
        var attempts: [TestAttempt] = []
        for entry in try await shim.queue.admit(room: "r", worker: ShimFixture.worker, limit: 9, isForced: true) {
            let claim = claim(entry)
            let attempt = Attempt(
                id: claim.job.id, lane: entry.lane, worker: ShimFixture.worker, entry: entry.entry, number: 1,
                deliveries: 1, deadline: claim.job.deadline,
                channel: claim.job.shim.map(shim.queue.keys.shimChannel) ?? "")
            #expect(try await shim.queue.start(attempt, usage: []) == .started)
            attempts.append(TestAttempt(queue: shim.queue, job: claim.job, attempt: attempt))
        }
        return attempts
    }

    private func impatient(_ tuning: inout ShimFixture.Tuning) {
        tuning.hub.placePatience = .milliseconds(100)
        tuning.hub.placePause = .milliseconds(100)
    }

    @Test func `a job that waits says where it stands`() async throws {
        try await ShimFixture.run { shim in
            var ids: [String] = []
            for _ in 0..<2 {
                let response = try await shim.send("POST", "/api/v1/jobs", body: Self.job)
                #expect(response.headers["x-queue-position"] == nil)
                ids.append(try JSON(parsing: response.body)["id"]?.stringValue ?? "")
            }
            let fresh = try await shim.get("/api/v1/jobs/\(ids[1])")
            #expect(try JSON(parsing: fresh.body)["queue"] == nil)
            try await parkAll(shim, count: 2, due: .seconds(20))

            let response = try await shim.get("/api/v1/jobs/\(ids[1])")

            let report = try JSON(parsing: response.body)
            #expect(report["status"] == "queued")
            #expect(report["queue"]?["position"] == 2)
            let wait = try #require(report["queue"]?["expected_wait_ms"]?.intValue)
            #expect(10_000...20_000 ~= wait)
            #expect(response.headers["x-queue-position"] == "2")
            #expect(10...20 ~= Int(response.headers["x-queue-wait"] ?? "") ?? 0)

            for work in try await admitAll(shim) { try await work.finish("{}") }
            let done = try await shim.get("/api/v1/jobs/\(ids[1])")
            #expect(try JSON(parsing: done.body)["queue"] == nil)
            #expect(done.headers["x-queue-position"] == nil)
        }
    }

    @Test func `a job in a lane's order has a place, and no wait before a pace is known`() async throws {
        try await ShimFixture.run { shim in
            let headers = ["idempotency-key": "again"]
            let created = try await shim.send("POST", "/api/v1/jobs", headers: headers, body: Self.job)
            #expect(try await shim.queue.sort(worker: "w", olderThan: .zero) == 1)

            let again = try await shim.send("POST", "/api/v1/jobs", headers: headers, body: Self.job)

            #expect(again.status == 202)
            #expect(again.headers["location"] == created.headers["location"])
            #expect(again.headers["x-queue-position"] == "1")
            #expect(again.headers["x-queue-wait"] == nil)
            #expect(try JSON(parsing: again.body)["queue"] == ["position": 1, "expected_wait_ms": .null])
        }
    }

    @Test func `a waiting stream hears its place, again when it changes, and then its answer`() async throws {
        try await ShimFixture.run(configure: impatient) { shim in
            let first = try await shim.start(ShimFixture.stream)
            try await eventually("the first is in the queue") { try await shim.queued() == 1 }
            let second = try await shim.start(ShimFixture.stream)
            try await eventually("the second is in the queue") { try await shim.queued() == 2 }
            try await parkAll(shim, count: 2, due: .seconds(30))
            try await second.waitFor(": queue position=2 wait=")

            let entries = try await shim.queue.admit(room: "r", worker: "w", limit: 1, isForced: true)
            #expect(entries.count == 1)
            try await second.waitFor(": queue position=1")
            var work = try #require(try await admitAll(shim).first)
            _ = try await work.say("at last")
            try await work.finish()

            let response = try await second.response()
            #expect(response.status == 200)
            // A comment is one line: a blank one would end an event that has no data.
            #expect(response.text.hasPrefix(": queue position=2 wait="))
            let comments = response.text.split(separator: "\n").prefix { $0.hasPrefix(":") }
            #expect(response.text.hasPrefix(comments.joined(separator: "\n") + "\nid: 1-1\ndata: "))
            #expect(Set(comments).count == comments.count)
            #expect(response.text.hasSuffix("data: [DONE]\n\n"))
            try await first.close()
        }
    }

    @Test func `a failure after the caller heard its place is an event`() async throws {
        try await ShimFixture.run(configure: impatient) { shim in
            let caller = try await shim.start(ShimFixture.stream)
            try await parkAll(shim, count: 1, due: .zero)
            try await caller.waitFor(": queue position=1")

            for work in try await admitAll(shim) { try await work.fail(JobFailure(.deadlineExceeded, "too late")) }

            let response = try await caller.response()
            #expect(response.status == 200)
            #expect(response.text.contains(#""code":"deadline_exceeded""#))
            #expect(!response.text.contains("[DONE]"))
        }
    }

    @Test func `a stream that fails before it waited for long has its own status`() async throws {
        try await ShimFixture.run { shim in
            let caller = try await shim.start(ShimFixture.stream)
            try await parkAll(shim, count: 1, due: .zero)
            for work in try await admitAll(shim) { try await work.fail(JobFailure(.deadlineExceeded, "too late")) }

            #expect(try await caller.response().status == 504)
        }
    }

    @Test func `a caller of a whole answer just waits`() async throws {
        try await ShimFixture.run(configure: impatient) { shim in
            let caller = try await shim.start(ShimFixture.chat)
            try await parkAll(shim, count: 1, due: .seconds(5))
            for work in try await admitAll(shim) { try await work.finish(ChatTests.completion) }

            #expect(try await caller.response().status == 200)
        }
    }

    @Test func `without a worker a stream hears so, and its answer comes all the same`() async throws {
        try await ShimFixture.run(configure: { $0.hub.workerPatience = .milliseconds(200) }) { shim in
            try await shim.queue.stopBeating(ShimFixture.worker)
            let caller = try await shim.start(ShimFixture.stream)
            try await caller.waitFor(": no worker is alive\n")
            var work = try await shim.work()
            _ = try await work.say("at last")
            try await work.finish()

            let response = try await caller.response()
            #expect(response.status == 200)
            #expect(response.text.hasPrefix(": no worker is alive\nid: 1-1\ndata: "))
            #expect(response.text.hasSuffix("data: [DONE]\n\n"))
        }
    }

    @Test func `without a worker the shim is not ready, unless that is wanted`() async throws {
        for isWanted in [false, true] {
            try await ShimFixture.run(configure: { $0.readiness.workers = !isWanted }) { shim in
                try await shim.queue.stopBeating(ShimFixture.worker)
                try await eventually("/ready has seen it") {
                    let ready = try await shim.get("/ready")
                    return try JSON(parsing: ready.body)["workers"] == 0
                        && ready.status == (isWanted ? 200 : 503)
                        && ready.text.contains("no worker is alive") == !isWanted
                }
            }
        }
    }

    @Test func `waits are rounded up`() {
        let place = QueuePlace(position: 3, expectedWait: .milliseconds(11_001))
        #expect(place.comment == "queue position=3 wait=12")
        #expect(QueuePlace(position: 3, expectedWait: nil).comment == "queue position=3")
        #expect(place.json == ["position": 3, "expected_wait_ms": 11_001])
    }
}
