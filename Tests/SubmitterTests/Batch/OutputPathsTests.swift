import Foundation
import Shared
import TestSupport
import Testing

@testable import Submitter

/// The files of a command are told apart by what they are, not by how they are spelled.
@Suite struct OutputPathsTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func write(_ name: String, _ text: String = "x") throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: directory.file(name)))
    }

    @Test(arguments: [("a/out.jsonl", "a/out.errors.jsonl"), ("out", "out.errors.jsonl")])
    func `failed lines have a file beside the output`(output: String, errors: String) {
        #expect(OutputPaths(output).errors == errors)
    }

    @Test(arguments: [
        "out.jsonl", "./out.jsonl", "../../SELF/out.jsonl", "link/out.jsonl", "out.jsonl.journal",
        "out.jsonl.journal.input", "link/out.jsonl.journal.input.part",
    ])
    func `one file under two names is refused, whether it is there or not`(errors: String) throws {
        let folder = URL(fileURLWithPath: directory.path)
        try FileManager.default.createSymbolicLink(
            atPath: directory.file("link"), withDestinationPath: directory.path)
        let parent = folder.deletingLastPathComponent().lastPathComponent
        let spelled = errors.replacing("SELF", with: "\(parent)/\(folder.lastPathComponent)")
        let paths = OutputPaths(directory.file("out.jsonl"), errors: directory.file(spelled))

        #expect(paths.clash() != nil)
        for path in [directory.file("out.jsonl"), directory.file("out.jsonl.journal")] {
            try Data().write(to: URL(fileURLWithPath: path))
        }
        #expect(paths.clash() != nil)
    }

    @Test func `the input must be no output, also by a link`() throws {
        try write("in.jsonl")
        try FileManager.default.createSymbolicLink(
            atPath: directory.file("out.jsonl"), withDestinationPath: directory.file("in.jsonl"))
        let paths = OutputPaths(directory.file("out.jsonl"))

        #expect(paths.clash(input: directory.file("in.jsonl")) == "-o: expected another file than IN")
        #expect(paths.clash(input: directory.file("out.errors.jsonl")) == "--errors: expected another file than IN")
        #expect(paths.clash(input: directory.file("other.jsonl")) == nil && paths.clash(input: "-") == nil)
    }

    @Test func `a journal names the error file so that the folder may be moved`() throws {
        let output = directory.file("out.jsonl")
        let beside = OutputPaths(output, errors: directory.file("./bad.jsonl"))
        let elsewhere = OutputPaths(output, errors: "/bad.jsonl")

        #expect(beside.errorsInJournal == "bad.jsonl" && elsewhere.errorsInJournal == "/bad.jsonl")
        #expect(OutputPaths("out.jsonl", errors: "./bad.jsonl").errorsInJournal == "bad.jsonl")
        #expect(OutputPaths.errors(inJournal: "bad.jsonl", beside: output) == directory.file("bad.jsonl"))
        #expect(OutputPaths.errors(inJournal: "bad.jsonl", beside: "out.jsonl") == "bad.jsonl")
        #expect(OutputPaths.errors(inJournal: "/bad.jsonl", beside: output) == "/bad.jsonl")
    }

    // MARK: - Input that is read once

    private func pipe(_ text: String) throws -> Process {
        #expect(unsafe mkfifo(directory.file("pipe"), 0o600) == 0)
        let writer = Process()
        writer.executableURL = URL(fileURLWithPath: "/bin/sh")
        writer.arguments = ["-c", "printf '%s' '\(text)' > '\(directory.file("pipe"))'"]
        try writer.run()
        return writer
    }

    @Test func `a pipe is copied, and its copy kept once it is wanted`() throws {
        let (writer, place) = (try pipe("hello"), directory.file("place"))
        let input = RunInput(directory.file("pipe"), copy: place)

        try input.read(known: nil)
        writer.waitUntilExit()
        #expect(input.path == place + ".part" && DiskFile.size(of: place) == nil)
        try input.keep()

        #expect(input.path == place && StandardStreams.text(of: place) == "hello")
        try input.removeCopies()
        #expect(DiskFile.size(of: place) == nil && DiskFile.size(of: place + ".part") == nil)
    }

    @Test func `another content than before is refused, and the copy of before stays`() throws {
        try write("place", "before")
        let (writer, place) = (try pipe("after"), directory.file("place"))
        let input = RunInput(directory.file("pipe"), copy: place)

        #expect(throws: BatchTrouble.changed(directory.file("pipe"))) { try input.read(known: "ab") }
        writer.waitUntilExit()
        try input.abandon(all: true)

        #expect(StandardStreams.text(of: place) == "before" && DiskFile.size(of: place + ".part") == nil)
    }

    @Test func `where nothing comes, the copy of before is read`() throws {
        try write("place", "before")
        let writer = try pipe("")
        let input = RunInput(directory.file("pipe"), copy: directory.file("place"))

        try input.read(known: "ab")
        writer.waitUntilExit()

        #expect(input.path == directory.file("place"))
    }

    @Test func `a file is read where it is`() throws {
        try write("in")
        let input = RunInput(directory.file("in"), copy: directory.file("place"))

        try input.read(known: nil)
        try input.keep()
        try input.removeCopies()
        try input.abandon(all: true)

        #expect(input.path == directory.file("in") && DiskFile.size(of: directory.file("in")) == 1)
    }
}
