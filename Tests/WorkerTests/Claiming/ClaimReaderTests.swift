import Shared
import TestSupport
import Testing

@testable import Worker

/// Entries that nobody can run: they end, and the worker that reads them does not.
@Suite(.timeLimit(.minutes(1))) struct ClaimReaderTests {
    private func add(
        _ fixture: PipelineFixture, _ fields: [String], entry: String = "*"
    ) async throws -> String {
        let id = JobID.make(now: 1)
        var command = RedisCommand(
            "XADD", .string(fixture.queue.keys.queue(.normal)), .string(entry), "id", .string(id), "req",
            .string(PipelineFixture.body(model: "s")))
        for argument in fields { command.append(.string(argument)) }
        try await fixture.queue.redis.send(command).throwIfError()
        return id
    }

    @Test(arguments: ["n", "dl", "v", "ca"])
    func `a number beyond all bounds makes a dead letter, and the caller is told`(_ field: String) async throws {
        try await PipelineFixture.run([]) { fixture in
            let version = field == "v" ? [] : ["v", "1"]
            let id = try await add(fixture, version + [field, "9223372036854775807", "tr", "1"])
            let worker = try fixture.worker()

            if field == "ca" {
                // Clamped: thirty days are meant as well as anything.
                try await worker.runOne()
                #expect(try await fixture.end(id).status == "done")
                return
            }
            try await worker.runOne()

            #expect(try await fixture.end(id).kind == .undecodable)
            #expect(try await fixture.leftovers() == 0)
            let letters = try await fixture.queue.stream(fixture.queue.keys.dead)
            #expect(letters.map { $0.fields["id"] } == [id])
            #expect(letters.first?.fields["why"]?.hasPrefix("\(field): expected") == true)
            #expect(try await fixture.queue.ttl(fixture.queue.keys.log(id)) > 80_000_000)
        }
    }

    @Test func `an entry from the end of time is run like any other`() async throws {
        try await PipelineFixture.run([]) { fixture in
            let id = try await add(fixture, ["v", "1"], entry: "9223372036854775807-1")

            try await fixture.worker().runOne()

            #expect(try await fixture.end(id).status == "done")
        }
    }

    @Test func `an entry of a newer version waits for a newer worker, but not beyond its deadline`() async throws {
        try await PipelineFixture.run([]) { fixture in
            let worker = try fixture.worker()
            let now = SystemWallClock().now
            let waiting = try await add(fixture, ["v", "9", "dl", "\(now + 60_000)"])
            try await worker.runOne()
            #expect(try await fixture.waiting() == 1)
            #expect(try await fixture.logIDs(waiting) == [])

            let late = try await add(fixture, ["v", "9", "dl", "\(now - 1)"])
            try await worker.runOne()

            #expect(try await fixture.end(late).kind == .deadlineExceeded)
            #expect(try await fixture.waiting() == 1)
        }
    }

    @Test(arguments: [
        ("rate_limited", JobFailure.Kind.rateLimited), ("server_error", .serverError),
        ("unreadable_answer", .unreadableAnswer), ("worker_lost", .deadlineExceeded),
        ("no_capacity", .deadlineExceeded), ("anything", .deadlineExceeded),
    ])
    func `a request that waited until its deadline is told how its last attempt failed`(
        _ error: String, _ kind: JobFailure.Kind
    ) async throws {
        try await PipelineFixture.run([]) { fixture in
            let trail = #"[{"attempt":1,"error":"server_error"},{"attempt":2,"error":"\#(error)"}]"#
            let late = try await add(
                fixture, ["v", "1", "n", "2", "at", trail, "dl", "\(SystemWallClock().now - 1)"])

            try await fixture.worker().runOne()

            #expect(try await fixture.end(late).kind == kind)
        }
    }
}
