#if canImport(Glibc)
    import Glibc
#endif

/// The name of a process: host, process id and 8 random hexadecimal digits.
///
/// It differs from the name of any other process, and of the same one before a restart.
package enum ProcessName {
    /// `host-pid-digits`, or `role-host-pid-digits`.
    package static func make(role: String? = nil) -> String {
        let digits = (0..<4).map { _ in UInt8.random(in: 0...255) }.hex
        return [role, host, "\(getpid())", digits].compactMap { $0 }.joined(separator: "-")
    }

    /// The host's name up to its first dot.
    private static var host: String {
        var name = [CChar](repeating: 0, count: 256)
        unsafe gethostname(&name, name.count - 1)
        let bytes = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(
            decoding: bytes.prefix { $0 != UInt8(ascii: ".") }.filter { (33...126).contains($0) }, as: UTF8.self)
    }
}
