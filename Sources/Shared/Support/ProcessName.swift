#if canImport(Glibc)
    import Glibc
#endif

/// The name of a process: host, process id and 8 random hexadecimal digits.
///
/// It differs from the name of any other process, and of the same one before a restart.
package enum ProcessName {
    /// `role-host-pid-digits`, with the host's name up to its first dot, or `host-pid-digits` with the whole name.
    package static func make(role: String? = nil) -> String {
        let digits = (0..<4).map { _ in UInt8.random(in: 0...255) }.hex
        let start = role.map { "\($0)-\(short(host))" } ?? String(decoding: host, as: UTF8.self)
        return "\(start)-\(getpid())-\(digits)"
    }

    private static var host: [UInt8] {
        var name = [CChar](repeating: 0, count: 256)
        unsafe gethostname(&name, name.count - 1)
        return name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    }

    private static func short(_ host: [UInt8]) -> String {
        String(
            decoding: host.prefix { $0 != UInt8(ascii: ".") }.filter { (33...126).contains($0) }, as: UTF8.self)
    }
}
