/// An alert that is open, as the look that decides about it sees it.
package struct OpenAlert: Sendable, Equatable {
    package var kind: AlertKind
    package var subject: String
    package var message: String
    package var details: JSON
    /// Since it was raised, by PostgreSQL's clock.
    package var age: Duration
    /// Since anybody has found its condition.
    package var quiet: Duration

    package init(
        kind: AlertKind, subject: String, message: String = "", details: JSON = [:], age: Duration = .zero,
        quiet: Duration = .zero
    ) {
        (self.kind, self.subject, self.message, self.details) = (kind, subject, message, details)
        (self.age, self.quiet) = (age, quiet)
    }
}
