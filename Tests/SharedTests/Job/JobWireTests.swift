import Shared
import Testing

@Suite struct JobWireTests {
    private func read(_ fields: [(String, [UInt8])]) throws(JobWireError) -> Job {
        var values: [RedisValue] = []
        for (name, value) in fields { values += [.bulk(Array(name.utf8)), .bulk(value)] }
        return try Job(entry: values, lane: .normal, defaultDeadline: 0)
    }

    @Test func `a chat is written so that older workers can read it`() throws {
        let job = Job(id: "0-abcdefgh", deadline: 5, body: .inline(Array("{}".utf8)))
        #expect(job.fields.first?.1 == Array("1".utf8))
        #expect(!job.fields.contains { $0.0 == "op" })
        #expect(try read(job.fields) == job)
    }

    @Test func `a request for embeddings is put back by workers that do not know them`() throws {
        var job = Job(id: "0-abcdefgh", deadline: 5, body: .inline(Array("{}".utf8)))
        job.operation = .embeddings
        #expect(job.fields.first?.1 == Array("2".utf8))
        #expect(try read(job.fields) == job)
    }

    @Test func `an operation that nobody knows is named`() {
        var fields = Job(id: "0-abcdefgh", deadline: 5, body: .inline([])).fields
        fields.append(("op", Array("sing".utf8)))
        let error = #expect(throws: JobWireError.self) { try read(fields) }
        #expect(error == .undecodable(id: "0-abcdefgh", channel: nil, reason: "op: expected chat or embeddings"))
    }

    @Test(arguments: [
        ("n", "9223372036854775807"), ("n", "1000001"), ("n", "-1"), ("n", "1e3"), ("dl", "9223372036854775807"),
        ("dl", "4102444800001"), ("v", "9223372036854775807"), ("v", "0"), ("ca", "-5"), ("ca", "99999999999999999999"),
        ("t", String(repeating: "x", count: 129)), ("u", String(repeating: "x", count: 513)), ("u", "a\0b"),
        ("sh", String(repeating: "x", count: 129)), ("rs", String(repeating: "x", count: 65)),
    ])
    func `what is out of bounds is refused by name`(_ field: String, _ value: String) {
        let job = Job(id: "0-abcdefgh", deadline: 5, body: .inline([]))
        let fields = job.fields.filter { $0.0 != field } + [(field, Array(value.utf8))]

        let error = #expect(throws: JobWireError.self) { try read(fields) }

        guard case .undecodable("0-abcdefgh", nil, let reason)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(reason.hasPrefix("\(field): expected "))
    }

    @Test func `what is not text is refused, and not taken for nothing`() {
        let fields = Job(id: "0-abcdefgh", deadline: 5, body: .inline([])).fields + [("u", [0xFF, 0xFE])]
        #expect(throws: JobWireError.self) { try read(fields) }
    }

    @Test func `a caller's own body travels beside the neutral one, and older workers can read the entry`() throws {
        var job = Job(id: "0-abcdefgh", deadline: 5, body: .inline(Array("{}".utf8)))
        job.original = Job.Original(.openAIText, Array(#"{"prompt":"hi"}"#.utf8))
        #expect(job.fields.first?.1 == Array("1".utf8))
        #expect(try read(job.fields) == job)
        #expect(try read(job.fields).dialect == .openAIText)
    }

    @Test func `a chat carries no second body`() throws {
        let job = Job(id: "0-abcdefgh", deadline: 5, body: .inline(Array("{}".utf8)))
        #expect(!job.fields.contains { $0.0 == "di" || $0.0 == "ob" })
        #expect(try read(job.fields).dialect == .openAIChat)
    }

    @Test(arguments: [
        [("di", "somebody.new"), ("ob", "{}")], [("di", "openai.completions")], [("ob", "{}")],
        [("di", "openai.completions"), ("ob", "")],
        [("di", "openai.completions"), ("ob", String(repeating: "x", count: Job.inlineBodyBytes + 1))],
    ])
    func `a caller's own body that cannot be used is left out`(_ added: [(String, String)]) throws {
        let job = Job(id: "0-abcdefgh", deadline: 5, body: .inline(Array("{}".utf8)))
        #expect(try read(job.fields + added.map { ($0.0, Array($0.1.utf8)) }) == job)
    }

    @Test func `a trace travels with the request, and older workers can read the entry`() throws {
        var job = Job(id: "0-abcdefgh", deadline: 5, body: .inline(Array("{}".utf8)))
        job.trace = TraceContext(parent: Self.parent, state: "a=1")
        #expect(job.fields.first?.1 == Array("1".utf8))
        #expect(try read(job.fields) == job)
        #expect(try read(job.fields).trace?.parent == Self.parent)
    }

    private static let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    @Test(arguments: [
        [("tp", "")], [("tp", "junk")], [("tp", parent.uppercased())], [("ts", "a=1")],
        [("tp", String(repeating: "0", count: 1_000_000))], [("tp", "ff\(parent.dropFirst(2))"), ("ts", "a=1")],
    ])
    func `a trace that is none counts as none`(_ added: [(String, String)]) throws {
        let job = Job(id: "0-abcdefgh", deadline: 5, body: .inline(Array("{}".utf8)))
        #expect(try read(job.fields + added.map { ($0.0, Array($0.1.utf8)) }) == job)
    }

    @Test func `a trail that is too long is left out`() throws {
        var job = Job(id: "0-abcdefgh", deadline: 5, body: .inline([]))
        job.trail = Array(repeating: 0x20, count: 70_000)
        #expect(try read(job.fields).trail == [])
    }

    @Test func `an entry of a newer version says how long it waits`() {
        let fields = Job(id: "0-abcdefgh", deadline: 5, body: .inline([])).fields.map {
            $0.0 == "v" ? ("v", Array("9".utf8)) : $0
        }
        let error = #expect(throws: JobWireError.self) { try read(fields) }
        #expect(error == .newerVersion(id: "0-abcdefgh", deadline: 5, attemptsBefore: 0, channel: nil))
    }

    @Test func `how long an answer may be kept travels with the request`() throws {
        var job = Job(id: "0-abcdefgh", deadline: 5, body: .inline(Array("{}".utf8)))
        for seconds in [0, 60, Job.maxCacheTTL] {
            job.cacheTTL = seconds
            #expect(try read(job.fields) == job)
        }
        var fields = Job(id: "0-abcdefgh", deadline: 5, body: .inline([])).fields
        fields.append(("ca", Array("soon".utf8)))
        #expect(throws: JobWireError.self) { try read(fields) }
    }
}
