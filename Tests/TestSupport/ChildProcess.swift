import Foundation
import NIOCore
import NIOPosix

/// A program that tests run beside themselves, as a server, a worker, a submitter, and that never outlives them.
///
/// Each child has a thread of this process that starts it and then waits for it. The kernel kills the child when that
/// thread ends: `PR_SET_PDEATHSIG`, set by util-linux' `setpriv`, is tied to the thread that forks, not to the process.
/// That also covers a test process that is SIGKILLed. Children of the child are its own affair.
/// Output goes to files, so that nobody has to drain a pipe.
package final class ChildProcess: Sendable {
    package typealias Exit = ProcessLife.Exit

    private let life: ProcessLife
    private let files: TemporaryDirectory
    private let end: EventLoopFuture<Exit>

    private init(life: ProcessLife, files: TemporaryDirectory, end: EventLoopFuture<Exit>) {
        self.life = life
        self.files = files
        self.end = end
    }

    deinit { life.signal(SIGKILL) }

    /// Starts a program, found in `PATH` unless it is a path.
    ///
    /// `environment` is added to this process' own. `user`: an account to run as, where the test runs as root.
    package static func start(
        _ executable: String, _ arguments: [String] = [], environment: [String: String] = [:], user: String? = nil
    ) async throws -> ChildProcess {
        let files = try TemporaryDirectory()
        let account = user.map { ["--reuid", $0, "--regid", $0, "--clear-groups"] } ?? []
        let spawn = Spawn(
            words: ["setpriv", "--pdeathsig", "KILL"] + account + ["--"] + guardian + [executable] + arguments,
            environment: ProcessInfo.processInfo.environment.merging(environment) { $1 },
            output: files.file("stdout"), errors: files.file("stderr"))
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let started = loop.makePromise(of: ProcessLife.self)
        let ended = loop.makePromise(of: Exit.self)
        Thread.detachNewThread {
            do {
                let life = ProcessLife(pid: try spawn())
                started.succeed(life)
                ended.succeed(life.reap())
            } catch {
                started.fail(error)
                ended.fail(error)
            }
        }
        return ChildProcess(life: try await started.futureResult.get(), files: files, end: ended.futureResult)
    }

    /// Gives up where this process died before the death signal was asked for: the kernel would send none.
    private static let guardian = ["sh", "-c", "[ $PPID = $0 ] || exit 1; exec \"$@\"", "\(getpid())"]

    package var pid: Int32 { life.pid }

    /// Sends a signal, unless the child has ended.
    package func signal(_ number: Int32) { life.signal(number) }

    /// Waits until the child has ended.
    ///
    /// May be called any number of times.
    package func wait() async throws -> Exit { try await end.get() }

    /// Everything the child has written to its standard output so far.
    package var output: String { text("stdout") }
    package var errors: String { text("stderr") }

    /// Waits until standard output or standard error contains a text.
    ///
    /// Throws if the child ends before.
    package func waitForOutput(containing text: String, timeout: Duration = .seconds(20)) async throws {
        try await eventually("the child writes \"\(text)\"", timeout: timeout) {
            // Asked first: what a child wrote before it ended is there to be read.
            let hasEnded = life.hasEnded
            if output.contains(text) || errors.contains(text) { return true }
            guard !hasEnded else { throw ChildEnded(wanted: text, exit: try await wait(), errors: errors) }
            return false
        }
    }

    /// SIGTERM, and SIGKILL if that was not enough in time.
    @discardableResult
    package func stop(patience: Duration = .seconds(10)) async throws -> Exit {
        signal(SIGTERM)
        do {
            try await eventually("the child ends", timeout: patience) { life.hasEnded }
        } catch is NeverHappened {
            signal(SIGKILL)
        }
        return try await wait()
    }

    private func text(_ name: String) -> String {
        String(decoding: FileManager.default.contents(atPath: files.file(name)) ?? Data(), as: UTF8.self)
    }
}

/// A child ended while something was still expected of it.
package struct ChildEnded: Error, CustomStringConvertible {
    package let wanted: String
    package let exit: ChildProcess.Exit
    package let errors: String

    package var description: String { "ended with \(exit) before it wrote \"\(wanted)\": \(errors.suffix(2000))" }
}
