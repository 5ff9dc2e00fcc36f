import Glibc
import Synchronization

/// A TCP port of 127.0.0.1 that nobody listens on at the moment, picked by the kernel.
package enum FreePort {
    package struct NoneFree: Error {}

    /// Each port is handed out once: the kernel may pick one again while whoever got it has not begun to listen.
    private static let handedOut = Mutex<Set<Int>>([])
    /// Chosen: as many tries as a port can be handed out twice in a row without something being wrong.
    private static let tries = 100

    package static func find() throws -> Int {
        for _ in 0..<tries {
            let port = try pick()
            if handedOut.withLock({ $0.insert(port).inserted }) { return port }
        }
        throw NoneFree()
    }

    private static func pick() throws -> Int {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard socket >= 0 else { throw NoneFree() }
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, length) == 0 && getsockname(socket, $0, &length) == 0
            }
        }
        guard isBound else { throw NoneFree() }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
