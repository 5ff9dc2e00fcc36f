import ArgumentParser
import Shared

/// `submitter jobs`: requests in the queue, and those that have ended.
struct JobsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs", abstract: "Lists, shows, follows and cancels requests.",
        discussion: """
            Works on Redis directly, for all tenants; only 'list --recent' reads PostgreSQL. Prompts are never shown, \
            answers only by 'show --body' and 'tail'.

            Examples:
              submitter jobs list --state running
              submitter jobs tail ID

            Exit codes: 0 done, 1 no such request, or it failed or has ended, 3 wrong settings, 64 wrong arguments.
            """,
        subcommands: [ListJobs.self, ShowJob.self, TailJob.self, CancelJobs.self])
}

struct ListJobs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists requests that wait or run now, or attempts that have ended.",
        discussion: """
            Running ones come first, then the oldest. A request is 'queued' in its lane, 'waiting' for capacity of an \
            account or for a time, and 'running' in a worker. 'attempt' counts those made so far. The model of a body \
            above 16 KB is not known here.

            --recent lists the attempts in PostgreSQL that began within --since, the latest first.

            Examples:
              submitter jobs list --tenant acme --lane high
              submitter jobs list --state waiting --limit 200 --json
              submitter jobs list --recent --status error --since 2h

            Exit codes: 0 done, 1 Redis or PostgreSQL cannot be reached, 3 wrong settings, 64 wrong arguments.
            """)

    @Option(help: "Only this tenant's.")
    var tenant: String?

    @Option(help: "Only of this lane.")
    var lane: Lane?

    @Option(help: "Only of this model, by the name that was asked for.")
    var model: String?

    @Option(help: "Only in this state.")
    var state: QueuedRequest.State?

    @Flag(help: "List attempts that have ended instead.")
    var recent = false

    @Option(
        help: "With --recent: how they ended: done, error, cancelled or lost.")
    var status: AttemptRecord.Status?

    @Option(
        help: ArgumentHelp("With --recent: from when on, as in 2h or 2026-11-29 (default: 1h).", valueName: "time"),
        transform: TimePoint.parse)
    var since: TimePoint?

    @Option(help: "Rows at most.")
    var limit = 50

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        try RowLimit.check(limit)
        if !recent, status != nil { throw ValidationError("--status: expected --recent beside it") }
        if !recent, since != nil { throw ValidationError("--since: expected --recent beside it") }
        if recent, state != nil { throw ValidationError("--state: expected no --recent beside it") }
    }

    func run() async throws {
        try await AdminSession.run { session in
            guard recent else { return try await listQueued(session) }
            let since = (since ?? .ago(3_600_000)).milliseconds(now: SystemWallClock().now)
            var query = UsageLogQuery(lane: lane, since: since, limit: limit)
            query.filters[.status] = status?.rawValue
            query.filters[.tenant] = tenant
            query.filters[.model] = model
            let rows = try await UsageLog(session.pool).page(query).rows.map(EndedAttempts.row)
            AdminOutput.list(json ? rows : rows.map(EndedAttempts.readable), EndedAttempts.columns, asJSON: json)
        }
    }

    private func listQueued(_ session: AdminSession) async throws {
        let filter = QueuedRequestFilter(tenant: tenant, lane: lane, model: model, state: state)
        let limit = limit
        let list = try await session.withQueues { queues in
            var list = QueuedJobs()
            for queue in queues.all {
                list.add(
                    try await QueueListing(queue: queue).list(filter, limit: limit), rooms: try await queue.rooms())
            }
            return list
        }
        let rows = list.rows(now: SystemWallClock().now, limit: limit)
        AdminOutput.list(json ? rows : rows.map(QueuedJobs.readable), QueuedJobs.columns, asJSON: json)
        if !list.isWhole {
            StandardStreams.error("only the oldest \(QueueListing.mostEntries) requests of each lane were looked at\n")
        }
    }
}

extension AttemptRecord.Status: ExpressibleByArgument {
    package init?(argument: String) { self.init(anyCase: argument) }
}
