import ArgumentParser
import Shared

/// `submitter queue`: the depth of the queue, once or again and again.
struct QueueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue", abstract: "Shows how full the queue is, what waits for capacity, and who works.",
        discussion: """
            All shards together. 'waiting' are the requests of a lane that no worker holds, and 'unclaimed' those of them \
            that do not wait for capacity. 'oldest' is the age of the lane's oldest request, waiting or running. A worker \
            is 'silent' that holds requests and whose heartbeat has ended. Reads Redis only, and no prompt.

            --watch repeats it, on a terminal in place, until Ctrl-C. With --json it prints one line of JSON each time.

            Examples:
              submitter queue
              submitter queue --watch --interval 5
              submitter queue --json | jq .lanes

            Exit codes: 0 done, also after Ctrl-C, 1 Redis cannot be reached, 3 wrong settings, 64 wrong arguments.
            """)

    @Flag(help: "Repeat until Ctrl-C.")
    var watch = false

    @Option(help: "Seconds between two looks of --watch, 0.2 to 3600 (default: 2).")
    var interval: Double?

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard (0.2...3600).contains(interval ?? 2) else {
            throw ValidationError("--interval: expected seconds from 0.2 to 3600")
        }
        if interval != nil, !watch { throw ValidationError("--interval: expected --watch beside it") }
    }

    func run() async throws {
        try await AdminSession.run { session in
            try await session.withQueues { queues in
                guard watch else { return show(try await QueueReading.read(queues)) }
                _ = try await Interrupt.race { await repeatedly(queues) }
            }
        }
    }

    private func show(_ report: QueueReport) {
        if json { return AdminOutput.row(report.json, asJSON: true) }
        StandardStreams.out(Array(report.text(width: TerminalSize.of()?.columns).utf8))
    }

    /// A Redis that is away is told and asked again: people watch a queue when something is wrong.
    ///
    /// Ends where nobody gets the output any more.
    private func repeatedly(_ queues: JobQueues) async {
        let screen = WatchScreen()
        for await _ in every(.seconds(interval ?? 2)) {
            do throws(RedisError) {
                let report = try await QueueReading.read(queues)
                if json { show(report) } else { screen.show(report.text(width: screen.size?.columns)) }
            } catch {
                if error.code != .cancelled { StandardStreams.error("\(error)\n") }
            }
            guard StandardStreams.output.isOpen else { return }
        }
    }
}
