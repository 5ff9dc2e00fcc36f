import ArgumentParser
import Shared

struct RunBatch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs a file of requests, and writes their results into files.",
        discussion: """
            IN is a file of lines, also packed with gzip; - is standard input. A line is OpenAI's batch line, Anthropic's, \
            {"prompt": "…"}, a request's body, or plain text with --model. All lines are checked before any is sent.

            The results go to OUT, failed lines to OUT's name with .errors.jsonl, in OpenAI's form. OUT.journal keeps how far \
            they are written. The same command goes on where an earlier one was stopped, in whatever way.

            Ctrl-C lets the lines in the queue end, and stops; a second one leaves at once, and the batch goes on. \
            Processes of `submitter serve` run it.

            \(BatchOutcome.codes)

            Examples:
              submitter batch run in.jsonl -o out.jsonl
              submitter batch run questions.txt -o out.jsonl --model gpt-4.1-mini --max-cost 5
              zcat in.jsonl.gz | submitter batch run - -o out.jsonl --ordered
              submitter batch run in.jsonl --dry-run
            """)

    @Argument(help: ArgumentHelp("The file of requests.", valueName: "in"))
    var input: String

    @Option(name: .shortAndLong, help: ArgumentHelp("The file for results.", valueName: "out"))
    var output: String?

    @Option(help: ArgumentHelp("The file for failed lines; made only if there are any.", valueName: "file"))
    var errors: String?

    @OptionGroup var wishes: BatchWishes

    @Flag(help: "Write results in the order of the input.")
    var ordered = false

    @Flag(help: "Forget an earlier run: cancel its batch, remove its files, begin anew.")
    var fresh = false

    @Flag(help: "Ask once more for lines that failed and may succeed.")
    var retryErrors = false

    @Flag(help: "Only check the lines, and print what they may cost.")
    var dryRun = false

    @Flag(help: "Only check the lines.")
    var validateOnly = false

    @Flag(help: "Print events as lines of JSON.")
    var json = false

    @Flag(help: "Print nothing but failures.")
    var quiet = false

    func validate() throws {
        guard dryRun || validateOnly || output != nil else { throw ValidationError("-o: expected a file for results") }
        if output == "-" { throw ValidationError("-o: expected a file, since it is continued after a stop") }
        guard !(fresh && retryErrors) else { throw ValidationError("expected --fresh or --retry-errors, not both") }
        if let output, let clash = OutputPaths(output, errors: errors).clash(input: input) {
            throw ValidationError(clash)
        }
    }

    func run() async throws {
        try await BatchSession.run(ProgressReporter.voice(json: json, quiet: quiet)) { session in
            guard let output, !dryRun, !validateOnly else { return try await check(session) }
            let run = LocalRun(
                plan: try plan(output), store: session.store, catalog: session.catalog, reporter: session.reporter,
                stops: Interrupts())
            let farewell = BatchSession.Farewell(stopped: "stopped; the same command goes on") { batch in
                "detached; the batch goes on: submitter batch attach \(batch) -o \(output)"
            }
            try await session.finish(run.stops, farewell) { try await run.run() }
        }
    }

    private func plan(_ output: String) throws -> RunPlan {
        RunPlan(
            input: input, paths: OutputPaths(output, errors: errors), model: wishes.model, options: wishes.options,
            tenant: wishes.tenant, metadata: try wishes.pairs(),
            deadline: wishes.deadline.milliseconds, isOrdered: ordered, isFresh: fresh, retriesErrors: retryErrors)
    }

    private func check(_ session: BatchSession) async throws {
        let catalog = try await session.catalog.load()
        var forecast = CostForecast(catalog: catalog, provider: wishes.provider)
        let checked = try CheckedInput(
            input, LineForm(model: wishes.model), wishes.options, catalog,
            visit: { if dryRun { forecast.add($0) } })
        let rows = ForecastTable(forecast.sums)
        if json {
            AdminOutput.row(rows.json(checked, isForecast: dryRun), asJSON: true)
        } else if !quiet {
            AdminOutput.say("\(ProgressWords.grouped(checked.lines)) lines are good")
            if dryRun { StandardStreams.out(Array(rows.text(width: TerminalSize.of()?.columns).utf8)) }
        }
    }
}
