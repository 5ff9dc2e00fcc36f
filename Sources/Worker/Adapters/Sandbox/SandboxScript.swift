/// The sandbox's answer as a plan: deltas, the pauses between them, and the ending.
///
/// In: a request, the directives in its last user message (`SandboxDirectives`), the number of the attempt. Out: steps,
/// the pause after the last one, and the ending. Pure and deterministic: `SandboxStream` keeps the pauses. The deltas
/// and bodies have the shapes that the OpenAI decoder gives.
import Shared

struct SandboxScript: Sendable {
    struct Step: Sendable, Equatable {
        /// Before the delta.
        var pause: Duration
        var delta: ChatDelta
    }

    enum Ending: Sendable, Equatable {
        case answer(ChatCompletionEnd)
        case failure(JobFailure)
    }

    /// Also made for non-stream requests, whose pauses add up to the time of the whole answer.
    private(set) var steps: [Step] = []
    /// Between the last step and the ending.
    private(set) var lastPause = Duration.zero
    private(set) var ending: Ending

    /// The duration of the whole plan.
    private(set) var duration = Duration.zero

    /// Between two pieces.
    private let delay: Duration

    /// Chosen: nobody reads a long text word by word, so the default pace adds no more than this to a stream.
    static let longestPacing = Duration.seconds(5)

    /// OpenAI's limits, since the sandbox stands in for OpenAI.
    static let limits = PlatformLimits(
        platform: "The sandbox", stops: 4, hasOtherTypes: true, imageRoles: ["user", "tool"], holdsAudio: true,
        pairsCalls: false)

    /// Plans the answer named `id` by `model`, for attempt number `attempt` (from 1, for `fail_attempts`).
    ///
    /// `created` is in seconds since 1970. `pace` is the pause between two pieces of a stream whose prompt sets none.
    /// Whole answers come at once.
    init(
        _ chat: ChatRequest, model: String, attempt: Int, id: String, created: Int64, pace: Duration = .zero
    ) {
        let last = chat.messages.last { $0["role"]?.stringValue == "user" }
        let message = SandboxReply.text(of: last)
        let (directives, rest) = SandboxDirectives.parse(message)
        let reply = SandboxReply(chat, directives, message: message, rest: rest)
        let pieces = reply.pieces.count * chat.n + directives.reasoning * chat.n
        delay = directives.delay ?? (chat.isStream ? min(pace, Self.longestPacing / max(1, pieces)) : .zero)
        let style = CallForm(chat, requestID: id).style
        let empty = CompletionBody(id: id, created: created, model: model, style: style)
        let body = SandboxScript.body(chat, directives, reply, empty)
        ending = .answer(SandboxScript.end(body, isStream: chat.isStream))
        addSteps(chat, directives, reply, ChunkBody(model: model, style: style))
        if let kind = directives.failure, attempt <= directives.failAttempts {
            fail(kind, directives)
        }
        duration = steps.reduce(lastPause) { $0 + $1.pause }
    }

    private static func body(
        _ chat: ChatRequest, _ directives: SandboxDirectives, _ reply: SandboxReply, _ empty: CompletionBody
    ) -> CompletionBody {
        var choice = CompletionBody.Choice(
            content: reply.calls.isEmpty ? reply.pieces.joined() : nil, finishReason: reply.finishReason)
        choice.reasoning = String(repeating: thought, count: directives.reasoning)
        choice.calls = reply.calls
        var body = empty
        body.choices = Array(repeating: choice, count: chat.n)
        if directives.reportsUsage { body.usage = usage(chat, directives, reply) }
        return body
    }

    /// Each piece counts as one token.
    private static func usage(
        _ chat: ChatRequest, _ directives: SandboxDirectives, _ reply: SandboxReply
    ) -> TokenUsage {
        var usage = TokenUsage()
        usage.input = TokenEstimate.prompt(of: chat)
        let call = reply.calls.calls.first.map { TokenEstimate(of: $0.name + $0.arguments).tokens } ?? 0
        usage.reasoning = directives.reasoning * chat.n
        usage.output = (reply.pieces.count + call) * chat.n + usage.reasoning
        return usage
    }

    private static func end(_ body: CompletionBody, isStream: Bool) -> ChatCompletionEnd {
        guard isStream else { return body.end }
        var end = ChatCompletionEnd(
            model: body.model, finishReason: body.finishReason, usage: body.usage)
        end.requestID = body.id
        return end
    }

    private static let thought = "thinking "

    private mutating func addSteps(
        _ chat: ChatRequest, _ directives: SandboxDirectives, _ reply: SandboxReply, _ chunk: ChunkBody
    ) {
        for choice in 0..<chat.n {
            add(chunk.role(choice: choice), after: choice == 0 ? directives.firstDelay : .zero)
            for _ in 0..<directives.reasoning {
                add(chunk.text(Self.thought, .reasoning, choice: choice), after: pause)
            }
            for piece in reply.pieces { add(chunk.text(piece, choice: choice), after: pause) }
            for var call in reply.calls.deltas {
                let arguments = CallDelta(number: call.number, arguments: call.arguments)
                call.arguments = ""
                for delta in chunk.calls([call], choice: choice) { add(delta, after: pause) }
                for delta in chunk.calls([arguments], choice: choice) { add(delta, after: delay) }
            }
            let last = chunk.finish(reply.finishReason, hasCalls: !reply.calls.isEmpty, choice: choice)
            add(last, after: .zero)
        }
    }

    /// No pause before the very first piece, which has `ttft_ms`.
    private var pause: Duration { steps.contains { $0.delta.isVisible } ? delay : .zero }

    private mutating func add(_ delta: ChatDelta, after pause: Duration) {
        steps.append(Step(pause: pause, delta: delta))
    }

    /// Cuts the plan at the failure: at once, or after `fail_after` visible pieces.
    private mutating func fail(_ kind: JobFailure.Kind, _ directives: SandboxDirectives) {
        lastPause = directives.failAfter == nil ? directives.firstDelay : delay
        var visible = 0
        let kept = steps.prefix { step in
            visible += step.delta.isVisible ? 1 : 0
            return directives.failAfter.map { visible <= $0 } ?? false
        }
        steps = Array(kept)
        ending = .failure(
            JobFailure(
                kind, "The sandbox failed as it was told to.", code: "sandbox", retryAfter: directives.retryAfter))
    }
}
