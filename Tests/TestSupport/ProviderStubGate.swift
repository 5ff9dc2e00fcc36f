import Glibc

/// Holds a stub's reply back until the test says so, as a step: `.waitFor(gate)`.
///
/// A pipe, so that a connection can wait for it and for its client's leaving at once. Once released it stays open.
package final class Gate: Sendable {
    /// Readable when the gate is open.
    ///
    /// Nobody reads it.
    let descriptor: Int32
    private let opener: Int32

    package init() {
        var ends: [Int32] = [-1, -1]
        let result = pipe(&ends)
        precondition(result == 0, "no descriptors left for a gate")
        (descriptor, opener) = (ends[0], ends[1])
        for end in ends { FreshDescriptor.prepare(end) }
    }

    deinit {
        close(descriptor)
        close(opener)
    }

    /// Lets everybody pass who waits here, now or later.
    ///
    /// May be called again.
    package func release() {
        var byte: UInt8 = 1
        // Fails when the pipe is full of earlier releases, and then the gate is open.
        _ = write(opener, &byte, 1)
    }
}

/// Glibc shows `accept4` and `pipe2` to GNU sources only, so descriptors are made fit afterwards.
enum FreshDescriptor {
    /// Not blocking, and not for child processes.
    static func prepare(_ descriptor: Int32) {
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    }
}
