import ArgumentParser
import Shared

struct FetchResults: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "results", abstract: "Writes the results that a batch has now, and does not wait for more.",
        discussion: """
            With -o - results go to standard output, and failed lines only to a file that --errors names. It ends \
            where nobody reads standard output any more.

            Exit codes: 0 it has ended and every line has an answer, 1 it has not ended, or something failed, 2 lines \
            failed, 3 wrong settings, or a file exists, 4 deadline or budget stopped it.

            Example: submitter batch results batch_0123456789abcdef -o - | jq .response.body
            """)

    @Argument(help: "The id of the batch.")
    var id: String

    @Option(name: .shortAndLong, help: ArgumentHelp("The file for results; - is standard output.", valueName: "out"))
    var output: String

    @Option(help: ArgumentHelp("The file for failed lines; made only if there are any.", valueName: "file"))
    var errors: String?

    @Flag(help: "Write results in the order of the input.")
    var ordered = false

    @Flag(help: "Replace files that are there.")
    var fresh = false

    func validate() throws {
        if errors == "-" { throw ValidationError("--errors: expected a file") }
        if output != "-", let clash = OutputPaths(output, errors: errors).clash() { throw ValidationError(clash) }
    }

    func run() async throws {
        try await BatchSession.run { session in
            guard let batch = try await session.store.find(id) else { throw BatchTrouble.unknown(id) }
            let errorPath = output == "-" ? errors : OutputPaths(output, errors: errors).errors
            let paths = [output == "-" ? nil : output, errorPath].compactMap(\.self)
            if fresh { try OutputPaths.remove(paths) } else { try OutputPaths.refuse(paths, "") }
            try await copy(batch, session.store, to: errorPath)
            guard batch.status.isEnded else {
                throw BatchTrouble("\(id) has not ended: \(batch.counts.done) of \(batch.counts.total) lines are done")
            }
            let code = JournalEnd(batch).exitCode
            if code != 0 { throw ExitCode(code) }
        }
    }

    private func copy(_ batch: Batch, _ store: BatchStore, to errorPath: String?) async throws {
        let out = output == "-" ? nil : try DiskFile(output, bytes: 0)
        var (failed, place) = (DiskFile?.none, 0)
        while StandardStreams.output.isOpen || errorPath != nil {
            let page =
                ordered
                ? try await store.results(of: batch.id, afterLine: place)
                : try await store.results(of: batch.id, after: place)
            guard let last = page.last else { break }
            place = ordered ? last.line : last.seq
            let good = page.filter(\.isOK).map(\.body)
            if let out {
                for body in good { try out.append(body) }
            } else {
                StandardStreams.out(Array(good.map { $0 + "\n" }.joined().utf8))
            }
            for result in page where !result.isOK {
                guard let errorPath else { break }
                failed = try failed ?? DiskFile(errorPath, bytes: 0)
                try failed?.append(result.body)
            }
        }
        try out?.sync()
        try failed?.sync()
    }
}
