import TestSupport
import Testing

@testable import Shared

/// The queue as people see it: depths, and the requests that wait or run.
@Suite struct QueueListingTests {
    private func rows(
        _ queue: QueueFixture, _ filter: QueuedRequestFilter = QueuedRequestFilter(), limit: Int = 100
    ) async throws -> [QueuedRequest] {
        try await QueueListing(queue: queue.queue).list(filter, limit: limit).rows
    }

    @Test func `an overview counts what waits and what workers hold`() async throws {
        try await QueueFixture.run(lease: .seconds(60)) { fixture in
            try await fixture.submit(3, tenant: "a")
            try await fixture.submit(1, tenant: "a", .batch)
            _ = try await fixture.claim("w1", most: 1)
            try await fixture.queue.beat("w1")

            let overview = try await fixture.queue.overview()

            let normal = overview.lanes[Lane.normal.index]
            #expect(normal.entries == 3 && normal.held == ["w1": 1] && normal.running == 1 && normal.waiting == 2)
            #expect(overview.lanes[Lane.batch.index].waiting == 1 && overview.lanes[Lane.high.index].oldest == nil)
            #expect(overview.workers == ["w1"])
            #expect(normal.oldest.map { abs($0 - overview.now) < 60_000 } == true)
            _ = try await fixture.queue.stopBeating("w1")
        }
    }

    @Test func `an overview of an empty Redis is empty`() async throws {
        try await QueueFixture.run { fixture in
            let elsewhere = JobQueue(redis: fixture.redis, keys: QueueKeys(prefix: fixture.keys.prefix + "none:"))

            let overview = try await elsewhere.overview()

            #expect(overview.lanes.allSatisfy { $0.entries == 0 && $0.held.isEmpty })
            #expect(overview.workers == [] && overview.dead == 0 && overview.outbox == 0 && overview.delayed == 0)
            #expect(try await QueueListing(queue: elsewhere).list(QueuedRequestFilter(), limit: 10).rows == [])
        }
    }

    @Test func `the oldest that only waits for a worker is none that runs or waits for accounts`() async throws {
        try await QueueFixture.run(lease: .seconds(60)) { fixture in
            let lane = RedisArgument.string(fixture.keys.queue(.normal))
            func oldestReady() async throws -> Int64? {
                try await fixture.queue.overview().lanes[Lane.normal.index].oldestReady
            }
            #expect(try await oldestReady() == nil)
            _ = try await fixture.running("w1")
            try await fixture.submit(tenant: "b")
            #expect(try await fixture.park(try await fixture.claimOne("w1")) == .parked)
            #expect(try await oldestReady() == nil)

            try await fixture.submit(3, tenant: "c")
            let entries = try await fixture.redis.send(RedisCommand("XRANGE", lane, "-", "+")).array ?? []
            let waiting = entries.dropFirst(2).compactMap { $0.array?.first?.string }
            let first = try #require(waiting.first.flatMap { Int64($0.prefix { $0 != "-" }) })
            #expect(try await oldestReady() == first)
            try await fixture.sortAll()
            #expect(try await oldestReady() == first)

            // Their places in the order are left.
            _ = try await fixture.redis.send(RedisCommand("XDEL", [lane] + waiting.map { .string($0) }))
            #expect(try await oldestReady() == nil)
        }
    }

    @Test func `running, queued and parked requests are told apart`() async throws {
        try await QueueFixture.run(lease: .seconds(60)) { fixture in
            let running = try await fixture.running("w1")
            try await fixture.submit(tenant: "b")
            let parked = try await fixture.claimOne("w1")
            #expect(try await fixture.park(parked, in: "room", spec: Array(#"["acc"]"#.utf8)) == .parked)
            let queued = try await fixture.submit(tenant: "c")

            let rows = try await rows(fixture)

            let states = Dictionary(rows.map { ($0.id, $0.state) }) { first, _ in first }
            #expect(states == [running.job.id: .running, parked.job.id: .waiting, queued.id: .queued])
            let row = try #require(rows.first { $0.id == running.job.id })
            #expect(row.worker == "w1" && row.attempts == 1 && row.model == "m")
            #expect(rows.first { $0.id == parked.job.id }?.room == "room")
            #expect(try await fixture.queue.parked(in: fixture.queue.rooms()) == [.normal: 1])
        }
    }

