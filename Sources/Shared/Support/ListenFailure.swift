import Glibc
import NIOCore

/// The reason why an address cannot be listened on, with the setting to change.
package struct ListenFailure: Error, CustomStringConvertible {
    package let description: String

    /// `nil` for every other error.
    ///
    /// `host` and `port` are the settings' names.
    package init?(_ error: any Error, address: String, host: String, port: String) {
        guard let code = (error as? IOError)?.errnoCode else { return nil }
        switch code {
        case EADDRINUSE:
            description = "\(address) is in use by another process: stop that one, or set \(port) to a free port"
        case EACCES: description = "\(address) may not be listened on by this user: set \(port) to a port from 1024"
        case EADDRNOTAVAIL: description = "\(address) is no address of this machine: set \(host)"
        default: return nil
        }
    }
}
