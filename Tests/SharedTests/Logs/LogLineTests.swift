import Logging
import Shared
import Synchronization
import Testing

struct LogLineTests {
    private struct NoTime: WallClock { let now: Int64 = 1_709_210_096_789 }

    private final class Lines: Sendable {
        let all = Mutex<[String]>([])
    }

    private func line(_ format: LogSettings.Format, _ log: (Logger) -> Void) -> String {
        let lines = Lines()
        let logger = Logger(label: "t") { _ in
            LineLogHandler(format: format, level: .info, clock: NoTime()) { bytes in
                lines.all.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) }
            }
        }
        log(logger)
        return lines.all.withLock { $0.joined() }
    }

    @Test func `a JSON line escapes whatever is in it`() {
        let line = line(.json) { $0.info("it \"is\"", metadata: ["job": "a\nb", "error": "\u{1}"]) }

        #expect(
            line
                == #"{"time":"2024-02-29T12:34:56.789Z","level":"info","message":"it \"is\"","error":"\u0001","job":"a\u000ab"}"#
                + "\n")
    }

    @Test func `a text line stays one line`() {
        let line = line(.text) { $0.warning("it is", metadata: ["job": "a\nb", "x": "1"]) }

        #expect(line == "2024-02-29T12:34:56.789Z WARNING it is job=a b x=1\n")
    }

    @Test func `numbers are numbers in JSON where their key says so, and what is empty is left out`() {
        let line = line(.json) {
            $0.info(
                "m", metadata: ["ms": "12", "attempt": "007", "job": "5", "error": "", "status": "done", "rows": "-3"])
        }

        #expect(
            line
                == #"{"time":"2024-02-29T12:34:56.789Z","level":"info","message":"m","attempt":"007","job":"5","ms":12,"rows":-3,"status":"done"}"#
                + "\n")
    }

    @Test func `an empty value is left out of a text line, too`() {
        #expect(
            line(.text) { $0.info("m", metadata: ["error": "", "job": "a"]) }
                == "2024-02-29T12:34:56.789Z INFO m job=a\n")
    }

    @Test func `what is below the level is not written`() {
        #expect(line(.text) { $0.debug("quiet") }.isEmpty)
    }
}
