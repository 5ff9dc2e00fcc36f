import ArgumentParser
import Shared

/// `submitter chat`: one question straight to the queue, the answer on standard output as it comes.
struct ChatCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat",
        abstract: "Asks a model one question and prints the answer as it comes.",
        discussion: """
            Puts the request straight into Redis (REDIS_URL, CACHE_PREFIX); no shim is needed, but a worker is. \
            Reasoning goes to standard error, dimmed. Ctrl-C cancels the request.

            Examples:
              submitter chat "Hello"
              submitter chat - --model gpt-4.1-mini < question.txt

            Exit codes: 0 answered, 1 failed (the reason is on standard error), 3 wrong settings, 130 interrupted.
            """)

    @Argument(help: "The question; - reads it from standard input.")
    var text: String

    @Option(help: "Model to ask.")
    var model = "sandbox"

    @Option(help: "System message.")
    var system: String?

    @Flag(inversion: .prefixedNo, help: "Print the answer as it comes, or at once when it is complete.")
    var stream = true

    @Flag(help: "Print the complete answer as JSON; implies --no-stream.")
    var json = false

    func validate() throws {
        if model.isEmpty { throw ValidationError("--model: expected a name") }
    }

    func run() async throws {
        let startup = try Startup()
        let session = ChatSession(
            redis: try startup.redis(), keys: startup.shared.shardKeys.randomElement() ?? startup.shared.keys,
            limits: startup.shared.queue.limits,
            logger: startup.logger("submitter"))
        let printer = ChatPrinter(asJSON: json)
        switch try await session.ask(try request(), printer) {
        case .answered: return
        case .failed(let failure):
            StandardStreams.error("\(failure.kind.rawValue): \(TerminalText.plain(failure.message))\n")
            throw Exit.failed
        case .interrupted: throw Exit.interrupted
        }
    }

    /// The request as OpenAI's JSON.
    private func request() throws -> [UInt8] {
        var messages: [JSON] = []
        if let system { messages.append(["role": "system", "content": .string(system)]) }
        messages.append(["role": "user", "content": .string(try question())])
        return JSON.object([
            "model": .string(model), "messages": .array(messages), "stream": .bool(stream && !json),
        ]).encoded
    }

    private func question() throws -> String {
        guard text == "-" else { return text }
        guard let given = StandardStreams.input(), !given.isEmpty else {
            throw ValidationError("standard input: expected UTF-8 text")
        }
        return given
    }
}
