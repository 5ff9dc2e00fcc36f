/// A budget that somebody asks for, checked (pure).
package struct BudgetDraft: Sendable, Equatable {
    package struct Mistake: Error, Sendable, Equatable, CustomStringConvertible {
        package let field: String
        package let expected: String

        package init(field: String, expected: String) { (self.field, self.expected) = (field, expected) }

        package var description: String { "\(field): expected \(expected)" }
    }

    package let budget: Budget

    package static let members = ["id", "tenant", "user", "unit", "period", "reset_hour", "reset_day", "soft", "hard"]
    /// Chosen: what a double holds to a hundredth, and far beyond any bill.
    package static let most = 10_000_000_000_000.0
    /// Bytes of a number's text, of whose decimals PostgreSQL keeps ten.
    private static let longestNumber = 40

    /// A member that is null counts as not given.
    package init(_ fields: JSONObject) throws(Mistake) {
        if let member = fields.members.first(where: { !Self.members.contains($0.key) }) {
            let name = member.key.utf8.count <= 40 ? member.key : "?"
            throw Mistake(field: name, expected: "one of \(Self.members.joined(separator: ", "))")
        }
        let tenant = try Self.text(fields, "tenant", upTo: Bounds.tenant) ?? "default"
        let user = try Self.text(fields, "user", upTo: Bounds.user)
        var budget = Budget(
            id: try Self.id(fields), subject: user.map { BudgetSubject.user($0, of: tenant) } ?? .tenant(tenant),
            unit: try Self.unit(fields))
        budget.period = try Self.period(fields)
        budget.resetHour = try Self.whole(fields, "reset_hour", in: 0...23) ?? 0
        budget.resetDay = try Self.whole(fields, "reset_day", in: budget.period.days) ?? 1
        budget.soft = try Self.amount(fields, "soft")
        budget.hard = try Self.amount(fields, "hard")
        guard budget.soft != nil || budget.hard != nil else {
            throw Mistake(field: "hard", expected: "it, or soft, or both")
        }
        if let soft = budget.soft?.doubleValue, let hard = budget.hard?.doubleValue, soft > hard {
            throw Mistake(field: "soft", expected: "no more than hard")
        }
        self.budget = budget
    }

    /// Letters, digits, dots, underscores and hyphens, so that it can stand in paths and in the subjects of alerts.
    package static func isID(_ text: String) -> Bool {
        (1...Bounds.id).contains(text.utf8.count) && text.utf8.allSatisfy(isIDByte)
    }

    private static func isIDByte(_ byte: UInt8) -> Bool { byte.isASCIIAlphanumeric || "._-".utf8.contains(byte) }

    private static func id(_ fields: JSONObject) throws(Mistake) -> String {
        guard let id = fields["id"]?.stringValue, isID(id) else {
            throw Mistake(field: "id", expected: "1 to \(Bounds.id) letters, digits, dots, underscores or hyphens")
        }
        return id
    }

    private static func unit(_ fields: JSONObject) throws(Mistake) -> String {
        let unit = fields["unit"]?.stringValue ?? ""
        guard (1...Bounds.currency).contains(unit.utf8.count), unit.utf8.allSatisfy(isIDByte) else {
            throw Mistake(field: "unit", expected: "\(Budget.tokens), or a currency as in USD")
        }
        return unit
    }

    private static func period(_ fields: JSONObject) throws(Mistake) -> Budget.Period {
        guard let value = fields["period"], !value.isNull else { return .month }
        guard let period = value.stringValue.flatMap(Budget.Period.init(anyCase:)) else {
            let all = Budget.Period.allCases.map(\.rawValue).joined(separator: ", ")
            throw Mistake(field: "period", expected: "one of \(all)")
        }
        return period
    }

    private static func text(_ fields: JSONObject, _ name: String, upTo most: Int) throws(Mistake) -> String? {
        guard let value = fields[name], !value.isNull else { return nil }
        guard let text = value.stringValue, (1...most).contains(text.utf8.count), !text.utf8.contains(where: { $0 < 32 })
        else { throw Mistake(field: name, expected: "a text of 1 to \(most) bytes without control characters") }
        return text
    }

    private static func whole(
        _ fields: JSONObject, _ name: String, in range: ClosedRange<Int>
    ) throws(Mistake) -> Int? {
        guard let value = fields[name], !value.isNull else { return nil }
        guard let number = value.intValue, range.contains(number) else {
            let expected =
                range.count == 1
                ? "\(range.lowerBound), since this period has no day to begin on"
                : "a whole number from \(range.lowerBound) to \(range.upperBound)"
            throw Mistake(field: name, expected: expected)
        }
        return number
    }

    private static func amount(_ fields: JSONObject, _ name: String) throws(Mistake) -> JSONNumber? {
        guard let value = fields[name], !value.isNull else { return nil }
        guard case .number(let number) = value, number.literal.utf8.count <= longestNumber,
            let amount = number.doubleValue, (0...most).contains(amount)
        else { throw Mistake(field: name, expected: "a number from 0 to \(Int(most)), in \(longestNumber) characters") }
        return number
    }
}

extension Budget.Period {
    /// The days on which it may begin.
    fileprivate var days: ClosedRange<Int> {
        switch self {
        case .day, .total: 1...1
        case .week: 1...7
        case .month: 1...28
        }
    }
}
