package import Logging

extension Loops {
    /// 0 is one per core.
    ///
    /// Debug builds watch one, and log what holds it up.
    package init(_ count: Int, logger: Logger) {
        #if DEBUG
            if count == 1 {
                self.init(LoopWatchdog { logger.warning("the event loop was held", metadata: $0.metadata) })
                return
            }
        #endif
        self.init(count)
    }
}

#if DEBUG
    extension LoopWatchdog.Hold {
        fileprivate var metadata: Logger.Metadata {
            [
                LogKey.milliseconds: "\(Int(duration / .milliseconds(1)))",
                LogKey.reason: isComputing ? "computing" : "waiting",
                LogKey.stack: functions.isEmpty ? "unknown" : "\(functions.joined(separator: " < "))",
            ]
        }
    }
#endif
