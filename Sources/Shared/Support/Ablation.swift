#if FAULT_INJECTION
    import Logging

    #if canImport(FoundationEssentials)
        import FoundationEssentials
    #else
        import Foundation
    #endif
#endif

/// Fences that the fault suite breaks on purpose, one at a time, to see that its checker notices
/// (`docs/fault-suite.md`).
///
/// `ABLATE=<name>` in the environment breaks one that stands in Swift. `ABLATE_LUA` changes the text of Redis scripts.
/// Only debug builds know them (`FAULT_INJECTION` in `Package.swift`), and in others every fence stands.
package enum Ablation: String, Sendable {
    /// The reaper looks at the beginning of the pending list each time.
    case reaperCursor = "reaper_cursor"
    /// A body beside its entry is removed whatever became of the attempt.
    case dropBodyAlways = "drop_body_always"
    /// Running jobs are known by their entry's ID alone, which is unique per lane only.
    case runningKey = "running_key"
    /// Ledger rows leave the outbox before PostgreSQL has them.
    case outboxEarly = "outbox_early"
    /// A final row does not replace an estimated one.
    case ledgerReplace = "ledger_replace"
    /// The log of a running request does not outlive its deadline.
    case logGrace = "log_grace"
    /// Reapers do not wait for a lease after Redis was away.
    case reapPatience = "reap_patience"

    package var isBroken: Bool {
        #if FAULT_INJECTION
            Self.broken == self
        #else
            false
        #endif
    }

    /// Lua with the replacements of `ABLATE_LUA` made.
    ///
    /// These are texts to find and texts in their place, with U+001F between the two, and U+001E between the pairs.
    static func lua(_ source: String) -> String {
        #if FAULT_INJECTION
            var result = source
            for (old, new) in replacements { result = result.replacing(old, with: new) }
            // The suite looks for this line: without it the fence has moved and the ablation would show nothing.
            if result != source { Logger(label: "ablation").warning("a script's fence is broken on purpose") }
            return result
        #else
            source
        #endif
    }

    #if FAULT_INJECTION
        private static let environment = ProcessInfo.processInfo.environment
        private static let broken = environment["ABLATE"].flatMap(Ablation.init)
        private static let replacements: [(String, String)] = (environment["ABLATE_LUA"] ?? "").split(
            separator: "\u{1E}"
        )
        .compactMap { pair in
            let texts = pair.split(separator: "\u{1F}", omittingEmptySubsequences: false).map(String.init)
            return texts.count == 2 ? (texts[0], texts[1]) : nil
        }
    #endif
}
