/// Keeps alerts of a kind and subject from being told, up to a time.
///
/// They are raised, listed and cleared as ever. An alert that is still open when its silence ends is told then.
package struct AlertSilence: Sendable, Equatable {
    package var id: Int64
    /// Patterns, in which `*` stands for any text.
    package var kind: String
    package var subject: String
    package var reason: String?
    package var actor: String
    /// Milliseconds since 1970.
    package var createdAt: Int64
    package var until: Int64

    package var view: JSON {
        [
            "id": .number(JSONNumber(id)), "kind": .string(kind), "subject": .string(subject),
            "reason": reason.map { .string($0) } ?? .null, "actor": .string(actor),
            "created_at": .number(JSONNumber(createdAt)), "until": .number(JSONNumber(until)),
        ]
    }
}

extension AlertSilence {
    /// A silence that somebody asks for, checked.
    package struct Draft: Sendable, Equatable {
        package let kind: String
        package let subject: String
        package let until: Int64
        package let reason: String?

        /// Chosen: a year, since a silence without an end is an alert that nobody gets.
        package static let longest = Duration.seconds(366 * 86_400)

        /// `now` and `until` in milliseconds since 1970.
        ///
        /// A kind without a `*` must be one that there is, so that a slip of the pen silences nothing unnoticed.
        package init(
            kind: String?, subject: String?, until: Int64, reason: String?, now: Int64
        ) throws(Mistake) {
            let (kind, subject) = (kind ?? "*", subject ?? "*")
            guard kind.contains("*") && Self.isText(kind, Bounds.name) || AlertKind(rawValue: kind) != nil else {
                let all = AlertKind.allCases.map(\.rawValue).joined(separator: ", ")
                throw Mistake(field: "kind", expected: "a pattern with *, or one of \(all)")
            }
            guard Self.isText(subject, 2 * Bounds.name + 1) else {
                throw Mistake(field: "subject", expected: "a text of 1 to \(2 * Bounds.name + 1) bytes")
            }
            guard until > now, until <= now.addingClamped(Self.longest.milliseconds) else {
                throw Mistake(field: "until", expected: "a time from now on, and within a year")
            }
            guard reason.map({ Self.isText($0, 1000) }) ?? true else {
                throw Mistake(field: "reason", expected: "a text of 1 to 1000 bytes")
            }
            (self.kind, self.subject, self.until, self.reason) = (kind, subject, until, reason)
        }

        private static func isText(_ text: String, _ most: Int) -> Bool {
            (1...most).contains(text.utf8.count) && !text.utf8.contains(0)
        }
    }

    package struct Mistake: Error, Sendable, Equatable, CustomStringConvertible {
        package let field: String
        package let expected: String

        package var description: String { "\(field): expected \(expected)" }
    }
}
