import Shared
import TestSupport
import Testing

@testable import Submitter

/// The journal says how far the files are written, whatever byte was the last.
@Suite struct JournalTests {
    private static let header = JournalHeader(
        batch: "batch_1", file: "file-1", sha256: "ab", lines: 3, operation: .embeddings, errors: "out.errors.jsonl",
        model: "m", provider: "openai", currencies: ["CNY", "USD"])
    private static let first = JournalPosition(place: 1, outputBytes: 10, outputLines: 1)
    private static let second = JournalPosition(
        isOrdered: true, place: 3, outputBytes: 10, errorBytes: 20, outputLines: 1, errorLines: 2, round: 1)
    private static let end = JournalEnd(status: .completed, halt: .budget, succeeded: 1, failed: 2, round: 1)

    private static let entries: [JournalEntry] = [
        .header(header), .position(first), .retry(round: 0), .position(second), .end(end),
    ]

    /// The state after so many entries.
    private func state(after count: Int) -> JournalState {
        var state = JournalState()
        for entry in Self.entries.prefix(count) {
            state.apply(entry)
            state.wholeBytes = Self.entries.prefix(count).reduce(0) { $0 + $1.encoded.count }
        }
        return state
    }

    @Test func `a journal cut at any byte is read up to its last whole line`() throws {
        let all = Self.entries.flatMap(\.encoded)
        let ends = Self.entries.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1.encoded.count) }

        for cut in 0...all.count {
            let whole = ends.lastIndex { $0 <= cut } ?? 0
            #expect(try JournalState(parsing: Array(all[..<cut])) == state(after: whole), "cut at \(cut)")
        }
    }

    @Test func `what is written is read`() throws {
        let state = try JournalState(parsing: Self.entries.flatMap(\.encoded))

        #expect(state.header == Self.header && state.position == Self.second && state.end == Self.end)
        #expect(state.retriedRound == nil)
    }

    @Test func `a retry stays until an end, and takes the end before it away`() throws {
        let entries: [JournalEntry] = [.header(Self.header), .end(Self.end), .retry(round: 1), .position(Self.second)]
        let state = try JournalState(parsing: entries.flatMap(\.encoded))

        #expect(state.retriedRound == 1 && state.end == nil)
    }

    @Test func `a last line of zeros counts as torn, and one in the middle is damage`() throws {
        let head = JournalEntry.header(Self.header).encoded + JournalEntry.position(Self.first).encoded
        let zeros = [UInt8](repeating: 0, count: 9) + [UInt8(ascii: "\n")]

        #expect(try JournalState(parsing: head + zeros).wholeBytes == head.count)
        #expect(throws: JournalState.Damaged(line: 3)) {
            try JournalState(parsing: head + zeros + JournalEntry.position(Self.second).encoded)
        }
        #expect(throws: JournalState.Damaged(line: 1)) { try JournalState(parsing: zeros + head) }
    }

    @Test func `another version is damage to this one`() {
        let line = Array("{\"journal\":2,\"batch\":\"b\",\"errors\":\"e\"}\n".utf8)

        #expect(throws: JournalState.Damaged(line: 1)) { try JournalState(parsing: line + line) }
    }

    @Test func `one process at a time has a journal`() throws {
        let directory = try TemporaryDirectory()
        let journal = try ResultJournal(directory.file("j"))

        #expect(throws: BatchTrouble("\(directory.file("j")): another submitter runs this batch")) {
            try ResultJournal(directory.file("j"))
        }
        #expect(journal.isEmpty)
    }

    @Test func `an empty journal leaves nothing behind`() throws {
        let directory = try TemporaryDirectory()
        try ResultJournal(directory.file("j")).removeIfEmpty()

        #expect(DiskFile.size(of: directory.file("j")) == nil)
    }

    @Test func `a damaged journal that is to be forgotten stays until that is done`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("j")
        let damaged = try DiskFile(path, bytes: 0)
        try damaged.append("nobody reads this")
        try damaged.append("nor this")
        try damaged.sync()
        let bytes = DiskFile.size(of: path)

        do {
            let journal = try ResultJournal(path, forgetting: true)
            journal.removeIfEmpty()
            #expect(journal.isEmpty && !journal.isMade && DiskFile.size(of: path) == bytes)
            try journal.clear()
            try journal.append(.header(Self.header))
        }

        #expect(try ResultJournal(path).state.header == Self.header)
    }

    @Test func `a run is continued with what its input was checked with`() throws {
        func plan(_ errors: String? = nil, _ model: String? = "m", _ options: BatchOptions) -> RunPlan {
            RunPlan(
                input: "in", paths: OutputPaths("out.jsonl", errors: errors), model: model, options: options,
                tenant: "t", metadata: .null, deadline: 1000)
        }
        func mistake(_ plan: RunPlan) -> String? {
            do throws(BatchTrouble) { try plan.check(Self.header) } catch { return error.description }
            return nil
        }
        let options = BatchOptions(provider: .openai)

        #expect(mistake(plan(nil, "m", options)) == nil)
        #expect(mistake(plan("./out.errors.jsonl", "m", options)) == nil)
        #expect(mistake(plan("other", "m", options))?.hasPrefix("--errors: expected out.errors.jsonl") == true)
        #expect(mistake(plan(nil, "n", options))?.hasPrefix("--model: expected m, as before") == true)
        #expect(mistake(plan(nil, nil, options))?.hasPrefix("--model: expected m, as before") == true)
        #expect(mistake(plan(nil, "m", BatchOptions()))?.hasPrefix("--provider: expected openai") == true)
        let budget = BatchOptions(maxCost: 1, provider: .openai)
        #expect(mistake(plan(nil, "m", budget))?.hasPrefix("--max-cost: expected prices in one currency") == true)
    }

    @Test func `what is behind the last whole line is cut off`() throws {
        let directory = try TemporaryDirectory()
        let (path, head) = (directory.file("j"), JournalEntry.header(Self.header).encoded)
        let torn = try DiskFile(path, bytes: 0)
        try torn.append(String(decoding: head.dropLast(), as: UTF8.self))
        try torn.append(#"{"seq":1,"ou"#)
        try torn.sync()
        try torn.cut(to: head.count + 12)

        let journal = try ResultJournal(path)
        try journal.append(.position(Self.first))

        #expect(DiskFile.size(of: path) == head.count + JournalEntry.position(Self.first).encoded.count)
        #expect(journal.state.position == Self.first)
    }
}
