import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// A file that is open for writing, as standard output is.
///
/// In: bytes, written whole and in order. After the first write that fails nothing more is written, so that what is
/// there has no gap. A pipe whose reader has closed it is an end like another: its reader does not want the rest.
final class OutputFile: Sendable {
    private enum State {
        case open
        /// Its reader has closed it.
        case unread
        /// Not all was written, for this reason of the system.
        case failed(Int32)
    }

    private let descriptor: Int32
    private let name: String
    private let state = Mutex(State.open)

    /// The name is for people.
    ///
    /// Who opened the descriptor closes it.
    init(_ descriptor: Int32, _ name: String) { (self.descriptor, self.name) = (descriptor, name) }

    /// False where nobody gets what is written any more.
    var isOpen: Bool { state.withLock { if case .open = $0 { true } else { false } } }

    /// A sentence for people where a part was not written, though somebody wants it.
    var failure: String? {
        guard case .failed(let code) = state.withLock({ $0 }) else { return nil }
        return unsafe "\(name): cannot be written: \(String(cString: strerror(code)))"
    }

    /// Writers of several threads wait for each other.
    func write(_ bytes: [UInt8]) {
        state.withLock { state in
            guard case .open = state, let code = Self.write(bytes, descriptor) else { return }
            state = code == EPIPE ? .unread : .failed(code)
        }
    }

    /// Returns the reason why not all was written, or `nil`.
    private static func write(_ bytes: [UInt8], _ descriptor: Int32) -> Int32? {
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes[done...].withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            guard count < 0 else {
                done += count
                continue
            }
            switch errno {
            case EINTR: continue
            // A terminal or pipe that another process made non-blocking.
            case EAGAIN: awaitRoom(descriptor)
            case let code: return code
            }
        }
        return nil
    }

    private static func awaitRoom(_ descriptor: Int32) {
        var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = unsafe poll(&wanted, 1, 1000)
    }
}
