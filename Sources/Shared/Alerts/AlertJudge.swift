/// Decides which alerts of one kind are raised and cleared, look by look.
///
/// Pure: readings, open alerts and the time are handed in. Whether an alert is open is PostgreSQL's word, so that any
/// process can go on where another has left off. Only how long a value has been bad is remembered here.
package struct AlertJudge: Sendable {
    package enum Change: Sendable, Equatable {
        /// Raises it, or tells that it is still found.
        case raise(AlertReading)
        /// It is over, unless somebody else still finds it.
        case clear(subject: String)
    }

    private let rule: AlertRule
    /// The time for which nobody must have found a condition before its alert is cleared.
    private let clearAfter: Duration
    /// Longest time between two looks at a value that counts as bad without a break.
    private let patience: Duration
    /// By subject: since when a value is bad.
    private var bad: [String: ContinuousClock.Instant] = [:]
    private var lastLook: ContinuousClock.Instant?

    package init(_ rule: AlertRule, clearAfter: Duration, patience: Duration) {
        (self.rule, self.clearAfter, self.patience) = (rule, clearAfter, patience)
    }

    /// A subject without a reading is in order.
    package mutating func look(
        _ readings: [AlertReading], open: [OpenAlert], at now: ContinuousClock.Instant
    ) -> [Change] {
        if let lastLook, now - lastLook > patience { bad = [:] }
        lastLook = now
        let open = Dictionary(open.map { ($0.subject, $0) }) { first, _ in first }
        let found = readings.filter { rule.isBad($0.value, isOpen: open[$0.subject] != nil) }
        bad = Dictionary(found.map { ($0.subject, bad[$0.subject] ?? now) }) { first, _ in first }
        let raised = found.filter { reading in
            // A third, so that it is told often enough for those who clear what nobody finds.
            if let known = open[reading.subject] { return known.quiet >= clearAfter / 3 }
            return bad[reading.subject].map { now - $0 >= rule.holds } ?? false
        }
        let cleared = open.values.filter { bad[$0.subject] == nil && $0.quiet >= clearAfter }
        return raised.map { .raise($0) } + cleared.map { .clear(subject: $0.subject) }
    }
}
