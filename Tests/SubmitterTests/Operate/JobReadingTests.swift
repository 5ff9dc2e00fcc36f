import ArgumentParser
import NIOCore
import Testing

@testable import Shared
@testable import Submitter

/// `submitter jobs`: rows, reports and the events of a log.
@Suite struct JobReadingTests {
    private static let id = "0-01KAT5Q3Z8W6N4J2H0F9D7C5B3"

    private func request(
        _ state: QueuedRequest.State, _ id: String = Self.id, enqueuedAt: Int64? = 1000, due: Int64? = nil
    ) -> QueuedRequest {
        var request = QueuedRequest(state: state, lane: .normal)
        (request.id, request.enqueuedAt, request.due) = (id, enqueuedAt, due)
        return request
    }

    private func list(_ requests: [QueuedRequest], rooms: [JobQueue.Room] = []) -> QueuedJobs {
        var list = QueuedJobs()
        list.add(QueueListing.Page(rows: requests), rooms: rooms)
        return list
    }

    // MARK: - Rows

    @Test func `running ones come first, then the oldest, and at last those that wait for a time`() {
        let rows = list([
            request(.waiting, "0-delayed-1", enqueuedAt: nil, due: 9000),
            request(.queued, "0-younger1", enqueuedAt: 2000),
            request(.queued, "0-older123", enqueuedAt: 1000), request(.running, "0-running1", enqueuedAt: 3000),
        ]).rows(now: 5000, limit: 3)

        #expect(rows.map { $0["id"]?.stringValue } == ["0-running1", "0-older123", "0-younger1"])
        #expect(rows[1]["age_ms"] == 4000)
    }

    @Test func `one that was read twice while it moved counts once, as it was read last`() {
        var before = request(.queued)
        before.entry = "1-0"
        var after = before
        after.state = .running
        let rows = list([before, after]).rows(now: 0, limit: 10)

        #expect(rows.count == 1 && rows[0]["state"] == "running")
    }

    @Test func `entries of two lanes and of two shards may have the same ID`() {
        var (normal, high) = (request(.queued), request(.queued, "0-other1234"))
        (normal.entry, high.entry, high.lane) = ("1-0", "1-0", .high)
        var list = list([normal, high])
        var other = normal
        other.id = "1-01KAT5Q3Z8W6N4J2H0F9D7C5B3"
        list.add(QueueListing.Page(rows: [other]), rooms: [])

        #expect(Set(list.rows(now: 0, limit: 10).map { $0["id"]?.stringValue }) == [normal.id, high.id, other.id])
    }

