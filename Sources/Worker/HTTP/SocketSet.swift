import CCurl
import Glibc

/// Sockets that epoll watches, level-triggered.
///
/// `EventPoll` adds to one what wakes its thread.
final class SocketSet: Sendable {
    struct Event {
        var descriptor: Int32
        var isReadable: Bool
        var isWritable: Bool
        var isBroken: Bool
    }

    private let poll: Int32

    init() throws(HTTPError) {
        poll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard poll >= 0 else { throw HTTPError(.other, "no descriptors left for the event loop") }
    }

    deinit { close(poll) }

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

    /// Waits for events, at most `milliseconds` (−1: for ever), and returns up to `capacity`.
    func wait(milliseconds: Int32, capacity: Int = 256) -> [Event] {
        let events = unsafe [epoll_event](unsafeUninitializedCapacity: capacity) { buffer, count in
            // unsafe: the kernel writes at most `capacity` events and says how many.
            count = unsafe max(0, Int(epoll_wait(poll, buffer.baseAddress, Int32(capacity), milliseconds)))
        }
        return unsafe events.map { event in
            let (descriptor, flags) = unsafe (event.data.fd, event.events)
            return Event(
                descriptor: descriptor, isReadable: flags & EPOLLIN.rawValue != 0,
                isWritable: flags & EPOLLOUT.rawValue != 0,
                isBroken: flags & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0)
        }
    }
}
