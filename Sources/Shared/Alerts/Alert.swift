/// One row of `alerts`: raised once however often its condition is found, until it is cleared.
package struct Alert: Sendable, Equatable {
    package var id: Int64
    package var kind: String
    /// Names what it is about, as `AlertKind` says for each kind.
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
    /// When channels were first told of it, or `nil` where they were not.
    package var notifiedAt: Int64?
    /// No message is sent of it while it is open, because somebody said so.
    package var isSilenced = false

    package init(
        id: Int64, kind: String, subject: String, severity: String, message: String, details: JSON, count: Int,
        raisedAt: Int64, lastAt: Int64, clearedAt: Int64?
    ) {
        (self.id, self.kind, self.subject, self.severity) = (id, kind, subject, severity)
        (self.message, self.details, self.count) = (message, details, count)
        (self.raisedAt, self.lastAt, self.clearedAt) = (raisedAt, lastAt, clearedAt)
    }

    /// The id of one that no row can be made for.
    package static let unstored: Int64 = 0

    package var view: JSON {
        [
            "id": .number(JSONNumber(id)), "kind": .string(kind), "subject": .string(subject),
            "severity": .string(severity), "message": .string(message), "details": details, "count": .int(count),
            "raised_at": .number(JSONNumber(raisedAt)), "last_at": .number(JSONNumber(lastAt)),
            "cleared_at": clearedAt.map { .number(JSONNumber($0)) } ?? .null,
            "notified_at": notifiedAt.map { .number(JSONNumber($0)) } ?? .null, "silenced": .bool(isSilenced),
        ]
    }
}
