/// The conditions that people should know of.
///
/// Raw values are wire names.
package enum AlertKind: String, Sendable, CaseIterable {
    case accountDisabled = "account_disabled"
    /// The platform says that the account has no money left.
    case accountUnpaid = "account_unpaid"
    case quotaThreshold = "quota_threshold"
    case quotaExhausted = "quota_exhausted"
    case circuitOpen = "circuit_open"
    /// Requests or ledger rows that became dead letters, and that nobody has looked after.
    case deadLetters = "dead_letters"
}

package enum AlertSeverity: String, Sendable, CaseIterable { case warning, critical }

/// One row of `alerts`: raised once however often its condition is found, until it is cleared.
package struct Alert: Sendable, Equatable {
    package var id: Int64
    package var kind: String
    /// The account, or `account/model`.
    package var subject: String
    package var severity: String
    package var message: String
    package var details: JSON
    /// Times that its condition was found.
    package var count: Int
    /// Milliseconds since 1970, like every time here.
    package var raisedAt: Int64
    package var lastAt: Int64
    /// `nil` while it is open.
    package var clearedAt: Int64?
}
