import Foundation
import Glibc
import TestSupport
import Testing

@Suite struct ChildProcessTests {
    @Test func `output, errors and exit code of a program are there once it has ended`() async throws {
        let child = try await ChildProcess.start(
            "sh", ["-c", "echo \"$WORD\"; echo bad >&2; exit 3"], environment: ["WORD": "good"])

        #expect(try await child.wait() == .code(3))
        #expect(child.output == "good\n")
        #expect(child.errors == "bad\n")
    }

    @Test func `a signal ends a child, and says so`() async throws {
        let child = try await ChildProcess.start("sleep", ["1000"])

        child.signal(SIGINT)

        #expect(try await child.wait() == .signal(SIGINT))
        child.signal(SIGKILL)
    }

    @Test func `a child that ignores SIGTERM is killed when patience ends`() async throws {
        let child = try await ChildProcess.start(
            "sh", ["-c", "trap '' TERM; echo ready; while :; do read x; done < /dev/zero"])
        try await child.waitForOutput(containing: "ready")

        #expect(try await child.stop(patience: .milliseconds(50)) == .signal(SIGKILL))
    }

    @Test func `waiting for output of a child that ends without it fails at once`() async throws {
        let child = try await ChildProcess.start("sh", ["-c", "echo one; exit 1"])

        let error = await #expect(throws: ChildEnded.self) { try await child.waitForOutput(containing: "two") }

        #expect(error?.exit == .code(1))
    }

    @Test func `a program that does not exist ends with the shell's code`() async throws {
        #expect(try await ChildProcess.start("no-such-program-anywhere").wait() == .code(127))
    }

    @Test func `a child ends when nobody refers to it any more`() async throws {
        var child: ChildProcess? = try await ChildProcess.start("sleep", ["1000"])
        let pid = try #require(child?.pid)

        child = nil

        try await eventually("the child is gone") { !isRunning(pid) }
        #expect(child == nil)
    }

    @Test func `no child outlives a test process that is SIGKILLed`() async throws {
        let directory = try TemporaryDirectory()
        let file = directory.file("pid")
        await #expect(processExitsWith: .signal(SIGKILL)) { [file = file as String] in
            let child = try await ChildProcess.start("sleep", ["1000"])
            try "\(child.pid)".write(toFile: file, atomically: true, encoding: .utf8)
            kill(getpid(), SIGKILL)
        }

        let pid = try #require(pid_t(try String(contentsOfFile: file, encoding: .utf8)))

        try await eventually("the child is gone") { !isRunning(pid) }
    }

    /// True when a process exists and is more than a zombie that its new parent has not reaped.
    private func isRunning(_ pid: pid_t) -> Bool {
        guard let stat = FileManager.default.contents(atPath: "/proc/\(pid)/stat") else { return false }
        let text = String(decoding: stat, as: UTF8.self)
        return text.split(separator: ")").last?.dropFirst().first != "Z"
    }
}