    @Test func `a room is told by its accounts`() {
        var waiting = request(.waiting)
        waiting.room = "r"
        let room = JobQueue.Room(name: "r", spec: Array(#"["a","b"]"#.utf8), due: 0, count: 1)

        #expect(list([waiting], rooms: [room]).rows(now: 0, limit: 1)[0]["waits_for"] == ["a", "b"])
    }

    @Test func `nothing of a prompt is in a row`() throws {
        var request = QueuedRequest(state: .queued, lane: .high)
        let body = #"{"model":"m","messages":[{"role":"user","content":"quagga"}]}"#
        request.read(
            [("v", "1"), ("id", Self.id), ("t", "acme"), ("n", "2"), ("req", body)].flatMap {
                [RedisValue.bulk(Array($0.0.utf8)), .bulk(Array($0.1.utf8))]
            })

        #expect(request.id == Self.id && request.tenant == "acme" && request.model == "m" && request.attempts == 2)
        let shown = list([request]).rows(now: 0, limit: 1)[0]
        #expect(!String(decoding: shown.encoded, as: UTF8.self).contains("quagga"))
    }

    @Test func `an entry that nobody can read is told with the reason`() {
        var request = QueuedRequest(state: .queued, lane: .high)
        request.read(["id", Self.id, "v", "1"].map { .bulk(Array($0.utf8)) })

        #expect(request.id == Self.id && request.problem == "req: missing")
    }

    @Test(arguments: [
        ("o/normal/1 01700000000000-00000007", Lane.normal, "1700000000000-7", nil),
        ("r/abc/0 01700000000000-00000000", .high, "1700000000000-0", "abc"),
        ("a/abc/2 01700000000000-00000001/1.5", .batch, "1700000000000-1", nil),
    ])
    func `the place of a waiting request names its entry`(text: String, lane: Lane, entry: String, room: String?) {
        let place = WaitPlace(text)

        #expect(place?.lane == lane && place?.entry == entry && place?.room == room)
    }

    @Test(arguments: ["", "o/normal", "o/normal/9 1-1", "r/x/1 nonsense", "r/x/1", "o//"])
    func `other texts are no place`(text: String) { #expect(WaitPlace(text) == nil) }

    // MARK: - Reports

    private static let meta = """
        {"model":"m","provider":"openai","account":"a","cost":0.5,"currency":"USD","usage":{"prompt_tokens":7,\
        "completion_tokens":5,"total_tokens":12,"prompt_tokens_details":{"cached_tokens":3}},"estimated":false,\
        "attempts":[{"attempt":1,"model":"m","provider":"openai","account":"b","error":"timeout","ms":9,"cost":0.0},\
        {"attempt":2,"model":"m","provider":"openai","account":"a","error":null,"ms":8,"cost":0.5}]}
        """

    private func end(_ status: JobQueue.End.Status, _ result: String) -> RequestEnd {
        RequestEnd(status: status, meta: ByteBuffer(string: Self.meta), result: ByteBuffer(string: result))
    }

    private let first = RequestLogEntry(
        id: RequestLogID(attempt: 0, seq: 1), record: .queued(bodyHash: "h", tenant: "acme", channel: ""))

    @Test func `a report has route, usage and attempts, and the answer only when asked for`() {
        let end = end(.done, #"{"choices":["okapi"]}"#)
        let report = JobReport.ended(Self.id, end, end.result)
        let (bare, whole) = (JobDetail.ended(report, first), JobDetail.ended(report, first, isWithBody: true))

        #expect(bare["result"] == nil && whole["result"]?["choices"] == ["okapi"])
        #expect(bare["status"] == "done" && bare["tenant"] == "acme" && bare["account"] == "a")
        #expect(bare["usage"]?["prompt_tokens"] == 7)
        #expect(JobSummary.attempts(bare).map { $0["error"] } == ["timeout", .null])
    }

    @Test func `a report for people counts tokens and leaves out what programs want`() {
        let end = end(.error, #"{"kind":"timeout","message":"too slow"}"#)
        let summary = JobSummary.of(JobDetail.ended(JobReport.ended(Self.id, end, end.result), first))

        #expect(summary["tokens_in"] == 7 && summary["tokens_out"] == 5 && summary["tokens_cached"] == 3)
        #expect(summary["links"] == nil && summary["usage"] == nil && summary["error"]?["message"] != nil)
    }

    @Test func `a request without a log is told from its entry`() {
        var waiting = request(.waiting)
        waiting.tenant = "acme"
        let base = JobReport.unended(Self.id, RequestLogEntry(id: .beginning, record: .unknown))
        let report = JobDetail.unended(base, waiting, route: nil, waitsFor: ["a"])

        #expect(report["status"] == "queued" && report["state"] == "waiting" && report["tenant"] == "acme")
        #expect(report["waits_for"] == ["a"] && report["enqueued_at"] == 1000)
    }

    // MARK: - Following

    private func delta(_ attempt: UInt64, _ seq: UInt64) -> RequestLogEntry {
        RequestLogEntry(
            id: RequestLogID(attempt: attempt, seq: seq), record: .delta(ByteBuffer(string: "\(attempt)-\(seq)")))
    }

    private func start(_ attempt: UInt64) -> RequestLogEntry {
        RequestLogEntry(id: RequestLogID(attempt: attempt, seq: 0), record: .started(channel: ""))
    }

    @Test func `a record that is read twice is shown once`() {
        var state = TailState(after: .beginning)

        #expect(state.read([start(1), delta(1, 1), delta(1, 2)]).count == 2)
        #expect(state.read([delta(1, 1), delta(1, 2), delta(1, 3)]).count == 1)
        #expect(state.last == RequestLogID(attempt: 1, seq: 3))
    }

    @Test func `an attempt after text begins the answer again, one before it does not`() {
        var state = TailState(after: .beginning)

        #expect(state.read([start(1), start(2), delta(2, 1)]).count == 1)
        #expect(state.read([start(3)]) == [.restart(attempt: 3)])
        #expect(state.read([start(4)]) == [])
    }

    @Test func `who goes on after a delta is told when the answer begins again`() {
        var state = TailState(after: RequestLogID(attempt: 1, seq: 4))

        #expect(state.read([delta(1, 4), start(2)]) == [.restart(attempt: 2)])
    }

    @Test func `it is told once that a request may be far behind`() {
        var state = TailState(after: .beginning)

        #expect(!state.isUnseen && state.isFirstUnseen())
        #expect(state.isUnseen && !state.isFirstUnseen())
    }

    // MARK: - Arguments

    @Test func `an id may be that of a completion`() throws {
        #expect(try JobTarget.id("chatcmpl-" + Self.id) == Self.id)
        #expect(try JobTarget.id("cmpl-" + Self.id) == Self.id)
        #expect(throws: ValidationError.self) { try JobTarget.id("nonsense\u{1B}[2J") }
    }

    @Test(arguments: [
        ["list", "--status", "done"], ["list", "--since", "1h"], ["list", "--recent", "--state", "queued"],
        ["list", "--limit", "0"], ["list", "--recent", "--status", "fine"], ["list", "--lane", "slow"],
        ["list", "--state", "x"],
        ["tail", "0-12345678", "--after", "x"],
    ])
    func `a mistake names its option`(arguments: [String]) {
        let error = #expect(throws: (any Error).self) { try Submitter.parseAsRoot(["jobs"] + arguments) }
        let named = arguments.filter { $0.hasPrefix("--") && $0 != "--recent" }
        #expect(error.map { error in named.contains { Submitter.message(for: error).contains($0) } } == true)
    }

    @Test(arguments: [["show"], ["show", "nonsense"], ["tail", "x"], ["cancel"]])
    func `ids that are none are refused`(arguments: [String]) {
        #expect(throws: (any Error).self) { try Submitter.parseAsRoot(["jobs"] + arguments) }
    }

    @Test func `a cancel of many is not refused for one that has no id`() throws {
        _ = try Submitter.parseAsRoot(["jobs", "cancel", Self.id, "?"])

        #expect(JobTarget.idIfValid("?") == nil && JobTarget.shown("?\u{1B}") == "?\u{FFFD}")
    }
}
