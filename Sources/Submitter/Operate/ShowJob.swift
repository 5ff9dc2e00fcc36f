import ArgumentParser
import Shared

struct ShowJob: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows the state of one request, its attempts and its usage.",
        discussion: """
            The members are those of GET /api/v1/jobs/ID, and where the request has not ended its lane, worker or room. \
            The answer is shown only with --body. A report is there for as long as the log: JOB_LOG_TTL for jobs, \
            STREAM_LOG_TTL for others; after that, 'jobs list --recent' has the attempts.

            Examples:
              submitter jobs show 0-01KAT5Q3Z8W6N4J2H0F9D7C5B3
              submitter jobs show ID --body --json

            Exit codes: 0 done, 1 no such request, 3 wrong settings, 64 no id.
            """)

    @Argument(help: "The id, as in X-Job-Id; chatcmpl- may stand before it.")
    var id: String

    @Flag(help: "Show the answer, too.")
    var body = false

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws { _ = try JobTarget.id(id) }

    func run() async throws {
        try await AdminSession.run { session in
            let report = try await session.withQueues { queues in
                let target = try JobTarget(id, in: queues)
                let inspection = JobInspection(id: target.id, queue: target.queue)
                switch try await inspection.report(withBody: body) {
                case .known(let report): return report
                case .absent: throw JobTarget.missing(target.id)
                case .unseen: throw JobTarget.unseen(target.id)
                }
            }
            if json { return AdminOutput.row(report, asJSON: true) }
            AdminOutput.row(JobSummary.of(report), asJSON: false)
            let attempts = JobSummary.attempts(report)
            if !attempts.isEmpty {
                AdminOutput.say("")
                AdminOutput.list(attempts, JobSummary.attemptColumns, asJSON: false)
            }
        }
    }
}
