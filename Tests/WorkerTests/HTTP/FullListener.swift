import Glibc

/// A listening socket that accepts nobody and whose queue is full: the kernel leaves further connections unanswered.
final class FullListener: Sendable {
    struct NotMade: Error {}

    let url: String
    private let sockets: [Int32]

    init() throws {
        let listener = Self.socket()
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 0) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        guard isListening else { throw NotMade() }
        // A queue of 0 takes one connection. The others only make sure.
        let fillers = (0..<4).map { _ in Self.socket() }
        for filler in fillers {
            withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = connect(filler, $0, length) }
            }
        }
        url = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
        sockets = fillers + [listener]
    }

    deinit { for socket in sockets { close(socket) } }

    private static func socket() -> Int32 {
        Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
    }
}
