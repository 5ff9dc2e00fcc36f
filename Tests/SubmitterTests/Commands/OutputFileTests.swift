import Shared
import Testing

@testable import Submitter

#if canImport(Glibc)
    import Glibc
#endif

/// Standard output, by files that behave like it.
@Suite struct OutputFileTests {
    @Test func `what a full disk does not take is a failure with the system's reason`() {
        let full = unsafe open("/dev/full", O_WRONLY | O_CLOEXEC)
        defer { close(full) }
        let file = OutputFile(full, "standard output")

        #expect(file.failure == nil && file.isOpen)
        file.write(Array("text".utf8))

        #expect(file.failure == "standard output: cannot be written: No space left on device" && !file.isOpen)
    }

    @Test func `a reader that has closed its pipe does not want the rest, and nothing failed`() {
        _ = signal(SIGPIPE, SIG_IGN)
        var ends: [Int32] = [-1, -1]
        #expect(unsafe pipe(&ends) == 0)
        defer { close(ends[1]) }
        let file = OutputFile(ends[1], "standard output")
        close(ends[0])

        file.write(Array("text".utf8))

        #expect(file.failure == nil && !file.isOpen)
    }

    @Test(.timeLimit(.minutes(1))) func `a full pipe that does not block takes the rest when it is read`() {
        var ends: [Int32] = [-1, -1]
        #expect(unsafe pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        #expect(fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0)
        let (reader, file) = (ends[0], OutputFile(ends[1], "standard output"))
        let whole = (0..<300_000).map { UInt8(truncatingIfNeeded: $0) }

        let writer = ThreadExecutor(name: "writer")
        writer.run { file.write(whole) }
        var seen: [UInt8] = []
        while seen.count < whole.count { seen += Self.chunk(of: reader) }

        #expect(seen == whole && file.failure == nil && file.isOpen)
    }

    /// Waits for some bytes.
    private static func chunk(of descriptor: Int32) -> ArraySlice<UInt8> {
        var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        _ = unsafe poll(&wanted, 1, 1000)
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
        return bytes.prefix(max(0, count))
    }
}
