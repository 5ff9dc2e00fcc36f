import CoreMetrics
import Hummingbird
import Shared

/// The parts that every front door works with, and the steps that every request takes.
final class ShimParts: Sendable {
    let submission: JobSubmission
    let hub: ReplyHub
    let models: ModelCheck
    let bodies: BodyReader
    let connections: CallerConnections
    /// Counts streams that are picked up again.
    let resumes: Counter

    init(
        submission: JobSubmission, hub: ReplyHub, models: ModelCheck, bodies: BodyReader,
        connections: CallerConnections, resumes: Counter
    ) {
        self.submission = submission
        self.hub = hub
        self.models = models
        self.bodies = bodies
        self.connections = connections
        self.resumes = resumes
    }

    /// Reads options and body, with which every door begins.
    func receive(_ request: Request, _ context: ShimContext) async throws(APIError) -> ReceivedRequest {
        let options = try RequestOptions(request.headers)
        return ReceivedRequest(
            options: options, body: try await bodies.json(request), requestID: context.requestID, trace: context.trace)
    }

    /// Queues a call, and answers with what comes of it, whole or as a stream, in the call's format.
    func answer(_ call: ModelCall, _ context: ShimContext) async throws(APIError) -> Response {
        let accepted = try await submission.accept(call, from: connections.of(context.channel))
        guard call.request.isStream else {
            return try await WholeAnswer(accepted: accepted, format: call.format).response()
        }
        let lease = accepted.lease
        let start = StreamStart(
            id: lease.id, created: lease.created, includesUsage: call.request.includesUsage,
            requestID: context.requestID)
        return try await StreamedAnswer(lease: lease, events: call.format.stream(start)).response()
    }
}

extension ModelRequest {
    fileprivate var includesUsage: Bool {
        guard case .chat(let chat) = self else { return false }
        return chat.includeUsage
    }
}
