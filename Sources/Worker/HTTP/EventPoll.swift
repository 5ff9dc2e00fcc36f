import CCurl
import Glibc
import Synchronization

/// A set of sockets and the eventfd that interrupts the wait for them.
///
/// `wake` may be called from any thread. Everything else belongs to the thread that waits.
final class EventPoll: Sendable {
    let sockets: SocketSet
    private let bell: Int32
    private let isRung = Atomic<Bool>(false)

    init() throws(HTTPError) {
        sockets = try SocketSet()
        bell = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard bell >= 0, sockets.set(bell, reads: true, writes: false, isNew: true) else {
            throw HTTPError(.other, "no descriptors left for the event loop")
        }
    }

    deinit { close(bell) }

    /// Ends the wait under way, or the next one.
    ///
    /// Of several calls only the first makes a system call.
    func wake() {
        guard !isRung.exchange(true, ordering: .acquiringAndReleasing) else { return }
        eventfd_write(bell, 1)
    }

    /// Waits for events, at most `milliseconds` (−1: for ever).
    ///
    /// A wake-up is not reported.
    func wait(milliseconds: Int32) -> [SocketSet.Event] {
        sockets.wait(milliseconds: milliseconds).filter { event in
            guard event.descriptor == bell else { return true }
            var count: eventfd_t = 0
            _ = unsafe eventfd_read(bell, &count)
            isRung.store(false, ordering: .releasing)
            return false
        }
    }
}
