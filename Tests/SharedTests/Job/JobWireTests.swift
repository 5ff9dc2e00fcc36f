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
