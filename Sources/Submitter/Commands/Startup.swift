import ArgumentParser
import Logging
import Shared

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Glibc)
    import Glibc
#endif

/// Exit codes of all commands, as `submitter --help` lists them.
enum Exit {
    static let failed = ExitCode(1)
    static let wrongSettings = ExitCode(3)
    static let interrupted = ExitCode(130)
}

/// What every command does first: read the settings, or say all that is wrong with them.
struct Startup {
    let shared: SharedConfig
    let shim: ShimConfig

    init(environment: [String: String] = ProcessInfo.processInfo.environment) throws {
        var settings = Settings(environment: environment)
        shared = SharedConfig(&settings)
        shim = ShimConfig(&settings)
        do {
            try settings.check()
        } catch {
            StandardStreams.error("\(error)\n")
            throw Exit.wrongSettings
        }
    }

    func logger(_ label: String) -> Logger { LogSetup.logger(label, shared.log) }

    /// Redis' address, or exit code 3.
    func redis() throws -> RedisConfiguration {
        do {
            return try shared.redis.configuration()
        } catch {
            StandardStreams.error("\(error)\n")
            throw Exit.wrongSettings
        }
    }

    func postgres() -> PostgresConfiguration { shared.postgres }
}

/// Bytes to standard output and standard error, whole and in order.
enum StandardStreams {
    static func out(_ bytes: [UInt8]) { write(bytes, STDOUT_FILENO) }
    static func error(_ text: String) { write(Array(text.utf8), STDERR_FILENO) }

    /// Whether colours and the like are for people to see: a terminal, and nobody asked for none (https://no-color.org).
    static func takesColours(_ file: Int32, _ environment: [String: String] = ProcessInfo.processInfo.environment)
        -> Bool
    {
        isatty(file) == 1 && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
    }

    /// The text of a file; `nil` where it cannot be read or is not UTF-8.
    static func text(of path: String) -> String? {
        FileManager.default.contents(atPath: path).flatMap { String(validating: $0, as: UTF8.self) }
    }

    /// All of standard input; `nil` where it is not UTF-8.
    static func input() -> String? {
        var all: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe read(STDIN_FILENO, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return String(validating: all, as: UTF8.self) }
            all += chunk[..<count]
        }
    }

    /// A closed pipe ends the output; whoever closed it does not want the rest.
    private static func write(_ bytes: [UInt8], _ file: Int32) {
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes[done...].withUnsafeBytes { unsafe Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            done += count
        }
    }
}
