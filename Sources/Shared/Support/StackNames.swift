#if DEBUG
    import CWatchdog
    import Foundation
    import Runtime

    /// Finds the names of the functions of a stack, for `LoopWatchdog`.
    ///
    /// Not by the symbolication of Swift's `Backtrace`: on Linux it reads the beginning of each mapping while other
    /// threads unmap it, which crashed one test run of ten (`ImageMap.capture`, Swift 6.3.1).
    enum StackNames {
        /// Chosen: the caller that matters stands within them, also when the innermost are of the standard library.
        private static let most = 10
        /// The functions of Swift's runtime below each job begin so.
        private static let jobRunner = "swift_job_run"

        /// Innermost first, down to where a task's job begins.
        ///
        /// Functions within libraries that these do not export are left out.
        static func functions(_ frames: [UInt]) -> [String] {
            // A caller's address is the one to which it returns, which may be behind its end.
            var addresses = unsafe frames.enumerated().map { index, frame in
                unsafe UnsafeMutableRawPointer(bitPattern: index == 0 ? frame : frame - 1)
            }
            // unsafe: one block of as many texts as there are addresses, or NULL.
            guard let lines = unsafe cwatchdog_lines(&addresses, Int32(addresses.count)) else { return [] }
            defer { unsafe free(lines) }
            let texts = frames.indices.map { index in unsafe lines[index].map { unsafe String(cString: $0) } ?? "" }
            let executable = try? Data(contentsOf: URL(filePath: "/proc/self/exe"), options: .alwaysMapped)
            let symbols = texts.compactMap { symbol($0, executable) }
            let inJob = symbols.prefix { !$0.hasPrefix(jobRunner) }
            return (inJob.isEmpty ? symbols[...] : inJob).prefix(most).map(demangled)
        }

        /// From glibc's `FILE(SYMBOL+0xOFFSET) [0xADDRESS]`.
        ///
        /// An executable exports no symbols, so that it is `FILE(+0xOFFSET)` there, from the beginning of the file.
        private static func symbol(_ text: String, _ executable: Data?) -> String? {
            guard let open = text.lastIndex(of: "("), let plus = text[open...].firstIndex(of: "+"),
                let close = text[plus...].firstIndex(of: ")")
            else { return nil }
            let symbol = text[open..<plus].dropFirst()
            guard symbol.isEmpty else { return String(symbol) }
            guard !text[..<open].contains(".so"), let offset = UInt(text[plus..<close].dropFirst(3), radix: 16) else {
                return nil
            }
            // unsafe: the system has loaded this very file, so it is whole, and nobody can write to it.
            return unsafe executable?.withUnsafeBytes { bytes in
                let symbol = unsafe bytes.baseAddress.flatMap { unsafe cwatchdog_symbol($0, offset) }
                return unsafe symbol.map { unsafe String(cString: $0) }
            }
        }

        private static func demangled(_ symbol: String) -> String {
            SymbolicatedBacktrace.Symbol(
                imageIndex: 0, imageName: "", rawName: symbol, offset: 0, sourceLocation: nil
            ).name
        }
    }
#endif
