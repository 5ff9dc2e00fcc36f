/// The most that a tenant or a user may spend in a period, as people set it.
package struct Budget: Sendable, Equatable {
    /// Raw values are wire names, and those of PostgreSQL's `date_trunc`.
    package enum Period: String, Sendable, CaseIterable { case day, week, month, total }

    /// The unit of budgets that count tokens, prompts and answers together; any other one is a currency.
    package static let tokens = "tokens"

    package var id: String
    package var subject: BudgetSubject
    /// `tokens`, or a currency of the catalogue's prices.
    ///
    /// Currencies do not add: what was spent in another one does not count.
    package var unit: String
    package var period = Period.month
    /// In UTC, 0 to 23.
    package var resetHour = 0
    /// Of the week (1 is Monday) or of the month (1 to 28), and 1 for other periods.
    package var resetDay = 1
    /// From here on there is an alert.
    ///
    /// A number of 0 or more. Amounts stay the decimals that they are: PostgreSQL alone adds and compares them.
    package var soft: JSONNumber?
    /// From here on requests are refused.
    package var hard: JSONNumber?

    package init(id: String, subject: BudgetSubject, unit: String) {
        (self.id, self.subject, self.unit) = (id, subject, unit)
    }

    /// The members that people set.
    var given: JSONObject {
        [
            "id": .string(id), "tenant": .string(subject.tenant),
            "user": subject.kind == .user ? .string(subject.name) : .null, "unit": .string(unit),
            "period": .string(period.rawValue), "reset_hour": .int(resetHour), "reset_day": .int(resetDay),
            "soft": soft.map { .number($0) } ?? .null, "hard": hard.map { .number($0) } ?? .null,
        ]
    }
}

/// A budget with what was spent of it in its current period, by PostgreSQL's clock.
package struct BudgetState: Sendable, Equatable {
    /// Raw values are wire names.
    package enum Level: String, Sendable, CaseIterable {
        case open
        /// `soft` was reached.
        case soft
        /// `hard` was reached: requests are refused.
        case spent
    }

    package var budget: Budget
    package var spent: JSONNumber
    /// `nil` without `hard`, and below zero where requests that were under way have spent more.
    package var remaining: JSONNumber?
    package var isSoftReached: Bool
    package var isSpent: Bool
    /// Milliseconds since 1970, like every time here.
    package var beginsAt: Int64
    /// `nil` for a budget that never begins anew.
    package var endsAt: Int64?
    package var createdAt: Int64
    package var updatedAt: Int64

    package var level: Level { isSpent ? .spent : isSoftReached ? .soft : .open }

    package var view: JSON {
        var view = budget.given
        view.set("kind", .string(budget.subject.kind.rawValue))
        view.set("spent", .number(spent))
        view.set("remaining", remaining.map { .number($0) } ?? .null)
        view.set("level", .string(level.rawValue))
        view.set("begins_at", .number(JSONNumber(beginsAt)))
        view.set("ends_at", endsAt.map { .number(JSONNumber($0)) } ?? .null)
        view.set("created_at", .number(JSONNumber(createdAt)))
        view.set("updated_at", .number(JSONNumber(updatedAt)))
        return .object(view)
    }

    /// The members of `view` that nobody sets.
    package static let readOnly = [
        "kind", "spent", "remaining", "level", "begins_at", "ends_at", "created_at", "updated_at",
    ]
}
