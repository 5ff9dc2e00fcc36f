import Foundation
import Synchronization

/// The curl thread as the rest of the process sees it: a list of commands and a wake-up.
final class CurlLoop: Sendable {
    enum Command {
        case start(Transfer)
        case cancel(Transfer)
        case unpause(Transfer)
        case wake(Transfer, at: ContinuousClock.Instant)
    }

    private struct Inbox {
        var commands: [Command] = []
        var isStopping = false
        var hasEnded = false
        var shutdownWaiters: [CheckedContinuation<Void, Never>] = []
    }

    let configuration: HTTPClientConfiguration
    let resumptions: Resumptions
    private let poll: EventPoll
    private let gathered: SocketSet
    private let inbox = Mutex(Inbox())

    init(_ configuration: HTTPClientConfiguration) throws(HTTPError) {
        self.configuration = configuration
        resumptions = Resumptions(configuration.resume)
        poll = try EventPoll()
        gathered = try SocketSet()
        let worker = Thread { [self] in run() }
        worker.name = "curl"
        worker.start()
    }

    // MARK: - Commands, from any thread

    /// Starts an exchange and waits for `result`.
    ///
    /// Cancelling the task ends the exchange.
    func awaiting<Value: Sendable>(
        _ transfer: Transfer, _ arm: HTTPClient.Arm, _ result: @Sendable () async -> Result<Value, HTTPError>
    ) async throws(HTTPError) -> Value {
        add(.start(transfer))
        arm { [self] in cancel(transfer) }
        return try await interruptible(transfer, result)
    }

    func interruptible<Value: Sendable>(
        _ transfer: Transfer, _ result: @Sendable () async -> Result<Value, HTTPError>
    ) async throws(HTTPError) -> Value {
        try await withTaskCancellationHandler {
            await result()
        } onCancel: {
            cancel(transfer)
        }.get()
    }

    func cancel(_ transfer: Transfer) { add(.cancel(transfer)) }
    func unpause(_ transfer: Transfer) { add(.unpause(transfer)) }
    func wake(_ transfer: Transfer, at time: ContinuousClock.Instant) { add(.wake(transfer, at: time)) }

    private func add(_ command: Command) {
        let isTooLate = inbox.withLock { inbox in
            if !inbox.hasEnded { inbox.commands.append(command) }
            return inbox.hasEnded
        }
        guard !isTooLate else {
            if case .start(let transfer) = command { transfer.end(.failure(.cancelled)) }
            return resumptions.flush()
        }
        poll.wake()
    }

    func stop() {
        inbox.withLock { $0.isStopping = true }
        poll.wake()
    }

    /// Stops the thread and returns when it has ended.
    func shutdown() async {
        stop()
        await withCheckedContinuation { continuation in
            let hasEnded = inbox.withLock { inbox in
                if !inbox.hasEnded { inbox.shutdownWaiters.append(continuation) }
                return inbox.hasEnded
            }
            if hasEnded { continuation.resume() }
        }
    }

    // MARK: - The thread

    private func run() {
        let thread = CurlThread(configuration, poll, gathered)
        while let commands = takeCommands() {
            for command in commands { thread.perform(command) }
            resumptions.flush()
            thread.turn()
            resumptions.flush()
        }
        thread.end()
        let (late, shutdownWaiters) = inbox.withLock { inbox in
            inbox.hasEnded = true
            return (inbox.commands, inbox.shutdownWaiters)
        }
        for case .start(let transfer) in late { transfer.end(.failure(.cancelled)) }
        resumptions.flush()
        for waiter in shutdownWaiters { waiter.resume() }
    }

    /// `nil` when the thread ends.
    ///
    /// The commands then stay in the inbox, to be refused.
    private func takeCommands() -> [Command]? {
        inbox.withLock { inbox in
            guard !inbox.isStopping else { return nil }
            let commands = inbox.commands
            // A fresh array where there were commands, since emptying the shared one would copy it.
            if !commands.isEmpty { inbox.commands = [] }
            return commands
        }
    }
}
