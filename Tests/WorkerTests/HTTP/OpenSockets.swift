import Foundation
import Glibc

/// Sockets of this process, found in `/proc`.
enum OpenSockets {
    /// The client's ends of connections to this port of 127.0.0.1.
    static func connected(toPort port: Int) throws -> [Int32] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { Int32($0) }
            .filter { peerPort(of: $0) == port }
    }

    /// `nil` for what is not a connected socket.
    private static func peerPort(of descriptor: Int32) -> Int? {
        var (address, length) = (sockaddr_in(), socklen_t(MemoryLayout<sockaddr_in>.size))
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(descriptor, $0, &length) }
        }
        guard result == 0, address.sin_family == sa_family_t(AF_INET) else { return nil }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
