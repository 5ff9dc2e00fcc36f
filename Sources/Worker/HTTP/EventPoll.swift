import CCurl
import Glibc
import Synchronization

/// epoll and the eventfd that interrupts it.
///
/// `wake` may be called from any thread. Everything else belongs to the thread that waits.
final class EventPoll: Sendable {
    struct Event {
        var descriptor: Int32
        var isReadable: Bool
        var isWritable: Bool
        var isBroken: Bool
    }

    private let poll: Int32
    private let bell: Int32
    private let isRung = Atomic<Bool>(false)

    init() throws(HTTPError) {
        poll = epoll_create1(Int32(EPOLL_CLOEXEC))
        bell = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard poll >= 0, bell >= 0, set(bell, reads: true, writes: false, isNew: true) else {
            throw HTTPError(.other, "no descriptors left for the event loop")
        }
    }

    deinit {
        close(poll)
        close(bell)
    }

    /// Ends the wait under way, or the next one.
    ///
    /// Of several calls only the first makes a system call.
    func wake() {
        guard !isRung.exchange(true, ordering: .acquiringAndReleasing) else { return }
        eventfd_write(bell, 1)
    }

    @discardableResult
    func set(_ descriptor: Int32, reads: Bool, writes: Bool, isNew: Bool) -> Bool {
        // unsafe: `data` is a C union of which only the descriptor is ever written and read.
        var event = unsafe epoll_event()
        unsafe event.events = (reads ? EPOLLIN.rawValue : 0) | (writes ? EPOLLOUT.rawValue : 0)
        unsafe event.data.fd = descriptor
        // unsafe: the kernel copies the event before it returns.
        return unsafe epoll_ctl(poll, isNew ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, descriptor, &event) == 0
    }

    func remove(_ descriptor: Int32) {
        var event = unsafe epoll_event()
        // A closed descriptor has left epoll by itself.
        _ = unsafe epoll_ctl(poll, EPOLL_CTL_DEL, descriptor, &event)
    }

    /// Waits for events, at most `milliseconds` (−1: for ever).
    ///
    /// A wake-up is not reported.
    func wait(milliseconds: Int32) -> [Event] {
        let capacity = 256
        let events = unsafe [epoll_event](unsafeUninitializedCapacity: capacity) { buffer, count in
            // unsafe: the kernel writes at most `capacity` events and says how many.
            count = unsafe max(0, Int(epoll_wait(poll, buffer.baseAddress, Int32(capacity), milliseconds)))
        }
        return unsafe events.compactMap { event in
            let (descriptor, flags) = unsafe (event.data.fd, event.events)
            guard descriptor != bell else {
                var count: eventfd_t = 0
                _ = unsafe eventfd_read(bell, &count)
                isRung.store(false, ordering: .releasing)
                return nil
            }
            return Event(
                descriptor: descriptor, isReadable: flags & EPOLLIN.rawValue != 0,
                isWritable: flags & EPOLLOUT.rawValue != 0,
                isBroken: flags & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0)
        }
    }
}
