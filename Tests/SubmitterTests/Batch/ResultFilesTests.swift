import Foundation
import Shared
import TestSupport
import Testing

@testable import Submitter

/// Result files hold each result once, whenever their process ends.
@Suite struct ResultFilesTests {
    private let directory: TemporaryDirectory
    private var output: String { directory.file("out.jsonl") }
    private var errors: String { directory.file("out.errors.jsonl") }

    init() throws { directory = try TemporaryDirectory() }

    private func journal() throws -> ResultJournal {
        let journal = try ResultJournal(directory.file("out.jsonl.journal"))
        if journal.isEmpty {
            try journal.append(.header(JournalHeader(batch: "batch_1", lines: 9, errors: errors)))
        }
        return journal
    }

    private func text(_ path: String) -> String? { StandardStreams.text(of: path) }

    @Test func `results go to the output, and failed ones to a file that is made for the first`() throws {
        let files = try ResultFiles(output: output, try journal(), isOrdered: false)
        try files.append(BatchFixtures.result(2, seq: 1))
        try files.record()
        #expect(text(output) == "{\"custom_id\":\"2\"}\n" && text(errors) == nil)

        try files.append(BatchFixtures.result(1, seq: 2, isOK: false))
        try files.record()

        #expect(text(errors) == "{\"custom_id\":\"1\"}\n")
        #expect(files.position.place == 2 && files.lines == 2)
    }

    @Test func `what was written behind the last record is cut off, and written again`() throws {
        do {
            let files = try ResultFiles(output: output, try journal(), isOrdered: false)
            try files.append(BatchFixtures.result(1))
            try files.record()
        }
        // The end of a process between two writes.
        let torn = try DiskFile(output, bytes: 18)
        try torn.append(#"{"custom"#)
        try torn.sync()
        _ = try DiskFile(errors, bytes: 0)

        let files = try ResultFiles(output: output, try journal(), isOrdered: false)
        #expect(files.position.place == 1 && text(errors) == nil)
        try files.append(BatchFixtures.result(2))
        try files.record()

        #expect(text(output) == "{\"custom_id\":\"1\"}\n{\"custom_id\":\"2\"}\n")
    }

    @Test(arguments: ["out.jsonl", "out.errors.jsonl"], [0, 3])
    func `files of which one is shorter than the journal says are written anew`(name: String, bytes: Int) throws {
        do {
            let files = try ResultFiles(output: output, try journal(), isOrdered: false)
            try files.append(BatchFixtures.result(1))
            try files.append(BatchFixtures.result(2, isOK: false))
            try files.record()
        }
        #expect(try journal().shortFile(output: output) == nil)
        if bytes == 0 {
            try DiskFile.remove(directory.file(name))
        } else {
            _ = try DiskFile(directory.file(name), bytes: bytes)
        }
        #expect(try journal().shortFile(output: output) == directory.file(name))

        let files = try ResultFiles(output: output, try journal(), isOrdered: false)

        #expect(files.position == JournalPosition() && text(output) == "" && text(errors) == nil)
    }

    @Test func `the error file is found beside the output, wherever its folder is`() throws {
        let journal = try ResultJournal(directory.file("out.jsonl.journal"))
        try journal.append(.header(JournalHeader(batch: "batch_1", lines: 9, errors: "bad")))

        let files = try ResultFiles(output: output, journal, isOrdered: false)
        try files.append(BatchFixtures.result(1, isOK: false))
        try files.record()

        #expect(text(directory.file("bad")) == "{\"custom_id\":\"1\"}\n")
    }

    @Test func `numbers of results may be left out`() throws {
        let files = try ResultFiles(output: output, try journal(), isOrdered: false)
        for seq in [3, 4, 9] { try files.append(BatchFixtures.result(seq, seq: seq)) }

        #expect(files.position.place == 9 && files.lines == 3)
    }

    @Test func `another order and another round begin anew`() throws {
        do {
            let files = try ResultFiles(output: output, try journal(), isOrdered: false)
            try files.append(BatchFixtures.result(2, seq: 1))
            try files.append(BatchFixtures.result(1, seq: 2, isOK: false))
            try files.record()
        }

        let files = try ResultFiles(output: output, try journal(), isOrdered: true)
        #expect(files.position == JournalPosition(isOrdered: true) && text(output) == "" && text(errors) == nil)
        try files.append(BatchFixtures.result(1, seq: 2))
        try files.record()
        try files.restart(round: 4)

        #expect(files.position == JournalPosition(isOrdered: true, round: 4) && text(output) == "")
    }

    @Test func `lines in order are written as far as they follow each other`() {
        let results = [3, 4, 6, 7].map { BatchFixtures.result($0) }

        #expect(ResultFollower.ready(results, after: 2, isEnded: false).map(\.line) == [3, 4])
        #expect(ResultFollower.ready(results, after: 1, isEnded: false).isEmpty)
        #expect(ResultFollower.ready([], after: 1, isEnded: false).isEmpty)
    }

    @Test func `a blank line, which has no result, does not keep the rest back once the batch has ended`() {
        let results = [3, 4, 6, 7].map { BatchFixtures.result($0) }

        #expect(ResultFollower.ready(results, after: 1, isEnded: true).map(\.line) == [3, 4, 6, 7])
    }
}
