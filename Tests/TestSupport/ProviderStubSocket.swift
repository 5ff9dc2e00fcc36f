import Glibc
import Shared
import Synchronization

/// A non-blocking TCP socket of 127.0.0.1, closed when the last reference goes.
final class StubSocket: Sendable {
    struct Refused: Error {}

    enum Wake: Equatable { case ready, peerLeft, other(Int), timeout }

    private static let left = Int32(0x2000)  // POLLRDHUP, which Glibc shows to GNU sources only.

    let descriptor: Int32
    private let isClosed = Atomic<Bool>(false)

    private init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { end() }

    static func listen() throws -> (StubSocket, port: Int) {
        let socket = try make()
        var (address, length) = (address(0), socklen_t(MemoryLayout<sockaddr_in>.size))
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket.descriptor, $0, length) == 0 && Glibc.listen(socket.descriptor, 1024) == 0
                    && getsockname(socket.descriptor, $0, &length) == 0
            }
        }
        guard isBound else { throw Refused() }
        return (socket, Int(UInt16(bigEndian: address.sin_port)))
    }

    static func connect(toPort port: Int) throws -> StubSocket {
        let socket = try make()
        var address = address(UInt16(port))
        let isRefused = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(socket.descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) != 0
                    && errno != EINPROGRESS
            }
        }
        if isRefused { throw Refused() }
        return socket
    }

    func accept() -> StubSocket? {
        let client = Glibc.accept(descriptor, nil, nil)
        guard client >= 0 else { return nil }
        FreshDescriptor.prepare(client)
        Self.set(client, Int32(IPPROTO_TCP), TCP_NODELAY, Int32(1))
        return StubSocket(client)
    }

    /// Waits until `events` are possible here, one of the other descriptors can be read, or the peer leaves.
    ///
    /// The peer's leaving is seen although bytes of it are unread. A wait to read does not need that, since reading
    /// finds the end.
    func wait(for events: Int32 = 0, others: [Int32], timeout: Duration? = nil) -> Wake {
        let wanted = events & POLLIN == 0 ? events | Self.left : events
        var polls = ([(descriptor, wanted)] + others.map { ($0, POLLIN) }).map {
            pollfd(fd: $0.0, events: Int16($0.1), revents: 0)
        }
        let milliseconds = timeout.map { Int32(clamping: $0.milliseconds + 1) } ?? -1
        var count: Int32 = 0
        repeat { count = poll(&polls, nfds_t(polls.count), milliseconds) } while count < 0 && errno == EINTR
        if count == 0 { return .timeout }
        if let other = polls.dropFirst().firstIndex(where: { $0.revents != 0 }) { return .other(other - 1) }
        let hasLeft = events & POLLIN == 0 && Int32(polls[0].revents) & (Self.left | POLLHUP | POLLERR) != 0
        return hasLeft ? .peerLeft : .ready
    }

    /// The bytes that can be read now: none at the end, `nil` when nothing has come.
    func read() -> [UInt8]? {
        var isEnd = false
        let bytes = [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, count in
            let result = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            isEnd = result == 0 || result < 0 && errno != EAGAIN && errno != EINTR
            count = max(0, result)
        }
        return bytes.isEmpty && !isEnd ? nil : bytes
    }

    /// The number of bytes that were written, 0 when there is no room, `nil` when the peer is gone.
    func write(_ bytes: ArraySlice<UInt8>) -> Int? {
        let result = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        if result >= 0 { return result }
        return errno == EAGAIN || errno == EINTR ? 0 : nil
    }

    /// Closes the socket once, with `reset` by a RST.
    func end(reset: Bool = false) {
        guard !isClosed.exchange(true, ordering: .relaxed) else { return }
        if reset { Self.set(descriptor, SOL_SOCKET, SO_LINGER, linger(l_onoff: 1, l_linger: 0)) }
        close(descriptor)
    }

    private static func set<Value>(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Value) {
        withUnsafeBytes(of: value) {
            _ = setsockopt(descriptor, level, option, $0.baseAddress, socklen_t($0.count))
        }
    }

    private static func make() throws -> StubSocket {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_INET, kind, 0)
        guard descriptor >= 0 else { throw Refused() }
        return StubSocket(descriptor)
    }

    private static func address(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return address
    }
}
