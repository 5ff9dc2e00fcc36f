import Glibc
import Synchronization

/// A child's pid for as long as it is the child's.
///
/// Signals go nowhere once it is reaped, as the number may be somebody else's.
package final class ProcessLife: Sendable {
    package enum Exit: Sendable, Equatable {
        case code(Int32)
        case signal(Int32)
    }

    let pid: pid_t
    private let isReaped = Mutex(false)

    init(pid: pid_t) { self.pid = pid }

    var hasEnded: Bool { isReaped.withLock { $0 } }

    func signal(_ number: Int32) {
        isReaped.withLock { isReaped in
            if !isReaped { kill(pid, number) }
        }
    }

    /// Blocks the calling thread until the child has ended.
    func reap() -> Exit {
        var info = siginfo_t()
        // WNOWAIT leaves a zombie that holds the pid until the lock is ours.
        while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) == -1, errno == EINTR {}
        return isReaped.withLock { isReaped in
            var status: Int32 = 0
            while waitpid(pid, &status, 0) == -1, errno == EINTR {}
            isReaped = true
            // As the macros WIFEXITED, WEXITSTATUS and WTERMSIG read it.
            return status & 0x7F == 0 ? .code(status >> 8 & 0xFF) : .signal(status & 0x7F)
        }
    }
}

/// A program to start, with an empty signal mask, default signal actions and no file descriptors but the first three.
struct Spawn: Sendable {
    struct Failure: Error { let code: Int32 }

    let words: [String]
    let environment: [String: String]
    let output: String
    let errors: String

    /// Returns the pid.
    ///
    /// Called on the thread that the child's life is tied to.
    func callAsFunction() throws(Failure) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let flags = O_WRONLY | O_CREAT | O_TRUNC
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, flags, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, errors, flags, 0o600)
        // An inherited socket would keep a port or a connection open after this process closed it.
        for number in openFiles where number > 2 { posix_spawn_file_actions_addclose(&actions, number) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        setSignals(&attributes)

        var argv = words.map { strdup($0) } + [nil]
        var envp = environment.map { strdup("\($0)=\($1)") } + [nil]
        defer { for text in argv + envp { free(text) } }
        var pid: pid_t = 0
        let code = posix_spawnp(&pid, words[0], &actions, &attributes, &argv, &envp)
        guard code == 0 else { throw Failure(code: code) }
        return pid
    }

    private var openFiles: [Int32] {
        guard let directory = opendir("/proc/self/fd") else { return [] }
        defer { closedir(directory) }
        var numbers: [Int32] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let number = Int32(name) { numbers.append(number) }
        }
        return numbers
    }

    /// A service in this process may ignore SIGTERM or block signals, and a child would inherit that.
    private func setSignals(_ attributes: inout posix_spawnattr_t) {
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    }
}
