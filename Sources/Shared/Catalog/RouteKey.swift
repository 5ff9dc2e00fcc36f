/// Names what health is kept of: an account with one of its models, or the account as a whole (key, money,
/// reachability).
package struct RouteKey: Sendable, Hashable, Comparable {
    package let account: String
    /// `nil` for the account as a whole.
    package let model: String?

    package init(account: String, model: String? = nil) {
        self.account = account
        self.model = model
    }

    /// As the field of a hash: a line feed stands in no id.
    package var text: String { model.map { "\(account)\n\($0)" } ?? account }

    package init(text: String) {
        let parts = text.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
        self.init(account: String(parts[0]), model: parts.count > 1 ? String(parts[1]) : nil)
    }

    package static func < (one: RouteKey, other: RouteKey) -> Bool { one.text < other.text }
}