    @Test func `filters and limits choose the oldest`() async throws {
        try await QueueFixture.run(lease: .seconds(60)) { fixture in
            let first = try await fixture.submit(150, tenant: "a")
            let other = try await fixture.submit(2, tenant: "b")

            #expect(try await rows(fixture, limit: 120).map(\.id) == Array(first.prefix(120)))
            #expect(try await rows(fixture, .init(tenant: "b")).map(\.id) == other)
            #expect(try await rows(fixture, .init(model: "other")) == [])
            #expect(try await rows(fixture, .init(lane: .high)) == [])
            #expect(try await rows(fixture, .init(state: .running)) == [])
        }
    }

    @Test func `a request is found wherever it is`() async throws {
        try await QueueFixture.run(lease: .seconds(60)) { fixture in
            let listing = QueueListing(queue: fixture.queue)
            let running = try await fixture.running("w1")
            let unsorted = try await fixture.submit(tenant: "b")

            #expect(try await listing.find(running.job.id).request?.state == .running)
            #expect(try await listing.find(unsorted.id).request?.state == .queued)
            try await fixture.sortAll()
            #expect(try await listing.find(unsorted.id).request?.tenant == "b")
            #expect(try await listing.find("0-unknown-request") == .absent)
            #expect(try await listing.find("not an id") == .absent)
        }
    }

    @Test func `a request behind the oldest of a long lane is unseen, not absent`() async throws {
        try await QueueFixture.run(lease: .seconds(60)) { fixture in
            let ids = try await fixture.submit(QueueListing.mostEntries + 1, tenant: "a")
            let (first, last) = (try #require(ids.first), try #require(ids.last))

            let search = try await JobQueues([fixture.queue]).find([last, first, "0-unknown-request", "x"])

            #expect(search[first].request?.tenant == "a")
            #expect(search[last] == .unseen && search["0-unknown-request"] == .unseen && search["x"] == .absent)
        }
    }

    @Test func `several requests are found in one search, held ones with their worker`() async throws {
        try await QueueFixture.run(lease: .seconds(60)) { fixture in
            let (held, free) = (try await fixture.submit(tenant: "a"), try await fixture.submit(tenant: "b", .batch))
            _ = try await fixture.claim("w1", most: 1)

            let search = try await JobQueues([fixture.queue]).find([free.id, held.id])

            let rows = [search[held.id].request, search[free.id].request]
            #expect(rows.map { $0?.tenant } == ["a", "b"] && rows.map { $0?.lane } == [.normal, .batch])
            #expect(rows.filter { $0?.state == .running }.count == 1 && rows.filter { $0?.worker == "w1" }.count == 1)
        }
    }

    @Test(arguments: [
        ("jobs=3 slots=50", 3, 50), ("jobs=3", 3, nil), ("", nil, nil), ("jobs=-1 slots=x new=1", 0, nil),
        ("jobs=99999999999999999999", nil, nil),
    ])
    func `a worker's card is read leniently`(text: String, jobs: Int?, slots: Int?) {
        #expect(WorkerCard(text) == WorkerCard(jobs: jobs, slots: slots))
    }

    @Test func `a card is read as it was written`() {
        var card = WorkerCard(jobs: 3, slots: 50)
        #expect(WorkerCard(card.text) == card && card.text == "jobs=3 slots=50")
        var totals = WorkerCard.Totals()
        (totals.inputTokens, totals.done, totals.errors) = (5_000_000_000, 7_000_000_000, 2)
        card.totals = totals
        #expect(WorkerCard(card.text) == card)
        #expect(WorkerCard("attempts=-3 output=9").totals?.attempts == 0)
        #expect(WorkerCard(WorkerCard.left.text).hasLeft)
    }
}
